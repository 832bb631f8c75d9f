import { expect, test } from 'vitest';
import { CounterSet } from '../../../../src/actor/counters/counters.js';
import { createCountersBuffer } from '../../../../src/actor/counters/counters-layout.js';
import { CountersReader } from '../../../../src/actor/counters/counters-reader.js';

test('a reader sees names and values of all owners, also those registered later', () => {
  const [prep, sync] = [createCountersBuffer(), createCountersBuffer()];
  const reader = new CountersReader({ prep, sync });
  const prepCounters = new CounterSet(prep);
  const taken = prepCounters.register('taken');
  prepCounters.add(taken, 5);
  expect(reader.snapshot()).toEqual({ prep: { taken: 5 } });

  const syncCounters = new CounterSet(sync);
  const [taken2, depthMax] = [syncCounters.register('taken'), syncCounters.register('depth_max')];
  syncCounters.increment(taken2);
  syncCounters.max(depthMax, 9);
  syncCounters.max(depthMax, 3);
  expect(reader.snapshot()).toEqual({ prep: { taken: 5 }, sync: { taken: 1, depth_max: 9 } });
  expect(reader.sum('taken')).toBe(6);
  expect(reader.sum('taken', 's')).toBe(1);
  expect(reader.get('sync', 'depth_max')).toBe(9);
  expect(reader.get('sync', 'unheard_of')).toBe(0);
});

test('a new owner of the memory goes on with the values of the one before', () => {
  const buffer = createCountersBuffer();
  const before = new CounterSet(buffer);
  before.set(before.register('a'), 1);
  before.set(before.register('b'), 2);
  const after = new CounterSet(buffer);
  expect(after.get(after.register('b'))).toBe(2);
  after.set(after.register('c'), 3);
  expect(new CountersReader({ owner: buffer }).snapshot()).toEqual({ owner: { a: 1, b: 2, c: 3 } });
});

test('a block is a view of neighbours', () => {
  const counters = new CounterSet(createCountersBuffer());
  counters.register('first');
  const block = counters.registerBlock(['x', 'y']);
  block[1] += 4;
  expect(counters.get(counters.register('y'))).toBe(4);
  expect(() => counters.registerBlock(['y', 'first'])).toThrow('not a neighbour');
});

test('what does not fit is refused when it is registered', () => {
  const counters = new CounterSet(createCountersBuffer(1));
  expect(() => counters.register('x'.repeat(64))).toThrow('64 characters');
  expect(() => counters.register('with space')).toThrow('outside printable ASCII');
  counters.register('only');
  expect(() => counters.register('more')).toThrow('no room for counter more');
});
