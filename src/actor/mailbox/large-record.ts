/**
 * The side path of a ring: a record above an eighth of the ring has its body in a SharedArrayBuffer of its own, handed
 * over through a `BodyCarrier`, while a ticket in the ring keeps its place in the order. `LargeOutbox` lives on the
 * producing thread, `LargeInbox` on the consuming one; each link has its own pair.
 *
 * Order of events, producer's side:   ticket written -> body posted -> tail published
 * so a consumer that sees a ticket finds its body at once. The exception is a consumer that was replaced: the bodies
 * died with its predecessor's port, the producer posts them again when told (`repost`), and until then the ring stands
 * still at the ticket. For that the producer keeps each body until the ring's head has passed its ticket. So both sides
 * are bounded by `outstandingBytesMax`, or by one body if that is larger.
 */

import { assert } from '../../base/assert.js';
import { Fifo } from '../../base/fifo.js';

export const OUTSTANDING_BYTES_MAX_DEFAULT = 16 * 1024 * 1024;

/** Posts bodies to the consuming thread: in order, synchronously, before the call returns. */
export interface BodyCarrier {
  postBody(generation: number, sequence: number, body: SharedArrayBuffer): void;
}

/** Looks for bodies that have arrived since last asked. */
export interface BodySource {
  receiveBodies(into: LargeInbox): void;
}

interface LargeBody {
  readonly sequence: number;
  readonly length: number;
  readonly body: SharedArrayBuffer;
  /** Ring position just behind the ticket; meaningful once it is in the ring. */
  position: number;
}

export class LargeOutbox {
  private readonly carrier: BodyCarrier;
  private readonly outstandingBytesMax: number;
  readonly generation: number;
  private sequenceNext = 0;
  // Oldest first: those posted, then those with their ticket in the ring, then those whose ticket is spilled.
  private readonly bodies = new Fifo<LargeBody>();
  private postedCount = 0; // Invariant: 0 <= postedCount <= inRingCount <= bodies.length
  private inRingCount = 0;
  private inRingBytes = 0;

  constructor(carrier: BodyCarrier, generation: number, outstandingBytesMax = OUTSTANDING_BYTES_MAX_DEFAULT) {
    this.carrier = carrier;
    this.generation = generation;
    this.outstandingBytesMax = outstandingBytesMax;
  }

  get isEmpty(): boolean {
    return this.bodies.isEmpty;
  }

  /** Whether a body of that length may have its ticket in the ring now. One alone always may. */
  mayEnter(length: number): boolean {
    return this.inRingCount === 0 || this.inRingBytes + length <= this.outstandingBytesMax;
  }

  /** Takes a finished body; returns its sequence number, for the ticket. */
  add(body: SharedArrayBuffer, length: number): number {
    const sequence = this.sequenceNext++;
    this.bodies.push({ sequence, length, body, position: 0 });
    return sequence;
  }

  /** The oldest ticket outside the ring has been written to it, ending at `position`. */
  ticketEntered(sequence: number, position: number): void {
    const entry = this.bodies.at(this.inRingCount);
    assert(entry !== undefined && entry.sequence === sequence, 'large records enter the ring in order');
    entry.position = position;
    this.inRingCount++;
    this.inRingBytes += entry.length;
  }

  /** Before the tail is published. */
  postEntered(): void {
    while (this.postedCount < this.inRingCount) this.post(this.postedCount++);
  }

  /** The consumer has released everything up to `head`. */
  release(head: number): void {
    while (this.postedCount > 0) {
      const oldest = this.bodies.peek()!;
      if (((head - oldest.position) | 0) < 0) return;
      this.bodies.shift();
      this.postedCount--;
      this.inRingCount--;
      this.inRingBytes -= oldest.length;
    }
  }

  /** The consumer was replaced: everything it may still ask for, once more. */
  repost(): void {
    for (let i = 0; i < this.postedCount; i++) this.post(i);
  }

  private post(index: number): void {
    const entry = this.bodies.at(index)!;
    this.carrier.postBody(this.generation, entry.sequence, entry.body);
  }
}

interface ArrivedBody {
  readonly generation: number;
  readonly sequence: number;
  readonly body: SharedArrayBuffer;
}

export class LargeInbox {
  private readonly source: BodySource;
  private readonly arrived = new Fifo<ArrivedBody>();

  constructor(source: BodySource) {
    this.source = source;
  }

  /** Called by the source. */
  accept(generation: number, sequence: number, body: SharedArrayBuffer): void {
    this.arrived.push({ generation, sequence, body });
  }

  /** Whether the body is here. Bodies older than the one asked for are dropped: posted twice, or never published. */
  has(generation: number, sequence: number): boolean {
    let oldest = this.oldest();
    while (oldest !== undefined) {
      const age = (generation - oldest.generation || sequence - oldest.sequence) | 0;
      if (age <= 0) return age === 0;
      this.arrived.shift();
      oldest = this.oldest();
    }
    return false;
  }

  /** The body `has` has just found. */
  take(): SharedArrayBuffer {
    const oldest = this.arrived.shift();
    assert(oldest !== undefined, 'a body is taken after has() found it');
    return oldest.body;
  }

  private oldest(): ArrivedBody | undefined {
    if (this.arrived.isEmpty) this.source.receiveBodies(this);
    return this.arrived.peek();
  }
}

/** For rings outside any system: both ends on one thread, bodies handed over as they are. */
export class DirectBodies implements BodyCarrier, BodySource {
  private readonly waiting: ArrivedBody[] = [];

  postBody(generation: number, sequence: number, body: SharedArrayBuffer): void {
    this.waiting.push({ generation, sequence, body });
  }

  receiveBodies(into: LargeInbox): void {
    for (const { generation, sequence, body } of this.waiting.splice(0)) into.accept(generation, sequence, body);
  }
}
