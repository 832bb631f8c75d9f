// A signed 64-bit number with a decimal text: read as Java's Long.parseLong reads ASCII, added to with Java's wrap-around,
// written as Long.toString writes. Two int32 halves inside (int64.ts); reading, adding and writing allocate nothing, so it
// may be used per transaction. Owned by whoever made it, on any one thread.

import { hiOfNumber, loOfNumber } from './int64.js';

const PLUS = 0x2b;
const MINUS = 0x2d;
const ZERO = 0x30;
const TWO_32 = 0x1_0000_0000;
const BILLION = 1_000_000_000;
const BILLION_DIGITS = 9;
const INT32_MAX = 0x7fffffff;

/** Of the longest text, that of -2^63. */
export const DECIMAL_LONG_BYTES_MAX = 20;

export class DecimalLong {
  hi = 0;
  lo = 0;

  /** To a safe integer. */
  set(value: number): void {
    this.hi = hiOfNumber(value);
    this.lo = loOfNumber(value);
  }

  copyFrom(other: DecimalLong): void {
    this.hi = other.hi;
    this.lo = other.lo;
  }

  /** Adds a safe integer. */
  add(value: number): void {
    const sum = (this.lo >>> 0) + loOfNumber(value);
    this.hi = (this.hi + hiOfNumber(value) + (loOfNumber(value) < 0 ? 1 : 0) + Math.floor(sum / TWO_32)) | 0;
    this.lo = sum | 0;
  }

  /** From the text in bytes[from .. to). False, and nothing is changed, when that is no long. */
  parse(bytes: Uint8Array, from: number, to: number): boolean {
    const negative = from < to && bytes[from] === MINUS;
    let at = from < to && (negative || bytes[from] === PLUS) ? from + 1 : from;
    if (at >= to) return false;
    let hi = 0;
    let lo = 0;
    for (; at < to; at++) {
      const digit = (bytes[at] as number) - ZERO;
      if (digit < 0 || digit > 9) return false;
      lo = lo * 10 + digit;
      hi = hi * 10 + Math.floor(lo / TWO_32);
      lo = lo >>> 0;
      if (hi > INT32_MAX && !(negative && hi === INT32_MAX + 1 && lo === 0)) return false;
    }
    this.hi = negative ? (~hi + (lo === 0 ? 1 : 0)) | 0 : hi | 0;
    this.lo = negative ? -lo | 0 : lo | 0;
    return true;
  }

  /** Its text into out at `pos`, where there is room for the longest; returns where the text ends. */
  write(out: Uint8Array, pos: number): number {
    let at = pos;
    let hi = this.hi >>> 0;
    let lo = this.lo >>> 0;
    if (this.hi < 0) {
      out[at++] = MINUS;
      lo = -this.lo >>> 0;
      hi = (~this.hi + (lo === 0 ? 1 : 0)) >>> 0;
    }
    // Long division by 10^9, 16 bits at a time, so that every step stays far below 2^53.
    const upper = (hi % BILLION) * 0x10000 + (lo >>> 16);
    const lower = (upper % BILLION) * 0x10000 + (lo & 0xffff);
    const quotient =
      Math.floor(hi / BILLION) * TWO_32 + Math.floor(upper / BILLION) * 0x10000 + Math.floor(lower / BILLION);
    const remainder = lower % BILLION;
    if (quotient === 0) return writeDigits(remainder, digitCount(remainder), out, at);
    at = writeDigits(quotient, digitCount(quotient), out, at);
    return writeDigits(remainder, BILLION_DIGITS, out, at);
  }

  toString(): string {
    const out = new Uint8Array(DECIMAL_LONG_BYTES_MAX);
    return String.fromCharCode(...out.subarray(0, this.write(out, 0)));
  }
}

function digitCount(value: number): number {
  let count = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) count++;
  return count;
}

function writeDigits(value: number, count: number, out: Uint8Array, at: number): number {
  let rest = value;
  for (let i = at + count - 1; i >= at; i--) {
    out[i] = ZERO + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  return at + count;
}
