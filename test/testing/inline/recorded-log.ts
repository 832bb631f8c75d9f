/**
 * The transaction log of a server by hand, with a memory: what was appended, in order, so that a test can tell in which
 * order the server executed what it was sent, answered or not. The production writer does the writing.
 */
import { readInt32 } from '../../../src/base/bytes.js';
import { int64FromHalves } from '../../../src/base/int64.js';
import type { TxnLog } from '../../../src/processor/sync-request-processor.js';

export interface LoggedTxn {
  readonly sessionId: bigint;
  readonly cxid: number;
  readonly zxid: bigint;
  readonly timeMs: bigint;
  readonly type: number;
  readonly entry: Uint8Array;
}

/** Told what is appended, and that all of it is on the disk. */
export interface LogObserver {
  appended(txn: LoggedTxn): void;
  committed(): void;
}

export class RecordedLog implements TxnLog {
  private readonly writer: TxnLog;
  private readonly into: LoggedTxn[];
  private readonly observer: LogObserver | null;

  constructor(writer: TxnLog, into: LoggedTxn[], observer: LogObserver | null = null) {
    this.writer = writer;
    this.into = into;
    this.observer = observer;
  }

  get bytesSinceRoll(): number {
    return this.writer.bytesSinceRoll;
  }

  append(bytes: Uint8Array, offset: number, length: number, zxidHi: number, zxidLo: number): void {
    this.writer.append(bytes, offset, length, zxidHi, zxidLo);
    const longAt = (at: number): bigint =>
      int64FromHalves(readInt32(bytes, offset + at), readInt32(bytes, offset + at + 4));
    const txn: LoggedTxn = {
      sessionId: longAt(0),
      cxid: readInt32(bytes, offset + 8),
      zxid: longAt(12),
      timeMs: longAt(20),
      type: readInt32(bytes, offset + 28),
      entry: bytes.slice(offset, offset + length),
    };
    this.into.push(txn);
    this.observer?.appended(txn);
  }

  get commitTimes(): TxnLog['commitTimes'] {
    return this.writer.commitTimes;
  }

  commit(): void {
    this.writer.commit();
    this.observer?.committed();
  }

  writeMark(): void {
    this.writer.writeMark();
  }

  roll(): void {
    this.writer.roll();
  }

  onRestored(zxidHi: number, zxidLo: number): void {
    this.writer.onRestored(zxidHi, zxidLo);
  }

  close(): void {
    this.writer.close();
  }
}
