// 64-bit integers as two int32 halves: hi is the upper word, lo the lower one, both signed as `x | 0` leaves them.
// The one place where 64-bit arithmetic lives. Any thread. The functions on halves allocate nothing; those on bigint
// are for cold paths (client API, record objects, tools) only and must never be called per request on a server.

const TWO_32 = 0x1_0000_0000;

export function int64FromHalves(hi: number, lo: number): bigint {
  return (BigInt(hi | 0) << 32n) | BigInt(lo >>> 0);
}

export function hiOf(b: bigint): number {
  return Number(BigInt.asIntN(32, b >> 32n));
}

export function loOf(b: bigint): number {
  return Number(BigInt.asIntN(32, b));
}

/** -1, 0 or 1, both values taken as unsigned (zxids). */
export function compareUnsigned(aHi: number, aLo: number, bHi: number, bLo: number): number {
  if (aHi !== bHi) return aHi >>> 0 < bHi >>> 0 ? -1 : 1;
  if (aLo !== bLo) return aLo >>> 0 < bLo >>> 0 ? -1 : 1;
  return 0;
}

/** -1, 0 or 1, both values taken as signed (Java's long). */
export function compareSigned(aHi: number, aLo: number, bHi: number, bLo: number): number {
  if (aHi !== bHi) return aHi < bHi ? -1 : 1;
  if (aLo !== bLo) return aLo >>> 0 < bLo >>> 0 ? -1 : 1;
  return 0;
}

/** Upper half of a safe integer. */
export function hiOfNumber(n: number): number {
  return Math.floor(n / TWO_32) | 0;
}

/** Lower half of a safe integer. */
export function loOfNumber(n: number): number {
  return n | 0; // ToInt32 is the value modulo 2^32, for negative numbers and beyond 32 bits too
}

/** Exact while the value is a safe integer: milliseconds and file sizes, never zxids or session ids. */
export function numberFromHalves(hi: number, lo: number): number {
  return (hi | 0) * TWO_32 + (lo >>> 0);
}

/** The unsigned value in lower case hex without leading zeros, as Java's Long.toHexString prints it. */
export function hex64(hi: number, lo: number): string {
  const lower = (lo >>> 0).toString(16);
  return hi === 0 ? lower : (hi >>> 0).toString(16) + lower.padStart(8, '0');
}

/** The signed value in decimal, as Java prints a long; for logs and texts. */
export function decimal64(hi: number, lo: number): string {
  return int64FromHalves(hi, lo).toString();
}

export function hexOf(b: bigint): string {
  return hex64(hiOf(b), loOf(b));
}
