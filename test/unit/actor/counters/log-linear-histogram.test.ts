import { expect, test } from 'vitest';
import {
  cellLeast,
  cellMiddle,
  countBelow,
  HISTOGRAM_CELLS,
  histogramCell,
  valueAt,
} from '../../../../src/actor/counters/log-linear-histogram.js';
import { Prng } from '../../../../src/base/prng.js';

test('every cell begins where the one before ends, and holds its own bounds', () => {
  for (let cell = 0; cell < HISTOGRAM_CELLS; cell++) {
    expect(histogramCell(cellLeast(cell))).toBe(cell);
    if (cell > 0) expect(histogramCell(cellLeast(cell) - Math.min(1, cellLeast(cell)) / 64)).toBeLessThan(cell);
  }
  expect(cellLeast(HISTOGRAM_CELLS)).toBe(2 ** 31);
});

test('whole numbers below 32 are exact, greater ones and fractions from a half on are shown within 1/32', () => {
  const prng = new Prng(7);
  for (let value = 0; value < 32; value++) expect(Math.floor(cellMiddle(histogramCell(value)))).toBe(value);
  for (let i = 0; i < 20_000; i++) {
    const value = 0.5 + prng.float() * 2 ** (i % 31);
    expect(Math.abs(cellMiddle(histogramCell(value)) - value) / value).toBeLessThanOrEqual(1 / 32);
  }
  for (let i = 0; i < 2000; i++) {
    const value = prng.float() / 2;
    expect(Math.abs(cellMiddle(histogramCell(value)) - value)).toBeLessThanOrEqual(1 / 128);
  }
});

test('what is too great goes into the last cell', () => {
  expect(histogramCell(2 ** 40)).toBe(HISTOGRAM_CELLS - 1);
  expect(histogramCell(Number.POSITIVE_INFINITY)).toBe(HISTOGRAM_CELLS - 1);
});

test('percentiles of random values are those of the sorted list', () => {
  const prng = new Prng(11);
  const cells = new Float64Array(HISTOGRAM_CELLS);
  const values = Array.from({ length: 5000 }, () => prng.below(1 + prng.below(5000)));
  for (const value of values) cells[histogramCell(value)] += 1;
  values.sort((a, b) => a - b);
  for (const share of [0.001, 0.5, 0.9, 0.95, 0.99, 0.999, 1]) {
    const exact = values[Math.ceil(share * values.length) - 1];
    expect(Math.abs(Math.floor(valueAt(cells, share)) - exact)).toBeLessThanOrEqual(exact / 32);
  }
  for (const bound of [1, 7, 16, 31, 512, 1024]) {
    expect(countBelow(cells, bound)).toBe(values.filter((value) => value < bound).length);
  }
});

test('of nothing, every percentile is 0', () => {
  expect(valueAt(new Float64Array(HISTOGRAM_CELLS), 0.99)).toBe(0);
});
