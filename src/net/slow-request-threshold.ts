/**
 * From how many milliseconds on a request is slow enough to be told of: one word that all threads share, so that it can be changed while
 * the server runs. Any thread writes; each connection shard reads it once per turn.
 *
 *   word 0   milliseconds; 0: nothing is told
 */

export const SLOW_REQUEST_THRESHOLD = 'slow-request-threshold';

export class SlowRequestThreshold {
  private readonly words: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory);
  }

  static byteLength(): number {
    return 4;
  }

  get ms(): number {
    return Atomics.load(this.words, 0);
  }

  set ms(ms: number) {
    Atomics.store(this.words, 0, ms);
  }
}
