import { expect, test } from 'vitest';
import {
  cellLeast,
  cellMiddle,
  countUpTo,
  HISTOGRAM_CELLS,
  histogramCell,
  valueAt,
} from '../../../../src/actor/counters/log-linear-histogram.js';
import { Prng } from '../../../../src/base/prng.js';

test('every cell begins where the one before ends, and holds its own bounds', () => {
  for (let cell = 0; cell < HISTOGRAM_CELLS; cell++) {
    expect(histogramCell(cellLeast(cell))).toBe(cell);
    if (cell > 0) expect(histogramCell(cellLeast(cell) - 1)).toBe(cell - 1);
  }
  expect(cellLeast(HISTOGRAM_CELLS)).toBe(2 ** 31);
});

test('whole numbers below 32 are exact, greater ones are shown within 1/32', () => {
  const prng = new Prng(7);
  for (let value = 0; value < 32; value++) expect(cellMiddle(histogramCell(value))).toBe(value);
  for (let i = 0; i < 20_000; i++) {
    const value = 32 + prng.below(2 ** (6 + (i % 25)));
    expect(Math.abs(cellMiddle(histogramCell(value)) - value) / value).toBeLessThanOrEqual(1 / 32);
  }
});

test('fractions are dropped, and what is too great goes into the last cell', () => {
  expect(histogramCell(3.99)).toBe(3);
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
    expect(Math.abs(valueAt(cells, share) - exact)).toBeLessThanOrEqual(exact / 32);
  }
  expect(countUpTo(cells, 15)).toBe(values.filter((value) => value <= 15).length);
  expect(countUpTo(cells, 1023)).toBe(values.filter((value) => value <= 1023).length);
});

test('of nothing, every percentile is 0', () => {
  expect(valueAt(new Float64Array(HISTOGRAM_CELLS), 0.99)).toBe(0);
});
