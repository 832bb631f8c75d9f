// An array queue, first in first out, that never moves its elements and never shrinks by surprise. One owner, one
// thread. The capacity is a power of two and doubles when full; slots are cleared when taken, so nothing is kept
// alive by the queue after it left.
//
//   slots    [ . | . | a | b | c | . | . | . ]      capacity 8, mask 7, head 2, length 3
//                      ^           ^
//                    head         (head + length) & mask: where the next one goes
//
//   wrapped  [ g | h | . | . | . | . | e | f ]      head 6, length 4
//
// head is a slot number; the queue holds slots head, head + 1, … modulo the capacity.

import { assert } from './assert.js';

const CAPACITY_MIN = 16;

export class Fifo<T> {
  private slots: (T | undefined)[];
  private mask: number;
  private head = 0; // Invariant: 0 <= head <= mask
  private count = 0; // Invariant: 0 <= count <= mask + 1

  constructor(capacity = CAPACITY_MIN) {
    let size = CAPACITY_MIN;
    while (size < capacity) size *= 2;
    this.slots = new Array<T | undefined>(size).fill(undefined);
    this.mask = size - 1;
  }

  get length(): number {
    return this.count;
  }

  get isEmpty(): boolean {
    return this.count === 0;
  }

  push(item: T): void {
    if (this.count > this.mask) this.grow();
    this.slots[(this.head + this.count) & this.mask] = item;
    this.count++;
  }

  shift(): T | undefined {
    if (this.count === 0) return undefined;
    const item = this.slots[this.head];
    this.slots[this.head] = undefined;
    this.head = (this.head + 1) & this.mask;
    this.count--;
    return item;
  }

  /** The oldest element, left in place. */
  peek(): T | undefined {
    return this.at(0);
  }

  /** The element with this distance from the oldest one, undefined beyond the newest. */
  at(index: number): T | undefined {
    assert(index >= 0, 'fifo index');
    if (index >= this.count) return undefined;
    return this.slots[(this.head + index) & this.mask];
  }

  clear(): void {
    this.slots.fill(undefined);
    this.head = 0;
    this.count = 0;
  }

  /** Oldest first. The queue must not be changed on the way. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (let i = 0; i < this.length; i++) yield this.at(i) as T;
  }

  private grow(): void {
    const capacity = this.slots.length;
    const bigger = new Array<T | undefined>(capacity * 2).fill(undefined);
    for (let i = 0; i < capacity; i++) bigger[i] = this.slots[(this.head + i) & this.mask];
    this.slots = bigger;
    this.mask = capacity * 2 - 1;
    this.head = 0;
  }
}
