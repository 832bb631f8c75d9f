/**
 * When a request came, in one word of its record: the low 32 bits of monotonic time in parts of a millisecond, as fine as the cells of
 * the histograms that its latency ends in (actor/counters/log-linear-histogram.ts). Pure; any thread: all have one origin
 * (actor/system-clock.ts).
 *
 *   bit 31                              6 5        0
 *      +---------------------------------+----------+
 *      | milliseconds, their low 26 bits | of 64    |     wraps after 18 hours; no request is on its way for nine
 *      +---------------------------------+----------+
 */

const PARTS = 64;
const PART_BITS = 6;

export function arrivalAt(nowMs: number): number {
  return (nowMs * PARTS) | 0;
}

/** Milliseconds from then until now, in steps of 1/64; clocks of two threads may be apart by microseconds, so never less than 0. */
export function msSince(arrival: number, nowMs: number): number {
  const parts = (arrivalAt(nowMs) - arrival) | 0;
  return parts > 0 ? parts / PARTS : 0;
}

/** By a clock of whole milliseconds, as the reference measures: of two requests that took 0.3 ms one may have taken 0, one 1. */
export function wholeMsSince(arrival: number, nowMs: number): number {
  const parts = (arrivalAt(nowMs) - (arrival & -PARTS)) | 0;
  return parts > 0 ? parts >> PART_BITS : 0;
}
