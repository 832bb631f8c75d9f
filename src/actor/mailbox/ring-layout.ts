/**
 * Memory of one ring: a SharedArrayBuffer with exactly one producing and one consuming thread. Made by the actor system
 * before either starts; outlives both, so that a thread that was replaced goes on where the last one published.
 *
 *   byte 0                    128                    256                                     256 + capacity
 *   +-------------------------+----------------------+----------------------------------------+
 *   | producer's line         | consumer's line      | records                                |
 *   |   0 tail                |   128 head           | capacity bytes, a power of two         |
 *   |   4 generation          |   132 stalled        |                                        |
 *   +-------------------------+----------------------+----------------------------------------+
 *
 * The lines are 128 bytes apart, since processors fetch cache lines in pairs. `tail` and `head` are positions: bytes
 * produced and consumed since the beginning, as wrapping int32; a position's place is `position & (capacity - 1)`.
 *
 *   Invariant: 0 <= (tail - head) | 0 <= capacity
 *
 * Written by the producer: tail, generation, stalled. Written by the consumer: head. `stalled` is 1 while the producer
 * waits for room; it lies in the consumer's line because the consumer looks at it after each drain.
 * `generation` counts the producers this ring has had; it tells bodies of large records apart.
 *
 * One record, always at a multiple of 8 and never split by the end of the ring:
 *
 *   +0            +4           +8                     +8 + length      rounded up to 8
 *   +-------------+------------+----------------------+----------------+
 *   | length      | type       | payload              | (undefined)    |
 *   +-------------+------------+----------------------+----------------+
 *
 * Types are 0 or more. Two are the ring's own:
 *   PADDING   fills the rest of the ring when the next record does not fit there; `length` leads exactly to the end
 *   TICKET    stands for a record above `recordBytesMax`, whose body travels beside the ring. Payload, in words:
 *             [type, generation, body's number, length]
 */

import { assert } from '../../base/assert.js';

export const TAIL_WORD = 0;
export const GENERATION_WORD = 1;
export const HEAD_WORD = 128 / 4;
export const STALLED_WORD = HEAD_WORD + 1;
export const DATA_OFFSET = 256;
export const DATA_WORD = DATA_OFFSET / 4;

export const RECORD_HEADER_BYTES = 8;
export const PADDING = -1;
export const TICKET = -2;
export const TICKET_BYTES = 16;

const RING_CAPACITY_MIN = 1024;
const RING_CAPACITY_MAX = 1 << 29;

/** Bytes a record takes in a ring, or in a queue in front of one. */
export function recordBytes(payloadLength: number): number {
  return (payloadLength + RECORD_HEADER_BYTES + 7) & ~7;
}

/** The largest record, header included, that goes through a ring itself. */
export function recordBytesMax(capacity: number): number {
  return capacity >> 3;
}

export function createRing(capacity: number): SharedArrayBuffer {
  assert(
    capacity >= RING_CAPACITY_MIN && capacity <= RING_CAPACITY_MAX && (capacity & (capacity - 1)) === 0,
    `a ring of ${capacity} bytes: must be a power of two from ${RING_CAPACITY_MIN} to ${RING_CAPACITY_MAX}`,
  );
  return new SharedArrayBuffer(DATA_OFFSET + capacity);
}

export function ringCapacity(ring: SharedArrayBuffer): number {
  return ring.byteLength - DATA_OFFSET;
}

/** Bytes published and not yet consumed, as seen from any thread. */
export function ringDepth(ring: SharedArrayBuffer): number {
  const words = new Int32Array(ring, 0, DATA_WORD);
  const head = Atomics.load(words, HEAD_WORD);
  return Math.max(0, (Atomics.load(words, TAIL_WORD) - head) | 0);
}
