/**
 * What the snapshotter is told by records: that a snapshot is due (by sync, and by final after a replay), and from which
 * snapshot the database came (by final, once, when it is there).
 *
 *   due      no payload
 *   loaded   words  zxid hi | lo | size hi | lo | file time, seconds | name length, -1 without a snapshot
 *            then the name's bytes
 *
 * Pure layout; encoded on the final stage's thread, decoded on the main thread.
 */
import type { MailboxSender } from '../actor/mailbox/mailbox.js';
import { assert } from '../base/assert.js';
import { decodeUtf8, encodeUtf8Into, utf8Length } from '../base/utf8.js';
import { SNAPSHOT_DUE } from '../processor/sync-request-processor.js';
import type { SnapshotFile } from './snapshot-attempt.js';

export const SnapshotRecord = { due: SNAPSHOT_DUE, loaded: SNAPSHOT_DUE + 1 } as const;

const HEAD_BYTES = 24;
const HALF = 0x1_0000_0000;

export function tellSnapshotDue(out: MailboxSender): void {
  out.claim(SnapshotRecord.due, 0);
  out.commit();
}

/** To the datadir cleanup, which wants to know no more than that. */
export function tellDatabaseLoaded(out: MailboxSender): void {
  out.claim(SnapshotRecord.loaded, 0);
  out.commit();
}

export function tellSnapshotLoaded(out: MailboxSender, file: SnapshotFile | null): void {
  const nameBytes = file === null ? 0 : utf8Length(file.name);
  out.claim(SnapshotRecord.loaded, HEAD_BYTES + nameBytes);
  const at = out.offset >> 2;
  out.words[at] = file?.zxidHi ?? -1;
  out.words[at + 1] = file?.zxidLo ?? -1;
  out.words[at + 2] = Math.floor((file?.sizeBytes ?? 0) / HALF);
  out.words[at + 3] = (file?.sizeBytes ?? 0) | 0;
  out.words[at + 4] = Math.floor((file?.fileTimeMs ?? 0) / 1000);
  out.words[at + 5] = file === null ? -1 : nameBytes;
  if (file !== null) encodeUtf8Into(file.name, out.bytes, out.offset + HEAD_BYTES);
  out.commit();
}

export function readSnapshotLoaded(
  type: number,
  bytes: Uint8Array,
  words: Int32Array,
  offset: number,
): SnapshotFile | null {
  assert(type === SnapshotRecord.loaded, 'it is told which snapshot was loaded');
  const at = offset >> 2;
  const nameBytes = words[at + 5] as number;
  if (nameBytes < 0) return null;
  return {
    name: decodeUtf8(bytes, offset + HEAD_BYTES, nameBytes),
    zxidHi: words[at] as number,
    zxidLo: words[at + 1] as number,
    sizeBytes: (words[at + 2] as number) * HALF + ((words[at + 3] as number) >>> 0),
    fileTimeMs: (words[at + 4] as number) * 1000,
  };
}
