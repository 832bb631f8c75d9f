/**
 * How many connections there are, in all and per client address, over all shards (client-protocol 2.7).
 *
 * An open-addressing table in shared memory, one entry per address hash; connections come and go seldom enough for
 * `Atomics`. Two addresses with the same 32-bit hash share a count, which can only refuse too early, at one in 2^32.
 *
 *   words   0: all connections   1..: pairs (address hash, count)      a hash of 0 = entry never used
 */
const PAIRS = 65536;

export class ConnectionCounts {
  private readonly words: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory);
  }

  static byteLength(): number {
    return (1 + PAIRS * 2) * 4;
  }

  get total(): number {
    return Atomics.load(this.words, 0);
  }

  /** Counts one more connection of the address; false (and not counted) when a limit is reached; limits of 0 are none. */
  tryAdd(address: string, perAddressMax: number, totalMax: number): boolean {
    const words = this.words;
    if (totalMax > 0 && Atomics.load(words, 0) >= totalMax) return false;
    const at = this.find(address);
    if (at >= 0) {
      if (Atomics.add(words, at, 1) >= perAddressMax && perAddressMax > 0) {
        Atomics.sub(words, at, 1);
        return false;
      }
    }
    Atomics.add(words, 0, 1);
    return true;
  }

  remove(address: string): void {
    const at = this.find(address);
    if (at >= 0) Atomics.sub(this.words, at, 1);
    Atomics.sub(this.words, 0, 1);
  }

  /** Index of the address's count, or -1 when the table is full of other addresses (then nothing limits this one). */
  private find(address: string): number {
    let hash = 0x811c9dc5;
    for (let i = 0; i < address.length; i++) hash = Math.imul(hash ^ address.charCodeAt(i), 0x01000193);
    if (hash === 0) hash = 1;
    const words = this.words;
    for (let probe = 0; probe < PAIRS; probe++) {
      const at = 1 + ((hash + probe) & (PAIRS - 1)) * 2;
      const present = Atomics.load(words, at);
      if (present === hash) return at + 1;
      if (present === 0 && Atomics.compareExchange(words, at, 0, hash) === 0) return at + 1;
      if (Atomics.load(words, at) === hash) return at + 1;
    }
    return -1;
  }
}
