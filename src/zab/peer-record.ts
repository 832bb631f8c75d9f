/**
 * What the quorum peer tells the main thread, by a ring of its own. Seldom: when a committed reconfiguration says so.
 *
 *   clientAddress   word: port; then one ustring: the host
 */
import type { MailboxSender } from '../actor/mailbox/mailbox.js';
import { readInt32, writeInt32 } from '../base/bytes.js';
import { decodeUtf8, encodeUtf8 } from '../base/utf8.js';

export const PeerRecord = { clientAddress: 1 } as const;

export function tellClientAddress(out: MailboxSender, host: string, port: number): void {
  const name = encodeUtf8(host);
  out.claim(PeerRecord.clientAddress, 8 + name.length);
  writeInt32(out.bytes, out.offset, port);
  writeInt32(out.bytes, out.offset + 4, name.length);
  out.bytes.set(name, out.offset + 8);
  out.commit();
}

export function clientAddressIn(bytes: Uint8Array, offset: number): { readonly host: string; readonly port: number } {
  return { port: readInt32(bytes, offset), host: decodeUtf8(bytes, offset + 8, readInt32(bytes, offset + 4)) };
}
