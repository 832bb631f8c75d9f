// Copies node data out of the read buffer for the application. An array of its own costs a microsecond, most of what a
// getData costs altogether, so short ones are cut from a common slab: like a small Buffer, such an array shares its
// `buffer` with others (use byteOffset), and the slab lives as long as any of its pieces. Owned by one ZooKeeper and its views.
//
//   slab   [ copy | copy | copy | … free ]     each begins at a multiple of 8; a full slab is left to its pieces

const SLAB_BYTES = 16 * 1024;
/** Longer data gets an array of its own: the slab would be used up by a few. */
const SHARED_BYTES_MAX = 1024;

export class DataCopies {
  private slab = new Uint8Array(0); // made when it is needed
  private used = 0; // Invariant: a multiple of 8

  /** Never a view of the argument, whatever kind of Uint8Array it is. */
  copy(data: Uint8Array): Uint8Array {
    const { length } = data;
    if (length > SHARED_BYTES_MAX) return new Uint8Array(data);
    if (this.used + length > this.slab.length) {
      this.slab = new Uint8Array(SLAB_BYTES);
      this.used = 0;
    }
    const copy = this.slab.subarray(this.used, this.used + length);
    copy.set(data);
    this.used = (this.used + length + 7) & ~7;
    return copy;
  }
}
