// The only source of randomness in the deterministic layers: xoshiro128**, seeded, the same on every machine. Given
// to its user at construction; one generator belongs to one actor and is never shared. Not for secrets.
// Must never be seeded from the clock here: the shell that starts an actor draws the seed and can print it.

import { assert } from './assert.js';

const TWO_32 = 0x1_0000_0000;

export class Prng {
  private s0: number;
  private s1: number;
  private s2: number;
  private s3: number;
  private readonly seed: number;

  constructor(seed: number) {
    this.seed = seed >>> 0;
    // splitmix32 spreads a small seed over the state; four of its consecutive outputs are never all zero.
    let x = this.seed;
    const spread = (): number => {
      x = (x + 0x9e3779b9) | 0;
      let z = x;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return z ^ (z >>> 15);
    };
    this.s0 = spread();
    this.s1 = spread();
    this.s2 = spread();
    this.s3 = spread();
  }

  /** 0 … 2^32 - 1. */
  next32(): number {
    const x = Math.imul(this.s1, 5);
    const result = Math.imul((x << 7) | (x >>> 25), 9) >>> 0;
    const t = this.s1 << 9;
    this.s2 ^= this.s0;
    this.s3 ^= this.s1;
    this.s1 ^= this.s2;
    this.s0 ^= this.s3;
    this.s2 ^= t;
    this.s3 = (this.s3 << 11) | (this.s3 >>> 21);
    return result;
  }

  /** 0 … n - 1. For n up to 2^32; the bias is below n / 2^32. */
  below(n: number): number {
    assert(n >= 1 && n <= TWO_32, 'below: n out of range');
    return Math.floor((this.next32() / TWO_32) * n);
  }

  /** 0 <= x < 1, 53 bits. */
  float(): number {
    const upper = this.next32() >>> 5;
    const lower = this.next32() >>> 6;
    return (upper * 0x400_0000 + lower) / 0x20_0000_0000_0000;
  }

  /**
   * A generator of its own for the named purpose. It depends on the seed and the name only, not on what was drawn
   * before: one more draw in one place leaves all other streams as they were.
   */
  fork(name: string): Prng {
    let hash = Math.imul(this.seed ^ 0x811c9dc5, 0x01000193);
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
    return new Prng(hash ^ (hash >>> 15));
  }
}
