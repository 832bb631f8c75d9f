/**
 * Lines of the audit log on their way to the file: time, level and logger in front of each, in one area of bytes that is filled while
 * the system writes the other. Bytes throughout, and nothing is made anew per line, since there may be a hundred thousand in a second.
 *
 * Owned by audit-log.ts, on the main thread. It knows no file.
 */
import { assert } from '../base/assert.js';
import { AUDIT_ERROR } from '../net/audit-message.js';
import { patternTime } from './log-pattern.js';

export const AUDIT_LOGGER = 'audit.Slf4jAuditLogger';
const LINE_END = 0x0a;
const CAPACITY_MIN = 1 << 16;
/** A larger area, of a time when the disk was slow, is not kept. */
const SPARE_BYTES_MAX = 1 << 20;

export class AuditLines {
  /** What has been added since `take`. */
  length = 0;
  private readonly failuresOnly: boolean;
  private bytes: Buffer = Buffer.allocUnsafeSlow(CAPACITY_MIN);
  private spare: Buffer | null = null;
  private headsMs = Number.NaN;
  private info: Buffer = Buffer.alloc(0);
  private error: Buffer = Buffer.alloc(0);

  constructor(failuresOnly: boolean) {
    this.failuresOnly = failuresOnly;
  }

  /** Whole lines, each a byte for the level and the message; they are copied. */
  add(lines: Uint8Array, nowMs: number): void {
    assert(lines[lines.length - 1] === LINE_END, 'lines come whole');
    if (nowMs !== this.headsMs) this.makeHeads(nowMs);
    const { info, error, failuresOnly } = this;
    this.reserve(lines.length + countOf(lines) * info.length);
    const { bytes } = this;
    let at = this.length;
    for (let from = 0; from < lines.length; ) {
      const isError = lines[from++] === AUDIT_ERROR;
      if (failuresOnly && !isError) {
        from = lines.indexOf(LINE_END, from) + 1;
        continue;
      }
      const head = isError ? error : info;
      for (let i = 0; i < head.length; i++) bytes[at++] = head[i] as number;
      let byte: number;
      do {
        byte = lines[from++] as number;
        bytes[at++] = byte;
      } while (byte !== LINE_END);
    }
    this.length = at;
  }

  /** All that was added; the caller's until it gives it back, if it does. */
  take(): Buffer {
    const { bytes, length } = this;
    this.bytes = this.spare ?? Buffer.allocUnsafeSlow(CAPACITY_MIN);
    this.spare = null;
    this.length = 0;
    return bytes.subarray(0, length);
  }

  /** Nobody reads it any more. */
  giveBack(taken: Buffer): void {
    const { buffer } = taken;
    if (buffer.byteLength <= SPARE_BYTES_MAX) this.spare ??= Buffer.from(buffer);
  }

  private makeHeads(nowMs: number): void {
    const time = patternTime(new Date(nowMs));
    this.headsMs = nowMs;
    this.info = Buffer.from(`${time} INFO  ${AUDIT_LOGGER}: `);
    this.error = Buffer.from(`${time} ERROR ${AUDIT_LOGGER}: `);
  }

  private reserve(count: number): void {
    const { bytes, length } = this;
    if (length + count <= bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(bytes.length * 2, length + count));
    bytes.copy(grown, 0, 0, length);
    this.bytes = grown;
  }
}

function countOf(lines: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < lines.length; i++) if (lines[i] === LINE_END) count++;
  return count;
}
