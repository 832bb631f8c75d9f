// Adler-32 (RFC 1950), the checksum of transaction log entries and snapshots. Any thread; allocates nothing. A file
// is summed piece by piece by passing the last result as the seed.
// Pure: knows nothing of files, and never sees whether a sum was right. Who reads a record compares and decides.

const MODULUS = 65521;

/** The largest n for which n bytes of 255 on top of two maximal sums stay below 2^32 (zlib's NMAX). */
const BYTES_PER_REDUCTION = 5552;

/** Words summed in lanes of 16 bits before they are taken apart: 255 * (0 + 1 + ... + 19) is below 2^16. */
const WORDS_PER_LANE_SUM = 20;
const LANES = 0x00ff00ff;
/** Sixteen such pieces of 80 bytes: a stays below 2^19, and b, which gets 80 a of each, below 2^30. */
const WORDS_PER_REDUCTION = 16 * WORDS_PER_LANE_SUM;

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

/**
 * The same for bytes whose memory can be read as words, too: twice as fast. `words` is the memory of `bytes` from its
 * beginning, little-endian.
 *
 * A word's bytes are added in two halves of two lanes each: lanes 0 and 2 hold c0 and c2, lanes 1 and 3 c1 and c3. `p` sums
 * what stood in `s` before each word: each byte counts for b once for every word behind it (four bytes), and within its own
 * word 4, 3, 2 or 1 times.
 */
export function adler32OfWords(words: Int32Array, bytes: Uint8Array, off: number, len: number, seed = 1): number {
  const end = off + len;
  const first = Math.min((off + 3) & ~3, end);
  const head = adler32(bytes, off, first - off, seed);
  let a = head & 0xffff;
  let b = head >>> 16;
  let at = first >> 2;
  const last = Math.max(end >> 2, at);
  while (at < last) {
    const reduction = Math.min(at + WORDS_PER_REDUCTION, last);
    while (at < reduction) {
      const stop = Math.min(at + WORDS_PER_LANE_SUM, reduction);
      const byteCount = (stop - at) << 2;
      let s02 = 0;
      let s13 = 0;
      let p02 = 0;
      let p13 = 0;
      while (at < stop) {
        const word = words[at++];
        p02 = (p02 + s02) | 0;
        p13 = (p13 + s13) | 0;
        s02 = (s02 + (word & LANES)) | 0;
        s13 = (s13 + ((word >>> 8) & LANES)) | 0;
      }
      const c0 = s02 & 0xffff;
      const c1 = s13 & 0xffff;
      const c2 = s02 >>> 16;
      const c3 = s13 >>> 16;
      const before = (p02 & 0xffff) + (p02 >>> 16) + (p13 & 0xffff) + (p13 >>> 16);
      b = (b + a * byteCount + (before << 2) + (c0 << 2) + c1 * 3 + (c2 << 1) + c3) | 0;
      a = (a + c0 + c1 + c2 + c3) | 0;
    }
    a %= MODULUS;
    b %= MODULUS;
  }
  const tail = last << 2;
  const sum = ((b << 16) | a) >>> 0;
  return tail < end && tail >= first ? adler32(bytes, tail, end - tail, sum) : sum;
}
