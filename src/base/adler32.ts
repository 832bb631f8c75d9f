// Adler-32 (RFC 1950), the checksum of transaction log entries and snapshots. Any thread; allocates nothing. A file
// is summed piece by piece by passing the last result as the seed.
// Pure: knows nothing of files, and never sees whether a sum was right. Who reads a record compares and decides.

const MODULUS = 65521;

/** The largest n for which n bytes of 255 on top of two maximal sums stay below 2^32 (zlib's NMAX). */
const BYTES_PER_REDUCTION = 5552;

/** Unsigned. */
export function adler32(bytes: Uint8Array, off: number, len: number, seed = 1): number {
  let a = seed & 0xffff;
  let b = seed >>> 16;
  let i = off;
  const end = off + len;
  while (i < end) {
    const stop = Math.min(i + BYTES_PER_REDUCTION, end);
    const unrolledStop = stop - 7;
    // Eight bytes a round: b grows by eight times the old a, and each byte counts once for itself and every later one.
    while (i < unrolledStop) {
      const c0 = bytes[i];
      const c1 = bytes[i + 1];
      const c2 = bytes[i + 2];
      const c3 = bytes[i + 3];
      const c4 = bytes[i + 4];
      const c5 = bytes[i + 5];
      const c6 = bytes[i + 6];
      const c7 = bytes[i + 7];
      b = (b + (a << 3) + (c0 << 3) + c1 * 7 + c2 * 6 + c3 * 5 + (c4 << 2) + c5 * 3 + (c6 << 1) + c7) | 0;
      a = (a + c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7) | 0;
      i += 8;
    }
    while (i < stop) {
      a = (a + bytes[i++]) | 0;
      b = (b + a) | 0;
    }
    a = (a >>> 0) % MODULUS;
    b = (b >>> 0) % MODULUS;
  }
  return ((b << 16) | a) >>> 0;
}
