// How old transactions are when something happens to them: entries by the millisecond, cursors that move over them.

import { expect, test } from 'vitest';
import { writeInt32 } from '../../../src/base/bytes.js';
import { hiOfNumber, loOfNumber } from '../../../src/base/int64.js';
import { AgeCursor, TxnAges } from '../../../src/zab/txn-ages.js';

const WALL_MS = 1_700_000_000_000;

function entryAt(ms: number): Uint8Array {
  const entry = new Uint8Array(32);
  writeInt32(entry, 20, hiOfNumber(ms));
  writeInt32(entry, 24, loOfNumber(ms));
  return entry;
}

function noted(ages: TxnAges, epoch: number, from: number, to: number, ms: number): void {
  for (let counter = from; counter <= to; counter++) ages.note(epoch, counter | 0, entryAt(WALL_MS + ms), 0);
}

function moved(ages: TxnAges, cursor: AgeCursor, counter: number): string {
  const seen: string[] = [];
  while (ages.advance(cursor, counter)) seen.push(`${cursor.transactions} made at ${cursor.madeMs - WALL_MS}`);
  return seen.join(', ');
}

test('transactions of one millisecond are told together, however the cursor comes', () => {
  const ages = new TxnAges();
  const cursor = new AgeCursor();
  noted(ages, 1, 1, 5, 10);
  noted(ages, 1, 6, 7, 12);
  expect(moved(ages, cursor, 3)).toBe('3 made at 10');
  expect(moved(ages, cursor, 6)).toBe('2 made at 10, 1 made at 12');
  noted(ages, 1, 8, 9, 12);
  expect(moved(ages, cursor, 9)).toBe('3 made at 12');
  expect(moved(ages, cursor, 9)).toBe('');
});

test('what a cursor passes over is not told', () => {
  const ages = new TxnAges();
  const cursor = new AgeCursor();
  noted(ages, 1, 1, 5, 10);
  cursor.passOver(4);
  expect(moved(ages, cursor, 5)).toBe('1 made at 10');
});

test('asked beyond what was noted, it says what it knows and goes on later', () => {
  const ages = new TxnAges();
  const cursor = new AgeCursor();
  noted(ages, 1, 1, 2, 10);
  expect(moved(ages, cursor, 4)).toBe('2 made at 10');
  noted(ages, 1, 3, 4, 11);
  expect(moved(ages, cursor, 4)).toBe('2 made at 11');
});

test('another epoch begins anew', () => {
  const ages = new TxnAges();
  noted(ages, 1, 1, 9, 10);
  noted(ages, 2, 1, 2, 20);
  expect(moved(ages, new AgeCursor(), 2)).toBe('2 made at 20');
});

test('a cursor that was left behind goes on with what is kept', () => {
  const ages = new TxnAges();
  const cursor = new AgeCursor();
  for (let i = 1; i <= 10_000; i++) noted(ages, 1, i, i, i);
  const seen = moved(ages, cursor, 10_000);
  expect(seen.endsWith('1 made at 10000')).toBe(true);
  expect(cursor.counter).toBe(10_000);
});

test('counters of 31 bits and more are numbers', () => {
  const ages = new TxnAges();
  const cursor = new AgeCursor();
  cursor.passOver(0x7fffffff);
  noted(ages, 1, 0x80000000, 0x80000002, 10);
  expect(moved(ages, cursor, 0x80000002)).toBe('3 made at 10');
});
