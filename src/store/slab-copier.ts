/**
 * Copies bytes between slab memory and a plain byte array (a ring, an output buffer, a log entry) without allocating for
 * usual sizes. One per reader and one per writer; any thread. The slab side always begins at a whole word.
 *
 * Why not `set(subarray)` throughout: with shared memory on either side it costs about 80 ns before the first byte and
 * goes byte by byte, 0.4 ns each, unless both addresses are multiples of 8. Words through a DataView cost 0.4 ns a byte
 * at any address from the first byte on. The DataView is kept while the same array is passed; an array seen only once
 * in a row is not worth one and is served byte by byte. Long copies between odd addresses take a detour over an aligned
 * piece of private memory when the other side is private too, which is four times faster than the direct way.
 */
const LOOP_BYTES_MAX = 192;
const DETOUR_BYTES_MIN = 2048;
const DETOUR_BYTES = 16384;

export class SlabCopier {
  private array: Uint8Array | null = null;
  private view: DataView = new DataView(new ArrayBuffer(0));
  private candidate: Uint8Array | null = null;
  private readonly $detour = new Uint8Array(DETOUR_BYTES);

  /** slab words/bytes from word index `word` -> out[pos .. pos + length). The caller has bounded both sides. */
  copyOut(words: Int32Array, bytes: Uint8Array, word: number, out: Uint8Array, pos: number, length: number): void {
    if (length > LOOP_BYTES_MAX) {
      this.copyOutLong(bytes, word << 2, out, pos, length);
      return;
    }
    let from = word;
    let to = pos;
    const end = pos + (length & ~3);
    if (out === this.array || this.adopt(out)) {
      const view = this.view;
      while (to < end) {
        view.setInt32(to, words[from++], true);
        to += 4;
      }
    } else {
      while (to < end) {
        const w = words[from++];
        out[to] = w;
        out[to + 1] = w >>> 8;
        out[to + 2] = w >>> 16;
        out[to + 3] = w >>> 24;
        to += 4;
      }
    }
    if ((length & 3) === 0) return;
    const tail = words[from];
    out[to] = tail;
    if ((length & 3) > 1) out[to + 1] = tail >>> 8;
    if ((length & 3) > 2) out[to + 2] = tail >>> 16;
  }

  /** source[offset .. offset + length) -> slab words from `word` on; the last word is padded with zeros. */
  copyIn(source: Uint8Array, offset: number, length: number, words: Int32Array, bytes: Uint8Array, word: number): void {
    if (length > LOOP_BYTES_MAX) {
      if ((length & 3) !== 0) words[word + (length >>> 2)] = 0;
      this.copyInLong(source, offset, length, bytes, word << 2);
      return;
    }
    let from = offset;
    let to = word;
    const end = offset + (length & ~3);
    if (source === this.array || this.adopt(source)) {
      const view = this.view;
      while (from < end) {
        words[to++] = view.getInt32(from, true);
        from += 4;
      }
    } else {
      while (from < end) {
        words[to++] = source[from] | (source[from + 1] << 8) | (source[from + 2] << 16) | (source[from + 3] << 24);
        from += 4;
      }
    }
    if ((length & 3) === 0) return;
    let tail = source[from];
    if ((length & 3) > 1) tail |= source[from + 1] << 8;
    if ((length & 3) > 2) tail |= source[from + 2] << 16;
    words[to] = tail;
  }

  /** A second use in a row makes the array the one with the view. */
  private adopt(array: Uint8Array): boolean {
    if (array !== this.candidate) {
      this.candidate = array;
      return false;
    }
    this.array = array;
    this.view = new DataView(array.buffer, array.byteOffset, array.byteLength);
    return true;
  }

  private copyOutLong(bytes: Uint8Array, from: number, out: Uint8Array, pos: number, length: number): void {
    const aligned = ((out.byteOffset + pos) & 7) === 0;
    if (aligned || length < DETOUR_BYTES_MIN || out.buffer instanceof SharedArrayBuffer) {
      out.set(bytes.subarray(from, from + length), pos);
      return;
    }
    for (let done = 0; done < length; done += DETOUR_BYTES) {
      const piece = Math.min(DETOUR_BYTES, length - done);
      this.$detour.set(bytes.subarray(from + done, from + done + piece));
      out.set(piece === DETOUR_BYTES ? this.$detour : this.$detour.subarray(0, piece), pos + done);
    }
  }

  private copyInLong(source: Uint8Array, offset: number, length: number, bytes: Uint8Array, to: number): void {
    const aligned = ((source.byteOffset + offset) & 7) === 0;
    if (aligned || length < DETOUR_BYTES_MIN || source.buffer instanceof SharedArrayBuffer) {
      bytes.set(source.subarray(offset, offset + length), to);
      return;
    }
    for (let done = 0; done < length; done += DETOUR_BYTES) {
      const piece = Math.min(DETOUR_BYTES, length - done);
      this.$detour.set(source.subarray(offset + done, offset + done + piece));
      bytes.set(piece === DETOUR_BYTES ? this.$detour : this.$detour.subarray(0, piece), to + done);
    }
  }
}
