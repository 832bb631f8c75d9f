/**
 * The tree digest's sum of node values: 64 bits, wrapping, as two int32 halves (persistence section 5). Owned by one thread;
 * allocates nothing.
 */
export class DigestSum {
  hi = 0;
  lo = 0;

  set(hi: number, lo: number): void {
    this.hi = hi;
    this.lo = lo;
  }

  /** The value counts as unsigned. */
  add(value: number): void {
    const lo = (this.lo + value) | 0;
    if (lo >>> 0 < value >>> 0) this.hi = (this.hi + 1) | 0;
    this.lo = lo;
  }

  subtract(value: number): void {
    if (this.lo >>> 0 < value >>> 0) this.hi = (this.hi - 1) | 0;
    this.lo = (this.lo - value) | 0;
  }
}
