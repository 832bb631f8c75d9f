// The audit log as a file (operations 9.2): ten older files of 10 MB beside the one that is written, a line as the reference's
// appender writes it.
//
//   2026-11-22 04:26:00,123 INFO  audit.Slf4jAuditLogger: session=0x1...	user=...	result=success
//
// Owned by the main thread. Lines come in batches and are appended without waiting for the disk; only at the end of the process, or
// when it has fallen far behind, is it waited for. Lines that the file does not take go to the server's log instead, until it does
// again: none is dropped without a trace.

import { closeSync, fstatSync, mkdirSync, openSync, write, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Logger } from '../actor/logger.js';
import { AUDIT_ERROR, AUDIT_INFO, type AuditResult, auditMessage } from '../net/audit-message.js';
import type { AuditConfig } from './audit-config.js';
import { AUDIT_LOGGER, AuditLines } from './audit-lines.js';
import { rotateFiles } from './file-rotation.js';

const FILE_BYTES_MAX = 10 << 20;
const BACKUP_COUNT = 10;
/** More than this is not kept in memory: then the disk is waited for. */
const WAITING_BYTES_MAX = 4 << 20;
/** At the end, a write that the system has begun is given this long. */
const PATIENCE_MS = 500;
const RETRY_MS = 10_000;

export class AuditLog {
  private readonly config: AuditConfig;
  private readonly fallback: Logger;
  private readonly nowMs: () => number;
  private readonly fileBytesMax: number;
  private fd = -1;
  /** Of the open file, with what is being written. */
  private fileBytes = 0;
  /** The system is at it; null: nothing is being written. */
  private writing: Buffer | null = null;
  private readonly waiting: AuditLines;
  private failedUntilMs = Number.NEGATIVE_INFINITY;
  /** How much of the last lines is in the open file is not known, nor whether it is the right one any more. */
  private hasFailed = false;

  /** `fallback`: the server's log, under the audit logger's name. */
  constructor(config: AuditConfig, fallback: Logger, nowMs: () => number, fileBytesMax = FILE_BYTES_MAX) {
    this.config = config;
    this.fallback = fallback;
    this.nowMs = nowMs;
    this.fileBytesMax = fileBytesMax;
    this.waiting = new AuditLines(config.failuresOnly);
  }

  /** Of the server itself. */
  tellServer(operation: 'serverStart' | 'serverStop', result: AuditResult): void {
    const level = String.fromCharCode(result === 'failure' ? AUDIT_ERROR : AUDIT_INFO);
    this.take(Buffer.from(`${level}${auditMessage({ user: this.config.serverUser, operation }, result)}\n`));
  }

  /** Lines as a connection shard makes them: a byte for the level, the message. They are the caller's again when it returns. */
  take(lines: Uint8Array): void {
    const { waiting } = this;
    waiting.add(lines, this.nowMs());
    if (waiting.length > WAITING_BYTES_MAX) this.flush();
    else if (this.writing === null) this.writeNext();
  }

  /** Everything that was taken is in the file, or in the server's log, when it returns. */
  flush(): void {
    const writing = this.takeOver();
    if (writing !== null) this.appendNow(writing);
    if (this.waiting.length > 0) this.appendNow(this.waiting.take());
  }

  close(): void {
    this.flush();
    if (this.fd >= 0) closeSync(this.fd);
    this.fd = -1;
  }

  private writeNext(): void {
    if (this.waiting.length === 0) return;
    const bytes = this.waiting.take();
    if (!this.tryOpen(bytes)) return;
    this.writing = bytes;
    this.writeFrom(bytes, 0);
  }

  private writeFrom(bytes: Buffer, from: number): void {
    this.fileBytes += bytes.length - from;
    write(this.fd, bytes, from, (error, count) => {
      if (this.writing !== bytes) return;
      if (error !== null) {
        this.writing = null;
        this.fail(error, bytes.subarray(from));
      } else if (from + count < bytes.length) {
        this.fileBytes -= bytes.length - from - count;
        this.writeFrom(bytes, from + count);
        return;
      } else {
        this.writing = null;
        this.waiting.giveBack(bytes);
      }
      this.writeNext();
    });
  }

  /**
   * What the system has not written of what it was given. Nobody else appends to the file, so its size says it; the callback may
   * come too late, or never in a process that ends.
   */
  private takeOver(): Buffer | null {
    const { writing } = this;
    if (writing === null) return null;
    this.writing = null;
    const bed = new Int32Array(new SharedArrayBuffer(4));
    let missing = writing.length;
    for (let waitedMs = 0; waitedMs <= PATIENCE_MS && missing > 0; waitedMs++) {
      missing = Math.min(writing.length, Math.max(0, this.fileBytes - fstatSync(this.fd).size));
      if (missing > 0) Atomics.wait(bed, 0, 0, 1);
    }
    this.fileBytes -= missing;
    return missing === 0 ? null : writing.subarray(writing.length - missing);
  }

  private appendNow(bytes: Buffer): void {
    if (!this.tryOpen(bytes)) return;
    try {
      for (let from = 0; from < bytes.length; ) from += writeSync(this.fd, bytes, from);
      this.fileBytes += bytes.length;
    } catch (error) {
      this.fail(error, bytes);
    }
  }

  /** The file is there, and has room; false: the lines have gone elsewhere. */
  private tryOpen(bytes: Buffer): boolean {
    if (this.nowMs() < this.failedUntilMs) {
      this.tellElsewhere(bytes);
      return false;
    }
    try {
      if (this.fd >= 0 && this.hasFailed) {
        closeSync(this.fd);
        this.fd = -1;
      }
      if (this.fd >= 0 && this.fileBytes >= this.fileBytesMax) {
        closeSync(this.fd);
        this.fd = -1;
        rotateFiles(this.config.path, BACKUP_COUNT);
      }
      if (this.fd < 0) {
        mkdirSync(dirname(this.config.path), { recursive: true });
        this.fd = openSync(this.config.path, 'a', 0o640);
        this.fileBytes = fstatSync(this.fd).size;
      }
      this.hasFailed = false;
      return true;
    } catch (error) {
      this.fail(error, bytes);
      return false;
    }
  }

  private fail(error: unknown, bytes: Buffer): void {
    this.failedUntilMs = this.nowMs() + RETRY_MS;
    this.hasFailed = true;
    this.fallback.error(`${this.config.path} cannot be written; lines of the audit log follow here`, { error });
    this.tellElsewhere(bytes);
  }

  private tellElsewhere(bytes: Buffer): void {
    for (const line of bytes.toString().split('\n')) {
      const message = line.slice(line.indexOf(AUDIT_LOGGER) + AUDIT_LOGGER.length + 2);
      if (line === '') continue;
      if (line.includes(`ERROR ${AUDIT_LOGGER}`)) this.fallback.error(message);
      else this.fallback.info(message);
    }
  }
}
