/**
 * The first bytes on an election connection (ensemble-protocol 3.2): who connects, and where it can be reached.
 *
 *   V2   long -65535 | long sid | int length | host:port entries, joined by a vertical bar    sent where several addresses are allowed
 *   V1   long -65536 | long sid | int length | one host:port                                   sent otherwise
 *   V0   long sid, not negative                                                                before 3.5: read, never sent
 *
 * The writer's whole HELLO is one buffer and one write: a reference server reads the address with a single read, and refuses it in
 * two pieces. Ours takes it in any pieces. Pure; any thread.
 */
import { copyBytes, readInt32, writeInt32 } from '../base/bytes.js';
import { hiOfNumber, loOfNumber, numberFromHalves } from '../base/int64.js';
import { decodeUtf8, encodeUtf8Into, utf8Length } from '../base/utf8.js';
import { bracketed, hostAndPorts, QuorumConfigError } from './member-text.js';
import type { PeerAddress } from './peer-network.js';

export interface Hello {
  readonly sid: number;
  /** Where the sender says it listens, wildcards left out. */
  readonly addresses: readonly PeerAddress[];
}

const PROTOCOL_HI = -1;
const PROTOCOL_V1_LO = -65536;
const PROTOCOL_V2_LO = -65535;
const SID = 8;
const LENGTH = 16;
const ADDRESSES = 20;
const V0_BYTES = 8;
const ADDRESS_BYTES_MAX = 2048;
const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::', '0:0:0:0:0:0:0:0']);

/** `addresses`: one, unless `multiAddress`. */
export function encodeHello(sid: number, addresses: readonly PeerAddress[], multiAddress: boolean): Uint8Array {
  const told = multiAddress ? addresses : addresses.slice(0, 1);
  const text = told.map(({ host, port }) => `${bracketed(host)}:${port}`).join('|');
  const length = utf8Length(text);
  const bytes = new Uint8Array(ADDRESSES + length);
  writeInt32(bytes, 0, PROTOCOL_HI);
  writeInt32(bytes, 4, multiAddress ? PROTOCOL_V2_LO : PROTOCOL_V1_LO);
  writeInt32(bytes, SID, hiOfNumber(sid));
  writeInt32(bytes, SID + 4, loOfNumber(sid));
  writeInt32(bytes, LENGTH, length);
  encodeUtf8Into(text, bytes, ADDRESSES);
  return bytes;
}

/** Collects the bytes of one HELLO. */
export class HelloReader {
  /** Set once it is whole. */
  hello: Hello | null = null;
  /** Why it is none; the connection is to be closed. */
  fault: string | null = null;
  private readonly kept = new Uint8Array(ADDRESSES + ADDRESS_BYTES_MAX);
  private keptLength = 0;

  /** Returns how many of the bytes were the HELLO's. */
  feed(bytes: Uint8Array, offset: number, length: number): number {
    let consumed = 0;
    while (this.hello === null && this.fault === null) {
      const missing = this.lengthWanted() - this.keptLength;
      if (missing === 0) {
        this.finish();
        break;
      }
      const taken = Math.min(missing, length - consumed);
      if (taken === 0) break;
      copyBytes(bytes, offset + consumed, this.kept, this.keptLength, taken);
      this.keptLength += taken;
      consumed += taken;
    }
    return consumed;
  }

  /** As far as the bytes that are there tell; a fault is noted as soon as they show one. */
  private lengthWanted(): number {
    const { kept, keptLength } = this;
    if (keptLength < V0_BYTES) return V0_BYTES;
    const hi = readInt32(kept, 0);
    if (hi >= 0) return V0_BYTES;
    const lo = readInt32(kept, 4);
    if (hi !== PROTOCOL_HI || (lo !== PROTOCOL_V1_LO && lo !== PROTOCOL_V2_LO)) {
      this.fault = `unknown protocol version ${numberFromHalves(hi, lo)}`;
      return keptLength;
    }
    if (keptLength < ADDRESSES) return ADDRESSES;
    const length = readInt32(kept, LENGTH);
    if (length <= 0 || length > ADDRESS_BYTES_MAX) {
      this.fault = `an address of ${length} bytes`;
      return keptLength;
    }
    return ADDRESSES + length;
  }

  private finish(): void {
    if (this.fault !== null) return;
    const { kept } = this;
    const isV0 = this.keptLength === V0_BYTES;
    const at = isV0 ? 0 : SID;
    const sid = numberFromHalves(readInt32(kept, at), readInt32(kept, at + 4));
    if (!Number.isSafeInteger(sid) || sid < 0) {
      this.fault = `the id ${sid}, which is no server's`;
      return;
    }
    if (isV0) {
      this.hello = { sid, addresses: [] };
      return;
    }
    try {
      const text = decodeUtf8(kept, ADDRESSES, readInt32(kept, LENGTH));
      this.hello = { sid, addresses: parseAddresses(text) };
    } catch (error) {
      if (!(error instanceof QuorumConfigError)) throw error;
      this.fault = error.message;
    }
  }
}

function parseAddresses(text: string): readonly PeerAddress[] {
  const addresses = text.split('|').map((entry) => {
    const words = hostAndPorts(entry);
    const port = Number(words[1]);
    if (words.length !== 2 || !/^\d{1,5}$/.test(words[1]) || port > 0xffff) {
      throw new QuorumConfigError(`${entry} does not have the form host:port`);
    }
    return { host: words[0], port };
  });
  return addresses.filter(({ host }) => host !== '' && !WILDCARDS.has(host));
}
