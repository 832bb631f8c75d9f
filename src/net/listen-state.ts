/**
 * Where the shards listen, for a shard that is made anew while the server runs: it has missed the records that told its
 * predecessor. Written by shard 0, read by any: three words for each port, by its index among the configured ones. Behind them two
 * words for each shard, written and read by itself: what it was told last (shard-role.ts).
 *
 *   | 1: open | port | descriptor shared by the shards, or -1 |   ...   | told | roles ended before | ...
 */
const PORTS_MAX = 2;
const WORDS = 3;
const SHARD_WORDS = 2;

export class ListenState {
  private readonly words: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory);
  }

  static byteLengthFor(shardCount: number): number {
    return (PORTS_MAX * WORDS + shardCount * SHARD_WORDS) * 4;
  }

  told(shard: number): number {
    return this.words[PORTS_MAX * WORDS + shard * SHARD_WORDS] as number;
  }

  endedBefore(shard: number): number {
    return this.words[PORTS_MAX * WORDS + shard * SHARD_WORDS + 1] as number;
  }

  tell(shard: number, told: number, endedBefore: number): void {
    this.words[PORTS_MAX * WORDS + shard * SHARD_WORDS] = told;
    this.words[PORTS_MAX * WORDS + shard * SHARD_WORDS + 1] = endedBefore;
  }

  publish(index: number, port: number, fd: number): void {
    this.words[index * WORDS + 1] = port;
    this.words[index * WORDS + 2] = fd;
    Atomics.store(this.words, index * WORDS, 1);
  }

  isOpen(index: number): boolean {
    return Atomics.load(this.words, index * WORDS) === 1;
  }

  port(index: number): number {
    return this.words[index * WORDS + 1] as number;
  }

  fd(index: number): number {
    return this.words[index * WORDS + 2] as number;
  }
}
