// CRC-32 (the one of zlib and Java's CRC32), used by the data digest. Any thread; allocates nothing after
// the tables are made. Slicing by eight: eight tables of 256 words let one round consume eight bytes.
//
//   TABLES   [ t0: 256 words | t1 | t2 | ... | t7 ]      word k * 256 + b = CRC of byte b followed by k zero bytes

const POLYNOMIAL = 0xedb88320;
const SLICES = 8;

const TABLES = makeTables();

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
