// The transaction log of a member of an ensemble: closed whenever others change the files that it is made of (TRUNC, a snapshot from
// the leader), and opened again, as those left them, by the next append. Owned by the sync stage, on its thread. While it is
// released it holds no file and knows no zxid: after TRUNC the next one may be below what was appended before.

import type { TxnLogWriter } from './txn-log-writer.js';

export class ReopeningTxnLog {
  private readonly open: () => TxnLogWriter;
  private writer: TxnLogWriter | null = null;
  /** Before anything was written since it was opened last: as it was before. */
  private times: TxnLogWriter['commitTimes'] = { beganMs: 0, writtenMs: 0, syncedMs: 0 };

  constructor(open: () => TxnLogWriter) {
    this.open = open;
  }

  get bytesSinceRoll(): number {
    return this.writer === null ? 0 : this.writer.bytesSinceRoll;
  }

  get commitTimes(): TxnLogWriter['commitTimes'] {
    if (this.writer !== null) this.times = this.writer.commitTimes;
    return this.times;
  }

  append(bytes: Uint8Array, offset: number, length: number, zxidHi: number, zxidLo: number): void {
    this.writer ??= this.open();
    this.writer.append(bytes, offset, length, zxidHi, zxidLo);
  }

  commit(): void {
    this.writer?.commit();
  }

  writeMark(): void {
    this.writer?.writeMark();
  }

  roll(): void {
    this.writer?.roll();
  }

  onRestored(zxidHi: number, zxidLo: number): void {
    this.writer ??= this.open();
    this.writer.onRestored(zxidHi, zxidLo);
  }

  /** Commits what is pending, and lets go of every file. */
  release(): void {
    const { writer } = this;
    this.writer = null;
    writer?.close();
  }

  close(): void {
    this.release();
  }
}
