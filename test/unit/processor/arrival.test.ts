import { describe, expect, it } from 'vitest';
import { arrivalAt, msSince, wholeMsSince } from '../../../src/processor/arrival.js';

/** A machine that has been up for days: the word has wrapped, and stands just before its sign changes. */
const WRAP_MS = 2 ** 26;
const SIGN_MS = 2 ** 25;

describe('since a request came', () => {
  it.each([0, 1, SIGN_MS, WRAP_MS, 100 * WRAP_MS + 12_345])('is told in parts of a millisecond around %d ms', (ms) => {
    const arrival = arrivalAt(ms - 0.25);
    expect(msSince(arrival, ms - 0.25)).toBe(0);
    expect(msSince(arrival, ms + 0.25)).toBe(0.5);
    expect(msSince(arrival, ms + 3_600_000)).toBe(3_600_000.25);
  });

  it.each([1, SIGN_MS, WRAP_MS, 3 * WRAP_MS])('is told by a clock of whole milliseconds around %d ms', (ms) => {
    expect(wholeMsSince(arrivalAt(ms + 0.2), ms + 0.9)).toBe(0);
    expect(wholeMsSince(arrivalAt(ms - 0.1), ms + 0.1)).toBe(1);
    expect(wholeMsSince(arrivalAt(ms - 0.1), ms + 41.9)).toBe(42);
  });

  it('is nothing by a clock that is a little behind', () => {
    expect(msSince(arrivalAt(5), 4.9)).toBe(0);
    expect(wholeMsSince(arrivalAt(5), 4.9)).toBe(0);
  });
});
