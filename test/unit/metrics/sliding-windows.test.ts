import { expect, test } from 'vitest';
import { SlidingWindows, WINDOW_COPIES } from '../../../src/metrics/sliding-windows.js';

const cells = (value: number): Float64Array => Float64Array.of(value, 10 * value);
const recent = (windows: SlidingWindows, value: number, resets = 0): number[] => [
  ...windows.recent('a', cells(value), resets),
];

test('until the window has gone round once, everything is recent', () => {
  const windows = new SlidingWindows();
  expect(recent(windows, 7)).toEqual([7, 70]);
  for (let i = 1; i < WINDOW_COPIES; i++) windows.rotate(new Map([['a', cells(i)]]), 0);
  expect(recent(windows, 9)).toEqual([9, 90]);
});

test('then what is older than the oldest copy is not', () => {
  const windows = new SlidingWindows();
  for (let i = 1; i <= WINDOW_COPIES + 2; i++) windows.rotate(new Map([['a', cells(i)]]), 0);
  expect(recent(windows, 12)).toEqual([12 - 3, 90]);
  for (let i = 0; i < WINDOW_COPIES; i++) windows.rotate(new Map([['a', cells(12)]]), 0);
  expect(recent(windows, 12)).toEqual([0, 0]);
});

test('what came up only lately is recent as a whole', () => {
  const windows = new SlidingWindows();
  for (let i = 1; i <= WINDOW_COPIES; i++) windows.rotate(new Map([['b', cells(i)]]), 0);
  expect(recent(windows, 5)).toEqual([5, 50]);
});

test('a reset makes the copies worthless', () => {
  const windows = new SlidingWindows();
  for (let i = 1; i <= WINDOW_COPIES; i++) windows.rotate(new Map([['a', cells(100)]]), 0);
  expect(recent(windows, 4, 1)).toEqual([4, 40]);
  windows.rotate(new Map([['a', cells(4)]]), 1);
  expect(recent(windows, 6, 1)).toEqual([6, 60]);
});
