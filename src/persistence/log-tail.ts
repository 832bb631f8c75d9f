// The end of the log that may be on no disk, although every reader finds it: when fdatasync has failed, the system counts what it
// could not write as written, and no later sync writes it (persistence section 10). Such a server ends at once, so it can only be
// the end of the last file; and up to where the sync mark stands, a sync had succeeded. Used once, by recovery, on its thread, after
// everything was replayed and before anything is built on it: the same bytes are written once more, and then synced.
// Neither a torn nor a failed write of bytes that stand there already can change what is read.

import { assert } from '../base/assert.js';
import { compareSigned } from '../base/int64.js';
import type { FileStore } from './file-store.js';
import type { SyncMarkReading } from './sync-mark.js';
import type { TxnLogReader } from './txn-log-reader.js';

const PIECE_BYTES = 1 << 20;

export class LogTail {
  /** Nothing above it is known to have been synced; both halves -1: nothing at all. */
  private readonly markHi: number;
  private readonly markLo: number;
  private path = '';
  private wholeFrom = 0;
  private unsyncedFrom = -1;
  private to = 0;

  constructor(mark: SyncMarkReading) {
    const isTrue = mark.kind === 'read' && mark.content.isOriginal && !mark.content.isOwed;
    this.markHi = isTrue ? mark.content.zxidHi : -1;
    this.markLo = isTrue ? mark.content.zxidLo : -1;
  }

  /** Each record that is replayed, in their order. */
  onRecord({ path, recordOffset, endOffset, zxidHi, zxidLo }: TxnLogReader): void {
    if (path !== this.path) {
      this.path = path;
      this.wholeFrom = recordOffset;
      this.unsyncedFrom = -1;
    }
    if (this.unsyncedFrom < 0 && compareSigned(zxidHi, zxidLo, this.markHi, this.markLo) > 0) {
      this.unsyncedFrom = recordOffset;
    }
    this.to = endOffset;
  }

  /** `lastHi`, `lastLo`: where the log ends. A mark beyond it stays while less is synced, so it says nothing of this file. */
  writeAgain(fileStore: FileStore, lastHi: number, lastLo: number): void {
    if (this.path === '') return;
    const isBelowMark = compareSigned(lastHi, lastLo, this.markHi, this.markLo) < 0;
    const from = isBelowMark ? this.wholeFrom : this.unsyncedFrom;
    if (from < 0) return;
    const file = fileStore.openForWrite(this.path);
    try {
      const piece = new Uint8Array(Math.min(PIECE_BYTES, this.to - from));
      for (let at = from; at < this.to; ) {
        const length = file.read(piece, 0, Math.min(piece.length, this.to - at), at);
        assert(length > 0, 'what was replayed is in its file');
        file.write(piece, 0, length, at);
        at += length;
      }
      file.syncData();
    } finally {
      file.close();
    }
  }
}
