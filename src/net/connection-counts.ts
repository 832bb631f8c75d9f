/**
 * How many connections there are, in all and per client address, over all shards (client-protocol 2.7).
 *
 * A table in shared memory: an address's hash picks a bucket, and in it the address has a row with one column per shard. A
 * shard changes only its own column, and a shard that is made anew starts by clearing what its predecessor held. A row
 * whose columns are all 0 belongs to nobody: whoever needs one may take it, so addresses are forgotten and the table never
 * fills up with them. Only when a bucket is full of addresses that are connected does nothing limit a further one.
 *
 *   row     | hash | shard 0 | shard 1 | ...      hash 0 = never used, 1 + k = being taken by shard k
 *   row 0   | seed | counts all connections |     the seed keeps strangers from choosing addresses that share a row
 *
 * Taking a row and counting on it exclude each other by order, without a lock: a shard raises its column and then looks
 * whether the hash is still there; who takes a row marks the hash and then looks whether the columns are still 0. At least
 * one of the two sees the other and steps back. So an address may have two rows for a while; its connections are summed
 * over all rows of the bucket with its hash, and each connection remembers the row it was counted on.
 *
 * Two addresses with the same 32-bit hash share a row, which can only refuse too early, at one in 2^32. While several
 * shards accept at the very same moment a limit may be passed by one each.
 */
const BUCKET_ROWS = 32;
const BUCKETS = 2048;
const HASH_MIN = 0x100;
/** Each is a step back before another shard, which is done within nanoseconds. */
const TRIES_MAX = 8;
const FNV_PRIME = 0x01000193;

/** What `tryAdd` gives for a connection that must not be. Any other number is the row to give back to `remove`. */
export const REFUSED = -1;
/** The same, by the limit of all connections. */
export const REFUSED_IN_ALL = -2;
/** Counts all connections, and is the row of those whose address has none. */
const ROW_OF_ALL = 0;

export class ConnectionCounts {
  private readonly words: Int32Array;
  private readonly shard: number;
  private readonly rowWords: number;
  private readonly claim: number;
  private readonly buckets: number;

  constructor(memory: SharedArrayBuffer, shard: number, shardCount: number) {
    this.words = new Int32Array(memory);
    this.shard = shard;
    this.rowWords = 1 + shardCount;
    this.claim = 1 + shard;
    this.buckets = this.words.length / (this.rowWords * BUCKET_ROWS);
  }

  /** `seed`: secret. `buckets`: a power of two. */
  static createMemory(shardCount: number, seed: number, buckets = BUCKETS): SharedArrayBuffer {
    const memory = new SharedArrayBuffer(buckets * BUCKET_ROWS * (1 + shardCount) * 4);
    new Int32Array(memory)[0] = seed;
    return memory;
  }

  /** Forgets what this shard has counted: none of its connections is left when it is made anew. */
  clearOwn(): void {
    for (let row = 0; row < this.buckets * BUCKET_ROWS; row++) {
      const at = row * this.rowWords;
      // A predecessor may have ended in the middle of taking a row.
      if (row !== ROW_OF_ALL && this.words[at] === this.claim) Atomics.store(this.words, at, 0);
      if (this.words[at + 1 + this.shard] !== 0) Atomics.store(this.words, at + 1 + this.shard, 0);
    }
  }

  /** Counts one more connection of the address, unless a limit is reached; limits of 0 are none. */
  tryAdd(address: string, perAddressMax: number, totalMax: number): number {
    if (totalMax > 0 && this.sum(ROW_OF_ALL) >= totalMax) return REFUSED_IN_ALL;
    const hash = this.hashOf(address);
    const first = ((hash ^ (hash >>> 15)) & (this.buckets - 1)) * BUCKET_ROWS;
    if (perAddressMax > 0 && this.connected(hash, first) >= perAddressMax) return REFUSED;
    this.change(ROW_OF_ALL, 1);
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const row = this.enter(hash, first);
      if (row !== ROW_OF_ALL) return row;
    }
    return ROW_OF_ALL;
  }

  /** `row`: what `tryAdd` gave for this connection. */
  remove(row: number): void {
    this.change(ROW_OF_ALL, -1);
    if (row !== ROW_OF_ALL) this.change(row, -1);
  }

  /** Of the address with this hash, whose bucket begins there. */
  private connected(hash: number, first: number): number {
    let count = 0;
    for (let row = first; row < first + BUCKET_ROWS; row++) {
      if (row !== ROW_OF_ALL && Atomics.load(this.words, row * this.rowWords) === hash) count += this.sum(row);
    }
    return count;
  }

  /** The row on which one more has been counted; ROW_OF_ALL when there is none, or another shard was in the way. */
  private enter(hash: number, first: number): number {
    const { words, rowWords } = this;
    for (let row = first; row < first + BUCKET_ROWS; row++) {
      if (row === ROW_OF_ALL || Atomics.load(words, row * rowWords) !== hash) continue;
      this.change(row, 1);
      if (Atomics.load(words, row * rowWords) === hash) return row;
      this.change(row, -1);
    }
    for (let row = first; row < first + BUCKET_ROWS; row++) {
      if (row !== ROW_OF_ALL && this.take(row, hash)) return row;
    }
    return ROW_OF_ALL;
  }

  /** Makes a row that nobody counts on this address's, with one connection. */
  private take(row: number, hash: number): boolean {
    const { words, rowWords, claim } = this;
    const at = row * rowWords;
    const before = Atomics.load(words, at);
    const isBeingTaken = before !== 0 && before >>> 0 < HASH_MIN;
    if (isBeingTaken || !this.isEmpty(row)) return false;
    if (Atomics.compareExchange(words, at, before, claim) !== before) return false;
    if (!this.isEmpty(row)) {
      Atomics.store(words, at, before);
      return false;
    }
    this.change(row, 1);
    Atomics.store(words, at, hash);
    return true;
  }

  /** Of one's own column; the order to what is read next is what all of this stands on. */
  private change(row: number, amount: number): void {
    Atomics.add(this.words, row * this.rowWords + 1 + this.shard, amount);
  }

  private isEmpty(row: number): boolean {
    const at = row * this.rowWords;
    for (let i = 1; i < this.rowWords; i++) if (Atomics.load(this.words, at + i) !== 0) return false;
    return true;
  }

  private sum(row: number): number {
    let sum = 0;
    for (let i = 1; i < this.rowWords; i++) sum += Atomics.load(this.words, row * this.rowWords + i);
    return sum;
  }

  private hashOf(address: string): number {
    let hash = (this.words[0] as number) ^ 0x811c9dc5;
    for (let i = 0; i < address.length; i++) hash = Math.imul(hash ^ address.charCodeAt(i), FNV_PRIME);
    return hash >>> 0 < HASH_MIN ? hash | HASH_MIN : hash;
  }
}
