/**
 * The token bucket that a ConnectRequest passes, and the early drop at random around it (client-protocol 2.7).
 *
 * One bucket for the whole server, in shared memory, used by every connection shard. Any shard may fill or empty it, so each
 * word changes by compare-and-exchange only; a shard never waits for another, and one that dies leaves nothing locked.
 *
 *   word 0  tokens taken    word 1  last fill, ms    word 2  last change of the chance, ms    word 3  chance of a drop, 2^-24
 *
 * All zeros is a full bucket that nobody has used yet.
 */
export interface ConnectionThrottleOptions {
  /** Size of the bucket; 0 = no throttle. */
  readonly tokensMax: number;
  readonly fillMs: number;
  readonly fillCount: number;
  /** The chance changes at most once in this time; -1 = nothing is dropped at random. */
  readonly freezeMs: number;
  readonly dropIncrease: number;
  readonly dropDecrease: number;
  /** Used part of the bucket up to which the chance falls again. */
  readonly decreaseRatio: number;
  /** Whether kinds of sessions cost differently; size and filling are then meant in new sessions. */
  readonly weighted: boolean;
  readonly newSessionWeight: number;
  readonly renewWeight: number;
}

const TAKEN = 0;
const FILLED_MS = 1;
const CHANCE_MS = 2;
const CHANCE = 3;
const CHANCE_ONE = 1 << 24;

export class ConnectionThrottle {
  private readonly words: Int32Array;
  private options!: ConnectionThrottleOptions;
  private readonly random: () => number;
  private tokensMax = 0;
  private fillCount = 0;

  /** `random`: a number from 0 to below 1. */
  constructor(memory: SharedArrayBuffer, options: ConnectionThrottleOptions, random: () => number) {
    this.words = new Int32Array(memory);
    this.random = random;
    this.configure(options);
  }

  /** What has been taken of the bucket stays taken. */
  configure(options: ConnectionThrottleOptions): void {
    this.options = options;
    const unit = options.weighted ? options.newSessionWeight : 1;
    this.tokensMax = options.tokensMax * unit;
    this.fillCount = options.fillCount * unit;
  }

  static byteLength(): number {
    return 16;
  }

  /** The chance with which a client is dropped, of any thread's view of the memory. */
  static dropProbability(memory: SharedArrayBuffer): number {
    return Atomics.load(new Int32Array(memory), CHANCE) / CHANCE_ONE;
  }

  /** Whether the client may come in; if so its tokens are taken. */
  tryPass(renews: boolean, nowMs: number): boolean {
    if (this.tokensMax <= 0) return true;
    const now = nowMs | 0 || 1;
    this.refill(now);
    if (this.options.freezeMs !== -1) {
      this.adjustChance(now);
      if (this.random() * CHANCE_ONE < Atomics.load(this.words, CHANCE)) return false;
    }
    const { weighted, newSessionWeight, renewWeight } = this.options;
    const needed = weighted ? (renews ? renewWeight : newSessionWeight) : 1;
    for (;;) {
      const taken = Atomics.load(this.words, TAKEN);
      if (taken + needed > this.tokensMax) return false;
      if (Atomics.compareExchange(this.words, TAKEN, taken, taken + needed) === taken) return true;
    }
  }

  /** Tokens that are taken of a bucket, 0 without one. */
  get deficit(): number {
    return this.tokensMax > 0 ? Atomics.load(this.words, TAKEN) : 0;
  }

  private refill(now: number): void {
    const filled = this.sinceOrNow(FILLED_MS, now);
    const elapsedMs = (now - filled) | 0;
    if (elapsedMs <= this.options.fillMs) return;
    // Whoever moves the time adds the tokens.
    if (Atomics.compareExchange(this.words, FILLED_MS, filled, now) !== filled) return;
    const added = Math.trunc((elapsedMs * this.fillCount) / Math.max(this.options.fillMs, 1));
    for (;;) {
      const taken = Atomics.load(this.words, TAKEN);
      if (Atomics.compareExchange(this.words, TAKEN, taken, Math.max(taken - added, 0)) === taken) return;
    }
  }

  private adjustChance(now: number): void {
    const changed = this.sinceOrNow(CHANCE_MS, now);
    if (((now - changed) | 0) <= this.options.freezeMs) return;
    if (Atomics.compareExchange(this.words, CHANCE_MS, changed, now) !== changed) return;
    const taken = Atomics.load(this.words, TAKEN);
    const chance = Atomics.load(this.words, CHANCE) / CHANCE_ONE;
    let next = chance;
    if (taken === this.tokensMax) next = Math.min(chance + this.options.dropIncrease, 1);
    else if (taken <= Math.round(this.tokensMax * this.options.decreaseRatio)) {
      next = Math.max(chance - this.options.dropDecrease, 0);
    }
    Atomics.store(this.words, CHANCE, Math.round(next * CHANCE_ONE));
  }

  /** A time word, which begins now if nobody has set it. */
  private sinceOrNow(word: number, now: number): number {
    const before = Atomics.compareExchange(this.words, word, 0, now);
    return before === 0 ? now : before;
  }
}
