import { describe, expect, test } from 'vitest';
import { Fifo } from '../../../src/base/fifo.js';
import { Prng } from '../../../src/base/prng.js';

describe('Fifo', () => {
  test('behaves as an array does, through growth and wrap-around', () => {
    const prng = new Prng(11);
    const fifo = new Fifo<number>();
    const model: number[] = [];
    for (let i = 0; i < 20_000; i++) {
      // phases that fill and phases that drain
      const fills = Math.floor(i / 700) % 2 === 0;
      if ((prng.below(3) !== 0) === fills) {
        fifo.push(i);
        model.push(i);
      } else {
        expect(fifo.shift()).toBe(model.shift());
      }
      expect(fifo.length).toBe(model.length);
      expect(fifo.isEmpty).toBe(model.length === 0);
      expect(fifo.peek()).toBe(model[0]);
      const index = prng.below(model.length + 2);
      expect(fifo.at(index)).toBe(model[index]);
    }
    expect([...fifo]).toEqual(model);
  });

  test('an empty queue gives undefined and can be used again after clear', () => {
    const fifo = new Fifo<string>(3);
    expect(fifo.shift()).toBeUndefined();
    fifo.push('a');
    fifo.push('b');
    fifo.clear();
    expect(fifo.isEmpty).toBe(true);
    expect([...fifo]).toEqual([]);
    fifo.push('c');
    expect(fifo.shift()).toBe('c');
  });
});
