/**
 * How many connections there are, in all and per client address, over all shards (client-protocol 2.7).
 *
 * An open-addressing table in shared memory, a row per address hash with one column per shard. A shard changes only its own
 * column, so counts need no atomic operations, and a shard that is made anew starts by clearing what its predecessor held.
 * Only the hash of a row that is taken for the first time is claimed atomically. Two addresses with the same 32-bit hash
 * share a row, which can only refuse too early, at one in 2^32.
 *
 *   row     | hash | shard 0 | shard 1 | ...      hash 0 = never used;  row 0 counts all connections
 */
const ROWS = 65536;

export class ConnectionCounts {
  private readonly words: Int32Array;
  private readonly shard: number;
  private readonly rowWords: number;

  constructor(memory: SharedArrayBuffer, shard: number, shardCount: number) {
    this.words = new Int32Array(memory);
    this.shard = shard;
    this.rowWords = 1 + shardCount;
  }

  static byteLengthFor(shardCount: number): number {
    return ROWS * (1 + shardCount) * 4;
  }

  /** Forgets what this shard has counted: none of its connections is left when it is made anew. */
  clearOwn(): void {
    for (let row = 0; row < ROWS; row++) {
      const at = row * this.rowWords + 1 + this.shard;
      if (this.words[at] !== 0) this.words[at] = 0;
    }
  }

  /** Counts one more connection of the address; false (and not counted) when a limit is reached; limits of 0 are none. */
  tryAdd(address: string, perAddressMax: number, totalMax: number): boolean {
    const row = this.find(address);
    if (totalMax > 0 && this.sum(0) >= totalMax) return false;
    if (perAddressMax > 0 && row > 0 && this.sum(row) >= perAddressMax) return false;
    this.change(0, 1);
    if (row > 0) this.change(row, 1);
    return true;
  }

  remove(address: string): void {
    const row = this.find(address);
    this.change(0, -1);
    if (row > 0) this.change(row, -1);
  }

  private change(row: number, amount: number): void {
    const at = row * this.rowWords + 1 + this.shard;
    this.words[at] = (this.words[at] as number) + amount;
  }

  private sum(row: number): number {
    let sum = 0;
    for (let i = 1; i < this.rowWords; i++) sum += this.words[row * this.rowWords + i] as number;
    return sum;
  }

  /** The address's row, or 0 when the table is full of other addresses (then nothing limits this one). */
  private find(address: string): number {
    let hash = 0x811c9dc5;
    for (let i = 0; i < address.length; i++) hash = Math.imul(hash ^ address.charCodeAt(i), 0x01000193);
    if (hash === 0) hash = 1;
    for (let probe = 0; probe < ROWS; probe++) {
      const row = (hash + probe) & (ROWS - 1);
      if (row === 0) continue;
      const at = row * this.rowWords;
      const present = Atomics.load(this.words, at);
      if (present === hash) return row;
      if (present === 0) {
        const before = Atomics.compareExchange(this.words, at, 0, hash);
        if (before === 0 || before === hash) return row;
      }
    }
    return 0;
  }
}
