/**
 * A mailbox between two actors of one thread: the same records and the same rules as a ring (committed records become
 * visible at publish, a record's bytes stay put until its drain is over), in plain memory that grows. One object is both
 * ends. `hasRoom` says no above a soft limit, so that pressure goes back within a thread as it does between threads.
 *
 *   place    [ . . | r | r | r | . . . . . . . | r | r | padding ]      as in `ring-layout.ts`, without its head lines
 *                            ^ tail             ^ released
 *
 *   Invariant: released <= position <= published <= tail <= released + capacity, as wrapping differences
 *   released .. position   handed out by the drain that is running: not to be written over
 *   position .. published  what the next drain may take
 *   published .. tail      committed, not published
 */

import { assert } from '../../base/assert.js';
import { LinkTally, privateLinkTally } from './link-tally.js';
import type { LinkSender, MailboxReceiver, RecordHandler } from './mailbox.js';
import { PADDING, RECORD_HEADER_BYTES, recordBytes } from './ring-layout.js';

const CAPACITY_MIN_BYTES = 16 * 1024;
const CAPACITY_MAX_BYTES = 1 << 30;

export class LocalMailbox implements LinkSender, MailboxReceiver {
  bytes: Uint8Array;
  words: Int32Array;
  offset = 0;

  private capacity = CAPACITY_MIN_BYTES;
  private readonly roomBytes: number;
  private tally: Float64Array;
  private released = 0;
  private position = 0;
  private published = 0;
  private tail = 0;

  private claimOpen = false;
  private claimedType = 0;
  private claimedLength = 0;
  private claimedPosition = 0;
  private recordsUncounted = 0;
  private draining = false;
  private refused = false;

  constructor(roomBytes: number, tally: Float64Array = privateLinkTally()) {
    this.roomBytes = roomBytes;
    this.tally = tally;
    const memory = new ArrayBuffer(this.capacity);
    this.bytes = new Uint8Array(memory);
    this.words = new Int32Array(memory);
  }

  /** Both ends are one object, but only the sending actor's counters are the right place for its tally. */
  countInto(tally: Float64Array): void {
    this.tally = tally;
  }

  get spilled(): boolean {
    return false;
  }

  get hasUnpublished(): boolean {
    return this.published !== this.tail;
  }

  get awaitsRoom(): boolean {
    return this.refused;
  }

  get isEmpty(): boolean {
    return this.position === this.published;
  }

  claim(type: number, length: number): void {
    assert(!this.claimOpen, 'a record is committed before the next is claimed');
    assert(type >= 0 && length >= 0, 'a record has a type and a length of 0 or more');
    this.claimOpen = true;
    this.claimedType = type;
    this.claimedLength = length;
    const size = recordBytes(length);
    let index = this.tail & (this.capacity - 1);
    let padding = size > this.capacity - index ? this.capacity - index : 0;
    if (size + padding > this.capacity - ((this.tail - this.released) | 0)) {
      this.grow(size);
      index = this.tail & (this.capacity - 1);
      padding = 0;
    }
    if (padding > 0) {
      this.words[index >> 2] = padding - RECORD_HEADER_BYTES;
      this.words[(index >> 2) + 1] = PADDING;
      index = 0;
    }
    this.claimedPosition = (this.tail + padding) | 0;
    this.offset = index + RECORD_HEADER_BYTES;
  }

  commit(length: number = this.claimedLength): void {
    assert(this.claimOpen, 'a record is claimed before it is committed');
    assert(length >= 0 && length <= this.claimedLength, 'no more is committed than was claimed');
    this.claimOpen = false;
    const word = (this.claimedPosition & (this.capacity - 1)) >> 2;
    this.words[word] = length;
    this.words[word + 1] = this.claimedType;
    this.tail = (this.claimedPosition + recordBytes(length)) | 0;
    this.recordsUncounted++;
  }

  abandon(): void {
    this.claimOpen = false;
  }

  hasRoom(byteCount: number): boolean {
    if (this.depth() === 0 || this.depth() + byteCount <= this.roomBytes) return true;
    this.tally[LinkTally.refusals] += 1;
    this.refused = true;
    return false;
  }

  roomNow(): boolean {
    return this.depth() <= this.roomBytes >> 1;
  }

  settleRoom(): boolean {
    if (!this.refused || !this.roomNow()) return false;
    this.refused = false;
    return true;
  }

  publish(): void {
    if (this.published === this.tail) return;
    this.published = this.tail;
    const tally = this.tally;
    const depth = this.depth();
    tally[LinkTally.records] += this.recordsUncounted;
    this.recordsUncounted = 0;
    tally[LinkTally.publishes] += 1;
    tally[LinkTally.depthBytes] = depth;
    if (depth > tally[LinkTally.depthBytesMax]) tally[LinkTally.depthBytesMax] = depth;
  }

  drain(handler: RecordHandler, limit: number): number {
    assert(!this.draining, 'a mailbox is not drained from inside its own handler');
    if (this.position === this.published) return 0;
    let count = 0;
    this.draining = true;
    try {
      while (count < limit && this.position !== this.published) {
        // Memory and positions are looked up anew each time: a handler may have sent into this very mailbox and made it grow.
        const index = this.position & (this.capacity - 1);
        const length = this.words[index >> 2];
        const type = this.words[(index >> 2) + 1];
        this.position = (this.position + recordBytes(length)) | 0;
        if (type === PADDING) continue;
        count++;
        handler(type, this.bytes, this.words, index + RECORD_HEADER_BYTES, length);
      }
    } finally {
      this.draining = false;
      this.released = this.position;
      this.tally[LinkTally.depthBytes] = this.depth();
      if (this.released === this.tail && this.capacity > this.roomBytes * 4 && !this.claimOpen) this.shrink();
    }
    return count;
  }

  private depth(): number {
    return (this.tail - this.position) | 0;
  }

  /**
   * Moves what has not been handed out into new memory, from its beginning. The old memory stays as it is for the drain
   * that may be running. Old and new positions mean the same records; only the places differ, so `position` is kept on a
   * multiple of the new capacity.
   */
  private grow(size: number): void {
    const [oldBytes, oldWords, oldMask] = [this.bytes, this.words, this.capacity - 1];
    const kept = (this.tail - this.position) | 0;
    let capacity = this.capacity * 2;
    while (capacity < (kept + size) * 2) capacity *= 2;
    assert(capacity <= CAPACITY_MAX_BYTES, `a local mailbox of ${capacity} bytes`);
    this.replace(capacity);

    let to = 0;
    let publishedTo = 0;
    for (let from = this.position; from !== this.tail; ) {
      if (from === this.published) publishedTo = to;
      const index = from & oldMask;
      const recordSize = recordBytes(oldWords[index >> 2]);
      if (oldWords[(index >> 2) + 1] !== PADDING) {
        this.bytes.set(oldBytes.subarray(index, index + recordSize), to);
        to += recordSize;
      }
      from = (from + recordSize) | 0;
    }
    if (this.published === this.tail) publishedTo = to;
    this.position = 0;
    this.released = 0;
    this.published = publishedTo;
    this.tail = to;
  }

  private shrink(): void {
    this.replace(CAPACITY_MIN_BYTES);
    this.released = 0;
    this.position = 0;
    this.published = 0;
    this.tail = 0;
  }

  private replace(capacity: number): void {
    const memory = new ArrayBuffer(capacity);
    this.capacity = capacity;
    this.bytes = new Uint8Array(memory);
    this.words = new Int32Array(memory);
  }
}
