// The zxid below which this member's log must not be handed to others. A member that was sent a snapshot keeps the logs from
// before: they may end in transactions that were never committed, and the next epoch, which begins again with counter 1,
// follows them without a visible hole (ZOOKEEPER-2846). Set by the learner before the snapshot it was sent becomes
// visible, read by `learner-handler` (ProposalsFromLog) and by nobody else; it never falls.
//
//   the file `logFloor` in dataLogDir/version-2 (a name that ZooKeeper and its purge pass over):  "200000003", hex, no newline

import { compareSigned, hex64 } from '../base/int64.js';
import { decodeUtf8, encodeUtf8 } from '../base/utf8.js';
import { readWholeFile, replaceFile } from './atomic-file.js';
import { errorCodeOf, type FileStore, joinPath } from './file-store.js';

const LOG_FLOOR_NAME = 'logFloor';
/** Above all zxids: a file that cannot be understood forbids everything, since a snapshot can always be sent. */
const NO_LOG_HI = 0x7fffffff;
const NO_LOG_LO = -1;

export class LogFloor {
  /** Both halves -1: the whole log is good. */
  hi = -1;
  lo = -1;
  private readonly fileStore: FileStore;
  private readonly path: string;

  constructor(fileStore: FileStore, logDirectory: string) {
    this.fileStore = fileStore;
    this.path = joinPath(logDirectory, LOG_FLOOR_NAME);
    const bytes = readWholeFile(fileStore, this.path);
    if (bytes === null) return;
    const text = decodeUtf8(bytes, 0, bytes.length);
    const isZxid = /^[0-9a-f]{1,16}$/.test(text);
    const padded = text.padStart(16, '0');
    this.hi = isZxid ? Number.parseInt(padded.slice(0, 8), 16) | 0 : NO_LOG_HI;
    this.lo = isZxid ? Number.parseInt(padded.slice(8), 16) | 0 : NO_LOG_LO;
  }

  /** Null: the disk does not say, so nothing may be handed on; a snapshot can always be sent. */
  static tryRead(fileStore: FileStore, logDirectory: string): LogFloor | null {
    try {
      return new LogFloor(fileStore, logDirectory);
    } catch (error) {
      if (errorCodeOf(error) === '') throw error;
      return null;
    }
  }

  /** Durable when it returns. Throws what the file store throws: then the snapshot must not become visible. */
  raise(zxidHi: number, zxidLo: number): void {
    if (compareSigned(zxidHi, zxidLo, this.hi, this.lo) <= 0) return;
    replaceFile(this.fileStore, this.path, encodeUtf8(hex64(zxidHi, zxidLo)));
    this.hi = zxidHi;
    this.lo = zxidLo;
  }
}
