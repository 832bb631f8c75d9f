/**
 * Small actors for systems on real threads: a source and a sink of checked records, a relay between them that fails on
 * demand in every way a thread can, hops that pass tokens round, and one that only ticks. A factory module, loaded from built output by each worker.
 */

import type { Actor, ActorContext } from '../../src/actor/actor.js';
import { receiveChecked, sendChecked } from './ring-record.js';

/** How a relay shall fail when asked to. */
export type Failure = 'throw' | 'throw-outside' | 'hang' | 'exit' | 'fatal';

export interface Seen {
  readonly count: number;
  readonly last: number;
  /** Records that came more than once, or came after a later one. */
  readonly repeated: number;
  /** Records that were jumped over. */
  readonly missing: readonly number[];
}

export function createActor(kind: string, _name: string, context: ActorContext): Actor {
  switch (kind) {
    case 'source':
      return new Source(context);
    case 'relay':
      return new Relay(context);
    case 'sink':
      return new Sink(context);
    case 'hop':
      return new Hop(context);
    case 'ticker':
      return new Ticker(context);
    case 'broken':
      throw new Error('this actor cannot be made');
    default:
      throw new Error(`no kind ${kind}`);
  }
}

/** Sends as many records as it is told to, as fast as there is room. */
class Source implements Actor {
  readonly inboxes = {};
  private readonly context: ActorContext;
  private lengths = [8];
  private sent = 0;
  private goal = 0;

  constructor(context: ActorContext) {
    this.context = context;
  }

  onControl(request: { send: number; lengths: number[] }): void {
    this.goal += request.send;
    this.lengths = request.lengths;
    this.context.requestTurn();
  }

  onBatchEnd(): void {
    const [sender] = this.context.outboxes('next');
    for (let budget = 500; this.sent < this.goal && budget > 0; budget--) {
      const length = this.lengths[this.sent % this.lengths.length];
      if (!sender.hasRoom(length)) return;
      sendChecked(sender, 1, this.sent++, length);
    }
    if (this.sent < this.goal) this.context.requestTurn();
  }
}

class Relay implements Actor {
  readonly inboxes = {
    previous: (type: number, bytes: Uint8Array, words: Int32Array, offset: number, length: number): void => {
      if (this.failure !== null) this.fail();
      const [sender] = this.context.outboxes('next');
      sender.claim(type, length);
      sender.bytes.set(bytes.subarray(offset, offset + length), sender.offset);
      sender.commit();
      receiveChecked(bytes, words, offset, length);
    },
  };
  private readonly context: ActorContext;
  private failure: Failure | null = null;

  constructor(context: ActorContext) {
    this.context = context;
  }

  onControl(request: { fail: Failure; now?: boolean } | { offer: string } | { find: string }): unknown {
    if ('offer' in request) {
      const buffer = new SharedArrayBuffer(8);
      new Int32Array(buffer)[0] = 42;
      this.context.offerShared(request.offer, buffer);
      return null;
    }
    if ('find' in request) {
      const buffer = this.context.findShared(request.find);
      return buffer === undefined ? null : new Int32Array(buffer)[0];
    }
    this.failure = request.fail;
    if (request.now === true) this.context.requestTurn();
    return null;
  }

  onBatchEnd(): void {
    if (this.failure !== null) this.fail();
  }

  private fail(): void {
    switch (this.failure) {
      case 'throw':
        throw new Error('thrown by a handler');
      case 'throw-outside':
        setImmediate(() => {
          throw new Error('thrown outside of any handler');
        });
        this.failure = null;
        break;
      case 'hang':
        for (;;);
      case 'exit':
        process.exit(3);
        break;
      case 'fatal':
        this.context.fatal(new Error('reported by the actor'));
    }
  }
}

class Sink implements Actor {
  readonly inboxes = {
    previous: (_type: number, bytes: Uint8Array, words: Int32Array, offset: number, length: number): void => {
      const sequence = receiveChecked(bytes, words, offset, length);
      this.count++;
      if (sequence <= this.last) this.repeated++;
      for (let jumped = this.last + 1; jumped < sequence; jumped++) this.missing.push(jumped);
      this.last = Math.max(sequence, this.last);
    },
  };
  private count = 0;
  private last = -1;
  private repeated = 0;
  private readonly missing: number[] = [];
  private readonly context: ActorContext;

  constructor(context: ActorContext) {
    this.context = context;
  }

  onControl(request: { find: string } | null): unknown {
    if (request !== null) {
      const buffer = this.context.findShared(request.find);
      return buffer === undefined ? null : new Int32Array(buffer)[0];
    }
    const { count, last, repeated, missing } = this;
    return { count, last, repeated, missing } satisfies Seen;
  }
}

/** Passes tokens round. A token is one record with its number of hops; the first actor puts them into play. */
class Hop implements Actor {
  readonly inboxes = {
    previous: (type: number, _bytes: Uint8Array, words: Int32Array, offset: number): void => {
      const hops = words[offset >> 2] + 1;
      const places = this.places;
      if (hops % places !== this.place) throw new Error(`token ${type} came to ${this.place} after ${hops} hops`);
      this.hops++;
      this.pass(type, hops);
    },
  };
  private readonly context: ActorContext;
  private readonly places: number;
  private readonly place: number;
  private hops = 0;

  constructor(context: ActorContext) {
    this.context = context;
    ({ place: this.place, places: this.places } = context.config as { place: number; places: number });
  }

  onControl(request: { tokens: number } | null): number {
    if (request !== null) {
      for (let token = 0; token < request.tokens; token++) this.pass(token, this.place);
      this.context.requestTurn();
    }
    return this.hops;
  }

  private pass(token: number, hops: number): void {
    const sender = this.context.outbox('next');
    sender.claim(token, 4);
    sender.words[sender.offset >> 2] = hops;
    sender.commit();
  }
}

/** Does nothing but tick, as most actors of an idle server. */
class Ticker implements Actor {
  readonly inboxes = {};
  readonly tickMs: number;
  private ticks = 0;

  constructor(context: ActorContext) {
    this.tickMs = (context.config as { tickMs: number }).tickMs;
  }

  onTick(): void {
    this.ticks++;
  }

  onControl(): number {
    return this.ticks;
  }
}
