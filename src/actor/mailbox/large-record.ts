/**
 * The side path of a ring: a record above an eighth of the ring has its body in a SharedArrayBuffer of its own, while a
 * ticket in the ring keeps its place in the order. `LargeOutbox` lives on the producing thread, `LargeInbox` on the
 * consuming one; each link has its own pair, joined by a `BodyCarrier`.
 *
 * Bodies are used again and again: the consumer is handed each one once and finds it by its number afterwards, so that
 * in the long run a large record costs no message and no memory. Order of events on the producer's side:
 *
 *   body filled -> (the first time: body posted) -> ticket published ... head past the ticket -> body free again
 *
 * so a consumer that sees a ticket finds its body at once. The exception is a consumer that was replaced: it is posted
 * every body anew (`repost`), and until then the ring stands still at the ticket. Both sides are bounded: by
 * `outstandingBytesMax` (or one body, if larger) what is in use, by twice that what is kept free; the rest is retired.
 */

import { assert } from '../../base/assert.js';
import { Fifo } from '../../base/fifo.js';

const OUTSTANDING_BYTES_MAX_DEFAULT = 8 * 1024 * 1024;
const BODY_BYTES_MIN = 1024;

/** Posts to the consuming thread: in order, synchronously, before the call returns. */
export interface BodyCarrier {
  postBody(generation: number, id: number, body: SharedArrayBuffer): void;
  /** That body will not be used again. */
  postRetired(generation: number, id: number): void;
}

/** Takes in what has arrived since last asked, and hands it to the inboxes it is for. */
export interface BodySource {
  receiveBodies(): void;
}

/** One body with the views through which it is written and read. */
export class LargeBody {
  readonly id: number;
  readonly buffer: SharedArrayBuffer;
  readonly bytes: Uint8Array;
  readonly words: Int32Array;

  constructor(id: number, buffer: SharedArrayBuffer) {
    this.id = id;
    this.buffer = buffer;
    this.bytes = new Uint8Array(buffer);
    this.words = new Int32Array(buffer);
  }
}

interface Outstanding {
  readonly body: LargeBody;
  readonly length: number;
  /** Ring position just behind the ticket; meaningful once it is in the ring. */
  position: number;
}

export class LargeOutbox {
  readonly generation: number;
  private readonly carrier: BodyCarrier;
  private readonly outstandingBytesMax: number;
  private idNext = 0;
  /** Made since the last publish: the consumer does not know them yet. */
  private readonly unposted: LargeBody[] = [];
  /** Longest unused first. */
  private readonly free: LargeBody[] = [];
  /** Twice what may be outstanding, since a body may be twice as long as its record: else a steady flow would churn. */
  private readonly freeBytesMax: number;
  private freeBytes = 0; // Invariant: the sum over free, at most freeBytesMax
  // Oldest first: those whose ticket is in the ring, then those whose ticket is spilled.
  private readonly outstanding = new Fifo<Outstanding>();
  private inRingCount = 0; // Invariant: 0 <= inRingCount <= outstanding.length
  private inRingBytes = 0;

  constructor(carrier: BodyCarrier, generation: number, outstandingBytesMax = OUTSTANDING_BYTES_MAX_DEFAULT) {
    this.carrier = carrier;
    this.generation = generation;
    this.outstandingBytesMax = outstandingBytesMax;
    this.freeBytesMax = outstandingBytesMax * 2;
  }

  get isEmpty(): boolean {
    return this.outstanding.isEmpty;
  }

  /** Whether a body of that length may have its ticket in the ring now. One alone always may. */
  mayEnter(length: number): boolean {
    return this.inRingCount === 0 || this.inRingBytes + length <= this.outstandingBytesMax;
  }

  /** A body to be filled: free again, or new. */
  open(length: number): LargeBody {
    const byteCount = bodyBytes(length);
    const index = this.free.findLastIndex((body) => body.buffer.byteLength === byteCount);
    if (index >= 0) {
      const [body] = this.free.splice(index, 1);
      this.freeBytes -= byteCount;
      return body;
    }
    const body = new LargeBody(this.idNext++, new SharedArrayBuffer(byteCount));
    this.unposted.push(body);
    return body;
  }

  /** The body is filled, its ticket is to enter the ring now or later. */
  add(body: LargeBody, length: number): void {
    this.outstanding.push({ body, length, position: 0 });
  }

  /** The body is free again. Too many free ones, and those longest unused are retired: perhaps of a size nobody wants. */
  giveBack(body: LargeBody): void {
    this.free.push(body);
    this.freeBytes += body.buffer.byteLength;
    while (this.freeBytes > this.freeBytesMax) {
      const oldest = this.free.shift()!;
      this.freeBytes -= oldest.buffer.byteLength;
      const unpostedIndex = this.unposted.indexOf(oldest);
      if (unpostedIndex >= 0) this.unposted.splice(unpostedIndex, 1);
      else this.carrier.postRetired(this.generation, oldest.id);
    }
  }

  /** The oldest ticket outside the ring has been written to it, ending at `position`. */
  ticketEntered(id: number, position: number): void {
    const entry = this.outstanding.at(this.inRingCount);
    assert(entry !== undefined && entry.body.id === id, 'large records enter the ring in order');
    entry.position = position;
    this.inRingCount++;
    this.inRingBytes += entry.length;
  }

  /** Before the tail is published. */
  postNew(): void {
    for (const body of this.unposted) this.carrier.postBody(this.generation, body.id, body.buffer);
    this.unposted.length = 0;
  }

  /** The consumer has released everything up to `head`. */
  release(head: number): void {
    while (this.inRingCount > 0) {
      const oldest = this.outstanding.peek()!;
      if (((head - oldest.position) | 0) < 0) return;
      this.outstanding.shift();
      this.inRingCount--;
      this.inRingBytes -= oldest.length;
      this.giveBack(oldest.body);
    }
  }

  /** The consumer was replaced: it knows no body yet. */
  repost(): void {
    const known = [...this.free, ...[...this.outstanding].map((entry) => entry.body)];
    for (const body of known) {
      if (!this.unposted.includes(body)) this.carrier.postBody(this.generation, body.id, body.buffer);
    }
  }
}

/** Few sizes, so that a free body fits the next record. */
function bodyBytes(length: number): number {
  let byteCount = BODY_BYTES_MIN;
  while (byteCount < length) byteCount *= 2;
  return byteCount;
}

export class LargeInbox {
  private readonly source: BodySource;
  /** Bodies of one producer; and of its successor, while tickets of both are in the ring. */
  private readonly generations = new Map<number, Map<number, LargeBody>>();

  constructor(source: BodySource) {
    this.source = source;
  }

  /** Called by the source. A body that is known already was posted again to be safe. */
  accept(generation: number, id: number, buffer: SharedArrayBuffer): void {
    let bodies = this.generations.get(generation);
    if (bodies === undefined) {
      bodies = new Map();
      this.generations.set(generation, bodies);
    }
    if (!bodies.has(id)) bodies.set(id, new LargeBody(id, buffer));
  }

  /** Called by the source. */
  retire(generation: number, id: number): void {
    this.generations.get(generation)?.delete(id);
  }

  /** The body a ticket speaks of, null while it has not come. Tickets are asked for in the ring's order. */
  find(generation: number, id: number): LargeBody | null {
    const known = this.lookUp(generation, id);
    if (known !== null) return known;
    this.source.receiveBodies();
    return this.lookUp(generation, id);
  }

  private lookUp(generation: number, id: number): LargeBody | null {
    const body = this.generations.get(generation)?.get(id);
    if (body === undefined) return null;
    if (this.generations.size > 1) this.dropOlderThan(generation);
    return body;
  }

  /** All tickets of older producers were before this one. */
  private dropOlderThan(generation: number): void {
    for (const other of this.generations.keys()) {
      if (((other - generation) | 0) < 0) this.generations.delete(other);
    }
  }
}

/** For rings outside any system: both ends on one thread, bodies handed over as they are. */
export class DirectBodies implements BodyCarrier, BodySource {
  inbox: LargeInbox | null = null;
  private readonly waiting: ((inbox: LargeInbox) => void)[] = [];

  postBody(generation: number, id: number, body: SharedArrayBuffer): void {
    this.waiting.push((inbox) => inbox.accept(generation, id, body));
  }

  postRetired(generation: number, id: number): void {
    this.waiting.push((inbox) => inbox.retire(generation, id));
  }

  receiveBodies(): void {
    if (this.inbox === null) return;
    for (const deliver of this.waiting.splice(0)) deliver(this.inbox);
  }
}
