/**
 * Where the shards listen, for a shard that is made anew while the server runs: it has missed the records that told its
 * predecessor. Written by shard 0, read by any.
 *
 *   word 0   1: the server serves     word 1   port     word 2   descriptor shared by the shards, or -1
 */
export class ListenState {
  private readonly words: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory);
  }

  static byteLength(): number {
    return 16;
  }

  publish(port: number, fd: number): void {
    this.words[1] = port;
    this.words[2] = fd;
    Atomics.store(this.words, 0, 1);
  }

  get isServing(): boolean {
    return Atomics.load(this.words, 0) === 1;
  }

  get port(): number {
    return this.words[1] as number;
  }

  get fd(): number {
    return this.words[2] as number;
  }
}
