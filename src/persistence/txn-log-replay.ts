// Reads the log behind a snapshot and hands on, in order, exactly the records that belong there: it proves that none is
// missing and leaves out those that stand in two files. Used once at start, on the recovering thread; it knows neither
// tree nor sessions. A hole is never skipped: what follows it would be applied to a tree that never existed.
//
// One thing looks like a hole and is none: Apache's 3.8 gives a zxid to a multi that it cannot decode, and logs nothing.
// Between two records that touch in one file no byte is missing; and when a later digest is the tree's, no effect is
// either. Such a gap is let pass until whoever applies the records has met such a digest; without one it is a hole.

import { equalBytes } from '../base/bytes.js';
import { compareSigned, hex64 } from '../base/int64.js';
import { OpCode } from '../protocol/op-code.js';
import { FILE_HEADER_BYTES } from '../protocol/stored-records.js';
import type { DataFileName } from './file-names.js';
import { type FileStore, joinPath } from './file-store.js';
import type { LogFinding } from './log-finding.js';
import { chooseTxnLogs } from './txn-log-files.js';
import { TxnLogReader } from './txn-log-reader.js';
import { TxnLogSequence } from './txn-log-sequence.js';
import { isNextZxid } from './zxid-order.js';

/** The records do not follow one another, or two of one zxid differ. */
export class TxnLogHole extends Error {
  override readonly name = 'TxnLogHole';
  readonly finding: LogFinding;

  constructor(message: string, finding: LogFinding) {
    super(message);
    this.finding = finding;
  }
}

/** Takes one record; the fields of the reader describe it. */
export type RecordVisitor = (reader: TxnLogReader) => void;

export class TxnLogReplay {
  recordCount = 0;
  repeatCount = 0;
  lastHi: number; // zxid handed on last, at first the snapshot's
  lastLo: number;
  private readonly fileStore: FileStore;
  private readonly directory: string;
  private files: readonly DataFileName[];
  private readonly afterHi: number;
  private readonly afterLo: number;
  private earlier: TxnLogSequence | null = null; // follows behind, to compare repeats with what was read
  private lastFileIndex = -1; // where the record of `last` ends, when it was met
  private lastEndOffset = -1;
  private gaps: TxnLogHole[] = []; // that nothing has vouched for yet

  /** `sorted`: all logs of the directory, ascending. Records up to `after` are passed over, holes among them too. */
  constructor(
    fileStore: FileStore,
    directory: string,
    sorted: readonly DataFileName[],
    afterHi: number,
    afterLo: number,
  ) {
    this.fileStore = fileStore;
    this.directory = directory;
    // A file without a header never held a record: it must not stand for the one before it, whose name is below, too.
    const begun = sorted.filter(({ name }) => fileStore.sizeOf(joinPath(directory, name)) >= FILE_HEADER_BYTES);
    this.files = chooseTxnLogs(begun, afterHi, afterLo);
    this.afterHi = afterHi;
    this.afterLo = afterLo;
    this.lastHi = afterHi;
    this.lastLo = afterLo;
  }

  /** Throws TxnLogDamage, TxnLogHole, or what the visitor throws. */
  run(visit: RecordVisitor): void {
    this.files = this.files.slice(this.firstNeeded());
    const sequence = new TxnLogSequence(this.fileStore, this.directory, this.files);
    try {
      while (sequence.next()) {
        const { reader } = sequence;
        if (compareSigned(reader.zxidHi, reader.zxidLo, this.afterHi, this.afterLo) <= 0) {
          if (reader.zxidHi === this.afterHi && reader.zxidLo === this.afterLo) this.noteEnd(reader, sequence);
          continue;
        }
        if (!this.isNext(reader, sequence)) continue;
        this.noteEnd(reader, sequence);
        visit(reader);
        this.recordCount++;
        this.lastHi = reader.zxidHi;
        this.lastLo = reader.zxidLo;
      }
      if (this.gaps.length > 0) throw this.gaps[0];
    } finally {
      sequence.close();
      this.earlier?.close();
    }
  }

  /** The tree is as a digest says that is above every gap so far: nothing that was in one is missing from it. */
  vouchForGaps(onGap: (gap: LogFinding) => void): void {
    if (this.gaps.length === 0) return;
    for (const { finding } of this.gaps) onGap(finding);
    this.gaps = [];
  }

  private noteEnd(reader: TxnLogReader, sequence: TxnLogSequence): void {
    this.lastFileIndex = sequence.fileIndex;
    this.lastEndOffset = reader.endOffset;
  }

  /** False for a repeat; throws when the record can be neither the next one nor a repeat. */
  private isNext(reader: TxnLogReader, sequence: TxnLogSequence): boolean {
    const { zxidHi, zxidLo } = reader;
    const order = compareSigned(zxidHi, zxidLo, this.lastHi, this.lastLo);
    if (order > 0) {
      if (isNextZxid(this.lastHi, this.lastLo, zxidHi, zxidLo)) return true;
      const hole = new TxnLogHole(
        `Transactions are missing: 0x${hex64(this.lastHi, this.lastLo)}${this.recordCount === 0 ? ' (the snapshot)' : ''} ` +
          `is followed by 0x${hex64(zxidHi, zxidLo)} in ${reader.path} at offset ${reader.recordOffset}`,
        this.holeAt(reader),
      );
      const touches = sequence.fileIndex === this.lastFileIndex && reader.recordOffset === this.lastEndOffset;
      if (!touches || zxidHi !== this.lastHi) throw hole;
      this.gaps.push(hole);
      return true;
    }
    // Apache's server logs a request that it cannot parse as an error under the zxid of the transaction before it.
    if (order === 0 && reader.type === OpCode.error) return true;
    if (!this.wasRead(reader, sequence.fileIndex)) {
      throw new TxnLogHole(
        `Two transactions have the zxid 0x${hex64(zxidHi, zxidLo)} but differ; ` +
          `the second one is in ${reader.path} at offset ${reader.recordOffset}`,
        this.holeAt(reader),
      );
    }
    this.repeatCount++;
    return false;
  }

  /**
   * When a file begins with the very next transaction, those before it hold nothing that is wanted: they are not read, and
   * damage in them does no harm. An error proves nothing: Apache's may stand under the zxid of a transaction before it.
   */
  private firstNeeded(): number {
    const { files, afterHi, afterLo } = this;
    const nextLo = (afterLo + 1) | 0;
    const index = files.findIndex(({ isOdd, zxidHi, zxidLo }) => !isOdd && zxidHi === afterHi && zxidLo === nextLo);
    if (index <= 0) return 0;
    const reader = new TxnLogReader(this.fileStore, joinPath(this.directory, files[index].name));
    try {
      const isNext = reader.next() && reader.zxidHi === afterHi && reader.zxidLo === nextLo;
      return isNext && reader.type !== OpCode.error ? index : 0;
    } finally {
      reader.close();
    }
  }

  private holeAt(reader: TxnLogReader): LogFinding {
    const { path, recordOffset: offset, zxidHi, zxidLo } = reader;
    const { lastHi, lastLo } = this;
    const later = { offset, zxidHi, zxidLo };
    return { kind: 'hole', path, offset, lastHi, lastLo, later, syncedHi: -1, syncedLo: -1 };
  }

  /** Repeats come in ascending runs: looked for from where the last one was found, then once more from the start. */
  private wasRead(reader: TxnLogReader, fileIndex: number): boolean {
    if (this.earlier !== null && this.findEarlier(this.earlier, reader, fileIndex)) return true;
    this.earlier?.close();
    this.earlier = new TxnLogSequence(this.fileStore, this.directory, this.files);
    return this.findEarlier(this.earlier, reader, fileIndex);
  }

  private findEarlier(earlier: TxnLogSequence, reader: TxnLogReader, fileIndex: number): boolean {
    while (earlier.next()) {
      const found = earlier.reader;
      if (earlier.fileIndex === fileIndex && found.recordOffset >= reader.recordOffset) return false;
      const isSame =
        found.entryLength === reader.entryLength &&
        equalBytes(found.bytes, found.entryOffset, reader.bytes, reader.entryOffset, reader.entryLength);
      if (isSame) return true;
    }
    return false;
  }
}
