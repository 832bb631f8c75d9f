// CRC-32 (the one of zlib and Java's CRC32), which the tree digest is made of. Any thread; allocates nothing after the
// tables are made. Knows nothing of nodes.
//
//   TABLES   [ t0: 256 words | t1 | t2 | ... | t59 ]      word k * 256 + b = CRC of byte b followed by k zero bytes
//
// Slicing: the first sixteen tables let one round consume sixteen bytes. They are all that long input touches (16 kB); the
// others place one word anywhere in the last 60 bytes of a message (`crcShifted`).
//
// Two forms. `crc32` takes and returns CRCs, as zlib does. The others take and return the register, which is the
// complement of the CRC, as an int32: CRCs above 2^31 are no small integers, and a call would allocate for them.
//
//   register = crcOfWords(words, index, byteCount, CRC_START);  ... ;  crc = ~register
//
// Without the complements the CRC is linear: that of a XOR b is that of a XOR that of b, for inputs of one length. So when
// some words of a message change, its CRC changes by the XOR of what each word's difference makes (`crcShifted`), whatever
// else stands in the message; and leading zeros of a difference make nothing.

const POLYNOMIAL = 0xedb88320;
const SLICES = 60;

const TABLES = makeTables();

/** The register before the first byte. */
export const CRC_START = -1;
/** The most zeros behind a shifted word. */
export const CRC_SHIFT_MAX = SLICES - 4;

/** Unsigned. The seed is the result so far: 0 to begin with. */
export function crc32(bytes: Uint8Array, off: number, len: number, seed = 0): number {
  const t = TABLES;
  let crc = ~seed;
  let i = off;
  const end = off + len;
  const slicedEnd = end - 7;
  while (i < slicedEnd) {
    const lower = crc ^ (bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24));
    crc =
      t[1792 + (lower & 0xff)] ^
      t[1536 + ((lower >>> 8) & 0xff)] ^
      t[1280 + ((lower >>> 16) & 0xff)] ^
      t[1024 + (lower >>> 24)] ^
      t[768 + bytes[i + 4]] ^
      t[512 + bytes[i + 5]] ^
      t[256 + bytes[i + 6]] ^
      t[bytes[i + 7]];
    i += 8;
  }
  while (i < end) crc = (crc >>> 8) ^ t[(crc ^ bytes[i++]) & 0xff];
  return ~crc >>> 0;
}

/** The register behind `length` bytes that begin at a whole word of (little-endian) memory. */
export function crcOfWords(words: Int32Array, index: number, length: number, register: number): number {
  const t = TABLES;
  let crc = register;
  let i = index;
  const slicedEnd = index + ((length >>> 4) << 2);
  while (i < slicedEnd) {
    crc = ofSixteen(t, crc ^ words[i], words[i + 1], words[i + 2], words[i + 3]);
    i += 4;
  }
  const end = index + (length >>> 2);
  while (i < end) crc = ofFour(t, crc ^ words[i++]);
  if ((length & 3) === 0) return crc;
  const tail = words[i];
  crc = (crc >>> 8) ^ t[(crc ^ tail) & 0xff];
  if ((length & 3) > 1) crc = (crc >>> 8) ^ t[(crc ^ (tail >>> 8)) & 0xff];
  if ((length & 3) > 2) crc = (crc >>> 8) ^ t[(crc ^ (tail >>> 16)) & 0xff];
  return crc;
}

/** The same for bytes at any offset: a third faster by whole words through a DataView than byte by byte. */
export function crcOfView(view: DataView, offset: number, length: number, register: number): number {
  const t = TABLES;
  let crc = register;
  let i = offset;
  const end = offset + length;
  const slicedEnd = offset + (length & ~15);
  while (i < slicedEnd) {
    crc = ofSixteen(
      t,
      crc ^ view.getInt32(i, true),
      view.getInt32(i + 4, true),
      view.getInt32(i + 8, true),
      view.getInt32(i + 12, true),
    );
    i += 16;
  }
  const wordsEnd = offset + (length & ~3);
  while (i < wordsEnd) {
    crc = ofFour(t, crc ^ view.getInt32(i, true));
    i += 4;
  }
  while (i < end) crc = (crc >>> 8) ^ t[(crc ^ view.getUint8(i++)) & 0xff];
  return crc;
}

/**
 * What four bytes, given as a word of memory, add to the CRC of a message when `zeros` bytes (CRC_SHIFT_MAX at most) stand
 * behind them. For a register: the register behind 4 + `zeros` zero bytes.
 */
export function crcShifted(word: number, zeros: number): number {
  const t = TABLES;
  const slice = zeros << 8;
  return (
    t[slice + 768 + (word & 0xff)] ^
    t[slice + 512 + ((word >>> 8) & 0xff)] ^
    t[slice + 256 + ((word >>> 16) & 0xff)] ^
    t[slice + (word >>> 24)]
  );
}

function ofFour(t: Int32Array, a: number): number {
  return t[768 + (a & 0xff)] ^ t[512 + ((a >>> 8) & 0xff)] ^ t[256 + ((a >>> 16) & 0xff)] ^ t[a >>> 24];
}

function ofSixteen(t: Int32Array, a: number, b: number, c: number, d: number): number {
  return (
    t[3840 + (a & 0xff)] ^
    t[3584 + ((a >>> 8) & 0xff)] ^
    t[3328 + ((a >>> 16) & 0xff)] ^
    t[3072 + (a >>> 24)] ^
    t[2816 + (b & 0xff)] ^
    t[2560 + ((b >>> 8) & 0xff)] ^
    t[2304 + ((b >>> 16) & 0xff)] ^
    t[2048 + (b >>> 24)] ^
    t[1792 + (c & 0xff)] ^
    t[1536 + ((c >>> 8) & 0xff)] ^
    t[1280 + ((c >>> 16) & 0xff)] ^
    t[1024 + (c >>> 24)] ^
    t[768 + (d & 0xff)] ^
    t[512 + ((d >>> 8) & 0xff)] ^
    t[256 + ((d >>> 16) & 0xff)] ^
    t[d >>> 24]
  );
}

function makeTables(): Int32Array {
  const tables = new Int32Array(SLICES * 256);
  for (let b = 0; b < 256; b++) {
    let crc = b;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    tables[b] = crc;
  }
  for (let k = 1; k < SLICES; k++) {
    for (let b = 0; b < 256; b++) {
      const shorter = tables[(k - 1) * 256 + b];
      tables[k * 256 + b] = (shorter >>> 8) ^ tables[shorter & 0xff];
    }
  }
  return tables;
}
