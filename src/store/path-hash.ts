/**
 * HalfSipHash-1-3 of a path's bytes under a secret 64-bit key: clients choose paths, so an unkeyed hash would let one
 * fill a single index segment. While hashing it packs the path into little-endian words, which is the form node records
 * keep it in: comparing and storing a path is then word by word. One per reader and one per writer (scratch inside);
 * any thread; allocates only when a path is longer than all before.
 */
const KEY_V2 = 0x6c796765;
const KEY_V3 = 0x74656462;

export class PathHash {
  /** The path hashed last, zero-padded to whole words; valid until the next call. */
  $words = new Int32Array(256);
  private readonly keyLo: number;
  private readonly keyHi: number;

  constructor(keyLo: number, keyHi: number) {
    this.keyLo = keyLo;
    this.keyHi = keyHi;
  }

  /** As if the path of this hash had been hashed: words[from..) is its packed form. */
  adopt(words: Int32Array, from: number, length: number): void {
    const count = (length + 3) >> 2;
    if (count >= this.$words.length) this.$words = new Int32Array(count * 2);
    const own = this.$words;
    for (let i = 0; i < count; i++) own[i] = words[from + i];
    // A path that is cut out of a longer one: what stands behind its end is another's.
    if ((length & 3) !== 0) own[count - 1] &= (1 << ((length & 3) * 8)) - 1;
  }

  /** The rounds are written out: as inner loops they cost half as much again. */
  hash(bytes: Uint8Array, offset: number, length: number): number {
    if (length >>> 2 >= this.$words.length) this.$words = new Int32Array((length >>> 2) * 2);
    const words = this.$words;
    let v0 = this.keyLo;
    let v1 = this.keyHi;
    let v2 = KEY_V2 ^ v0;
    let v3 = KEY_V3 ^ v1;
    const whole = length >>> 2;
    let at = offset;
    let m = 0;
    for (let i = 0; i <= whole; i++) {
      if (i < whole) {
        m = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
        words[i] = m;
        at += 4;
      } else {
        const rest = length & 3;
        m = rest > 0 ? bytes[at] : 0;
        if (rest > 1) m |= bytes[at + 1] << 8;
        if (rest > 2) m |= bytes[at + 2] << 16;
        words[i] = m;
        // The last message word carries the length.
        m |= length << 24;
      }
      v3 ^= m;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= m;
    }
    v2 ^= 0xff;

    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);

    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);

    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);

    return v1 ^ v3;
  }
}
