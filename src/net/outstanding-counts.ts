/**
 * Requests in the pipeline, per connection shard, so that every shard can hold to the limit of the whole server
 * (client-protocol 9.1). Each shard writes its own word, with plain stores, and sums up the others' once per read of a
 * socket: a sum that is a moment old is as good as the limit needs.
 *
 *   one line of 64 bytes per shard:   word 0  requests     word 1  bytes of large ones among them
 */
const LINE_WORDS = 16;
const LARGE_BYTES = 1;

export class OutstandingCounts {
  private readonly words: Int32Array;
  private readonly shard: number;
  private readonly shardCount: number;

  constructor(memory: SharedArrayBuffer, shard: number, shardCount: number) {
    this.words = new Int32Array(memory);
    this.shard = shard;
    this.shardCount = shardCount;
    // Nothing is outstanding on a shard that was just made.
    this.words[shard * LINE_WORDS] = 0;
    this.words[shard * LINE_WORDS + LARGE_BYTES] = 0;
  }

  static byteLengthFor(shardCount: number): number {
    return shardCount * LINE_WORDS * 4;
  }

  get own(): number {
    return this.words[this.shard * LINE_WORDS] as number;
  }

  add(count: number): void {
    const at = this.shard * LINE_WORDS;
    this.words[at] = (this.words[at] as number) + count;
  }

  /** Bytes of large requests of the whole server (client-protocol 9.4). */
  largeBytes(): number {
    let sum = 0;
    for (let shard = 0; shard < this.shardCount; shard++) sum += this.words[shard * LINE_WORDS + LARGE_BYTES] as number;
    return sum;
  }

  /** Never below 0: what a predecessor of this shard has sent still comes back. */
  addLargeBytes(count: number): void {
    const at = this.shard * LINE_WORDS + LARGE_BYTES;
    this.words[at] = Math.max(0, (this.words[at] as number) + count);
  }

  ofOthers(): number {
    let sum = 0;
    for (let shard = 0; shard < this.shardCount; shard++) {
      if (shard !== this.shard) sum += this.words[shard * LINE_WORDS] as number;
    }
    return sum;
  }
}
