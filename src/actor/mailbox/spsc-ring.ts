/**
 * A mailbox between two threads: a ring in shared memory with one producer (`RingSender`) and one consumer
 * (`RingReceiver`), each on its own thread and sharing nothing but the memory drawn in `ring-layout.ts`.
 * Costs per batch, not per record: the producer stores the tail once per publish, the consumer loads it once per drain
 * and stores the head once per drain. Neither waits, neither allocates, except for large records and the spill.
 *
 * Memory order. Records are written and read with plain accesses; `Atomics.store(tail)` after writing and
 * `Atomics.load(tail)` before reading order them (release, acquire), and so do `Atomics.store(head)` after reading and
 * `Atomics.load(head)` before writing over. Atomics are sequentially consistent, which the two flag protocols need:
 *
 *   stalled   producer: store stalled = 1, load head        consumer: store head, load stalled
 *   parked    consumer: store parked = 1, load tail         producer: store tail, load parked     (`wake/doorbell.ts`)
 *
 * In each, both sides write one word and then read the other's. In the single order of all sequentially consistent
 * accesses one of the two writes is first, and the other side's read, which comes after that side's own write, sees it:
 * it cannot be that both miss. A plain store followed by a plain load may be exchanged even on x86, hence the Atomics.
 */

import { assert } from '../../base/assert.js';
import { copyBytes } from '../../base/bytes.js';
import { silentBell, WakeTarget } from '../wake/bell.js';
import { DirectBodies, type LargeBody, LargeInbox, LargeOutbox } from './large-record.js';
import { LinkTally, privateLinkTally } from './link-tally.js';
import type { LinkSender, MailboxReceiver, RecordHandler } from './mailbox.js';
import { RecordQueue } from './record-queue.js';
import {
  DATA_OFFSET,
  DATA_WORD,
  GENERATION_WORD,
  HEAD_WORD,
  PADDING,
  RECORD_HEADER_BYTES,
  recordBytes,
  recordBytesMax,
  ringCapacity,
  STALLED_WORD,
  TAIL_WORD,
  TICKET,
  TICKET_BYTES,
} from './ring-layout.js';

/** `hasRoom` wants this much beside the payload: a record's header and a little for the padding at the end. */
const ROOM_SLACK_BYTES = 64;

const Claim = { none: 0, ring: 1, spill: 2, large: 3 } as const;
type Claim = (typeof Claim)[keyof typeof Claim];

export interface RingSenderOptions {
  readonly tally?: Float64Array;
  /** The consumer's thread. */
  readonly target?: WakeTarget;
  /** Made for the generation this producer has; see `attachProducer`. */
  readonly large?: LargeOutbox;
}

/** Called once by each new producer of a ring, before it makes its `LargeOutbox`. */
export function attachProducer(ring: SharedArrayBuffer): number {
  return Atomics.add(new Int32Array(ring, 0, DATA_WORD), GENERATION_WORD, 1) + 1;
}

export class RingSender implements LinkSender {
  bytes: Uint8Array;
  words: Int32Array;
  offset = 0;

  private readonly ringBytes: Uint8Array;
  private readonly ringWords: Int32Array;
  private readonly capacity: number;
  private readonly recordMax: number;
  private readonly tally: Float64Array;
  private readonly target: WakeTarget;
  private readonly large: LargeOutbox;
  private readonly spill = new RecordQueue();

  // Invariant: headSeen <= tailPublished <= position <= headSeen + capacity, as wrapping differences.
  private position: number;
  private tailPublished: number;
  private headSeen: number;

  private claimed: Claim = Claim.none;
  private claimedType = 0;
  private claimedLength = 0;
  /** Where the claimed record begins: `position`, or behind the padding. */
  private claimedPosition = 0;
  private claimedBody: LargeBody | null = null;

  private recordsUncounted = 0;
  private stalled = false;
  private wantedBytes = 0;

  constructor(ring: SharedArrayBuffer, options: RingSenderOptions = {}) {
    this.ringBytes = new Uint8Array(ring);
    this.ringWords = new Int32Array(ring);
    this.bytes = this.ringBytes;
    this.words = this.ringWords;
    this.capacity = ringCapacity(ring);
    this.recordMax = recordBytesMax(this.capacity);
    this.tally = options.tally ?? privateLinkTally();
    this.target = options.target ?? new WakeTarget(silentBell);
    this.large = options.large ?? new LargeOutbox(new DirectBodies(), 0);
    this.position = Atomics.load(this.ringWords, TAIL_WORD);
    this.tailPublished = this.position;
    this.headSeen = Atomics.load(this.ringWords, HEAD_WORD);
    // A predecessor that died waiting for room left its flag up.
    Atomics.store(this.ringWords, STALLED_WORD, 0);
  }

  get spilled(): boolean {
    return !this.spill.isEmpty;
  }

  get awaitsRoom(): boolean {
    return this.stalled;
  }

  claim(type: number, length: number): void {
    assert(this.claimed === Claim.none, 'a record is committed before the next is claimed');
    assert(type >= 0 && length >= 0, 'a record has a type and a length of 0 or more');
    this.claimedType = type;
    this.claimedLength = length;
    const size = recordBytes(length);
    if (size > this.recordMax) this.claimLarge(length);
    else if (this.spill.isEmpty && this.tryReserve(size)) this.claimInRing();
    else this.claimInSpill();
  }

  commit(length: number = this.claimedLength): void {
    const claimed = this.claimed;
    assert(claimed !== Claim.none, 'a record is claimed before it is committed');
    assert(length >= 0 && length <= this.claimedLength, 'no more is committed than was claimed');
    this.claimed = Claim.none;
    this.recordsUncounted++;
    if (claimed === Claim.ring) {
      this.finishInRing(this.claimedType, length);
    } else if (claimed === Claim.spill) {
      this.spill.commit(length);
      this.tally[LinkTally.spilledRecords] += 1;
    } else {
      this.commitLarge(length);
    }
  }

  abandon(): void {
    this.claimed = Claim.none;
    if (this.claimedBody !== null) this.large.giveBack(this.claimedBody);
    this.claimedBody = null;
  }

  hasRoom(byteCount: number): boolean {
    if (this.spill.isEmpty) {
      // At most half of the ring is asked for: an empty ring must never refuse, or nobody would ever be woken.
      const wanted = Math.min(recordBytes(byteCount) + ROOM_SLACK_BYTES, this.capacity >> 1);
      if (this.hasFree(wanted) && this.largeFits(byteCount)) return true;
    }
    this.tally[LinkTally.refusals] += 1;
    this.stall(byteCount);
    return false;
  }

  get hasUnpublished(): boolean {
    return !this.spill.isEmpty || this.position !== this.tailPublished;
  }

  publish(): void {
    if (!this.spill.isEmpty) this.moveSpill();
    if (this.position === this.tailPublished) return;
    this.large.postNew();
    Atomics.store(this.ringWords, TAIL_WORD, this.position);
    this.tailPublished = this.position;
    this.target.pending = true;
    this.count();
  }

  roomNow(): boolean {
    this.refreshHead();
    // Half free, not just enough: a producer woken for each freed record would live for the wake-ups.
    if (this.used() > this.capacity >> 1) return false;
    if (this.spill.isEmpty) return this.largeFits(this.wantedBytes);
    return this.spill.frontType() !== TICKET || this.large.mayEnter(this.spilledTicketLength());
  }

  settleRoom(): boolean {
    if (!this.stalled || !this.spill.isEmpty || !this.roomNow()) return false;
    this.stalled = false;
    Atomics.store(this.ringWords, STALLED_WORD, 0);
    return true;
  }

  /** The consumer's thread was replaced; see `large-record.ts`. */
  repostBodies(): void {
    this.large.repost();
    this.target.pending = true;
  }

  private used(): number {
    return (this.position - this.headSeen) | 0;
  }

  private hasFree(byteCount: number): boolean {
    if (this.capacity - this.used() >= byteCount) return true;
    this.refreshHead();
    return this.capacity - this.used() >= byteCount;
  }

  private largeFits(byteCount: number): boolean {
    return recordBytes(byteCount) <= this.recordMax || this.mayEnterLarge(byteCount);
  }

  private mayEnterLarge(length: number): boolean {
    if (this.large.mayEnter(length)) return true;
    this.refreshHead();
    return this.large.mayEnter(length);
  }

  private refreshHead(): void {
    this.headSeen = Atomics.load(this.ringWords, HEAD_WORD);
    if (!this.large.isEmpty) this.large.release(this.headSeen);
  }

  /** Finds `size` bytes in one piece and sets `claimedPosition` to them; writes the padding if they are at the front. */
  private tryReserve(size: number): boolean {
    const index = this.position & (this.capacity - 1);
    const toEnd = this.capacity - index;
    const padding = size > toEnd ? toEnd : 0;
    if (!this.hasFree(size + padding)) return false;
    if (padding > 0) {
      const word = DATA_WORD + (index >> 2);
      this.ringWords[word] = padding - RECORD_HEADER_BYTES;
      this.ringWords[word + 1] = PADDING;
    }
    this.claimedPosition = (this.position + padding) | 0;
    return true;
  }

  private claimInRing(): void {
    this.claimed = Claim.ring;
    this.bytes = this.ringBytes;
    this.words = this.ringWords;
    this.offset = DATA_OFFSET + (this.claimedPosition & (this.capacity - 1)) + RECORD_HEADER_BYTES;
  }

  private finishInRing(type: number, length: number): void {
    const word = DATA_WORD + ((this.claimedPosition & (this.capacity - 1)) >> 2);
    this.ringWords[word] = length;
    this.ringWords[word + 1] = type;
    this.position = (this.claimedPosition + recordBytes(length)) | 0;
  }

  private claimInSpill(): void {
    this.claimed = Claim.spill;
    this.offset = this.spill.claim(this.claimedType, this.claimedLength);
    this.bytes = this.spill.bytes;
    this.words = this.spill.words;
    this.stall(0);
  }

  private claimLarge(length: number): void {
    this.claimed = Claim.large;
    this.claimedBody = this.large.open(length);
    this.bytes = this.claimedBody.bytes;
    this.words = this.claimedBody.words;
    this.offset = 0;
  }

  private commitLarge(length: number): void {
    const type = this.claimedType;
    const { id } = this.claimedBody!;
    this.large.add(this.claimedBody!, length);
    this.claimedBody = null;
    this.tally[LinkTally.largeRecords] += 1;
    if (this.spill.isEmpty && this.mayEnterLarge(length) && this.tryReserve(recordBytes(TICKET_BYTES))) {
      this.claimInRing();
      this.writeTicket(type, id, length);
      this.finishInRing(TICKET, TICKET_BYTES);
      this.large.ticketEntered(id, this.position);
    } else {
      this.claimedType = TICKET;
      this.claimedLength = TICKET_BYTES;
      this.claimInSpill();
      this.writeTicket(type, id, length);
      this.spill.commit(TICKET_BYTES);
      this.tally[LinkTally.spilledRecords] += 1;
    }
    this.claimed = Claim.none;
  }

  private writeTicket(type: number, id: number, length: number): void {
    const word = this.offset >> 2;
    this.words[word] = type;
    this.words[word + 1] = this.large.generation;
    this.words[word + 2] = id;
    this.words[word + 3] = length;
  }

  private spilledTicketLength(): number {
    return this.spill.words[(this.spill.frontOffset() >> 2) + 3];
  }

  private moveSpill(): void {
    const spill = this.spill;
    this.refreshHead();
    while (!spill.isEmpty) {
      const isTicket = spill.frontType() === TICKET;
      if (isTicket && !this.large.mayEnter(this.spilledTicketLength())) break;
      const length = spill.frontLength();
      if (!this.tryReserve(recordBytes(length))) break;
      const from = spill.frontOffset();
      const to = DATA_OFFSET + (this.claimedPosition & (this.capacity - 1)) + RECORD_HEADER_BYTES;
      copyBytes(spill.bytes, from, this.ringBytes, to, length);
      this.finishInRing(spill.frontType(), length);
      if (isTicket) this.large.ticketEntered(spill.words[(from >> 2) + 2], this.position);
      spill.dropFront();
    }
    if (!spill.isEmpty) this.stall(0);
  }

  /** The flag first, and only then another look at the head: `roomNow`, before the thread sleeps. See the header. */
  private stall(wantedBytes: number): void {
    this.wantedBytes = wantedBytes;
    if (this.stalled) return;
    this.stalled = true;
    Atomics.store(this.ringWords, STALLED_WORD, 1);
  }

  private count(): void {
    this.refreshHead();
    const tally = this.tally;
    const depth = this.used();
    tally[LinkTally.records] += this.recordsUncounted;
    this.recordsUncounted = 0;
    tally[LinkTally.publishes] += 1;
    tally[LinkTally.depthBytes] = depth;
    if (depth > tally[LinkTally.depthBytesMax]) tally[LinkTally.depthBytesMax] = depth;
  }
}

export interface RingReceiverOptions {
  /** The producer's thread, rung when it waits for room. */
  readonly producer?: WakeTarget;
  readonly large?: LargeInbox;
  /** Told of a large record whose body died with both its threads. */
  readonly onLost?: (type: number, length: number) => void;
}

export class RingReceiver implements MailboxReceiver {
  private readonly bytes: Uint8Array;
  private readonly words: Int32Array;
  private readonly capacity: number;
  private readonly producer: WakeTarget;
  private readonly large: LargeInbox;
  private readonly onLost: (type: number, length: number) => void;
  private position: number; // Invariant: head published <= position <= tailSeen, as wrapping differences
  private tailSeen: number;
  private draining = false;

  constructor(ring: SharedArrayBuffer, options: RingReceiverOptions = {}) {
    this.bytes = new Uint8Array(ring);
    this.words = new Int32Array(ring);
    this.capacity = ringCapacity(ring);
    this.producer = options.producer ?? new WakeTarget(silentBell);
    this.large = options.large ?? new LargeInbox(new DirectBodies());
    this.onLost = options.onLost ?? (() => {});
    this.position = Atomics.load(this.words, HEAD_WORD);
    this.tailSeen = this.position;
  }

  /** Also true while the oldest record is a large one whose body has not come yet. */
  get isEmpty(): boolean {
    this.tailSeen = Atomics.load(this.words, TAIL_WORD);
    if (this.position === this.tailSeen) return true;
    const word = this.wordAt(this.position);
    return this.words[word + 1] === TICKET && this.bodyOf(word) === null && this.bodyWillCome(word);
  }

  drain(handler: RecordHandler, limit: number): number {
    assert(!this.draining, 'a mailbox is not drained from inside its own handler');
    this.tailSeen = Atomics.load(this.words, TAIL_WORD);
    if (this.position === this.tailSeen) return 0;
    const begin = this.position;
    this.draining = true;
    try {
      return this.drainSeen(handler, limit);
    } finally {
      this.draining = false;
      if (this.position !== begin) this.release();
    }
  }

  private drainSeen(handler: RecordHandler, limit: number): number {
    const { words, bytes, tailSeen } = this;
    let count = 0;
    while (count < limit && this.position !== tailSeen) {
      const word = this.wordAt(this.position);
      const length = words[word];
      const type = words[word + 1];
      const size = recordBytes(length);
      assert(length >= 0 && size <= ((tailSeen - this.position) | 0), 'a ring record ends before the tail');
      if (type >= 0) {
        // Past it before the handler runs: a record that makes its handler throw must not be met again.
        this.position = (this.position + size) | 0;
        count++;
        handler(type, bytes, words, (word << 2) + RECORD_HEADER_BYTES, length);
      } else if (type === PADDING) {
        this.position = (this.position + size) | 0;
      } else {
        assert(type === TICKET, 'a ring record is a record, padding or a ticket');
        const body = this.bodyOf(word);
        if (body === null && this.bodyWillCome(word)) break;
        this.position = (this.position + size) | 0;
        count++;
        this.handleLarge(handler, word, body);
      }
    }
    return count;
  }

  private bodyOf(word: number): LargeBody | null {
    return this.large.find(this.words[word + 3], this.words[word + 4]);
  }

  /** Only the producer that made a body can post it again. */
  private bodyWillCome(word: number): boolean {
    return this.words[word + 3] === Atomics.load(this.words, GENERATION_WORD);
  }

  private handleLarge(handler: RecordHandler, word: number, body: LargeBody | null): void {
    const type = this.words[word + 2];
    const length = this.words[word + 5];
    if (body === null) {
      // Consumer and producer were both replaced: the only two who had the body.
      this.onLost(type, length);
      return;
    }
    assert(length >= 0 && length <= body.bytes.length, 'a large record fits its body');
    handler(type, body.bytes, body.words, 0, length);
  }

  private wordAt(position: number): number {
    return DATA_WORD + ((position & (this.capacity - 1)) >> 2);
  }

  /** The head first, then the look at the producer's flag: see the header. */
  private release(): void {
    Atomics.store(this.words, HEAD_WORD, this.position);
    if (Atomics.load(this.words, STALLED_WORD) === 0) return;
    if (((this.tailSeen - this.position) | 0) <= this.capacity >> 1) this.producer.pending = true;
  }
}
