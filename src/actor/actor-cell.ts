/**
 * One actor in its place on a thread: the actor object, both ends of its mailboxes that are here, and what the runtime
 * notes about it. Owned by the thread's host, worked by its duty cycle. When the actor fails and is made anew, the
 * cell and its mailboxes stay.
 */

import { assert } from '../base/assert.js';
import type { Actor } from './actor.js';
import type { CounterSet } from './counters/counters.js';
import type { MetricSet } from './counters/metric-set.js';
import type { LinkSender, MailboxReceiver, RecordHandler } from './mailbox/mailbox.js';
import type { ActorSpec } from './topology.js';

export const ActorTally = { batches: 0, records: 1, batchMax: 2, busyMs: 3, held: 4, restarts: 5 } as const;
const TALLY_NAMES = ['batches', 'records', 'batch_max', 'busy_ms', 'held', 'restarts'];

export interface CellInbox {
  readonly name: string;
  readonly receiver: MailboxReceiver;
  readonly isLocal: boolean;
}

export interface CellOutbox {
  readonly name: string;
  readonly sender: LinkSender;
  readonly isLocal: boolean;
}

/** An inbox with the handler the present actor gave for it. */
export interface FedInbox {
  readonly receiver: MailboxReceiver;
  readonly handler: RecordHandler;
  readonly isLocal: boolean;
  /** Drained even when the actor may not be fed. */
  readonly always: boolean;
}

export class ActorCell {
  readonly spec: ActorSpec;
  readonly inboxes: readonly CellInbox[];
  readonly outboxes: readonly CellOutbox[];
  readonly localSenders: readonly LinkSender[];
  readonly ringSenders: readonly LinkSender[];
  readonly senders: readonly LinkSender[];
  readonly counters: CounterSet;
  readonly metrics: MetricSet;
  readonly tally: Float64Array;

  /** In the order in which the actor wants them drained. */
  feed: readonly FedInbox[] = [];
  /** Between onStart and onStop: only then is it fed, ticked and told of batches. */
  running = false;
  /** A batch end was asked for. */
  requested = false;
  /** Set by `ActorContext.fatal`; the duty cycle takes it from here. */
  failure: Error | null = null;
  /** Monotonic; Infinity for an actor without ticks. */
  tickNextMs = Number.POSITIVE_INFINITY;
  private occupant: Actor | null = null;

  constructor(
    spec: ActorSpec,
    inboxes: readonly CellInbox[],
    outboxes: readonly CellOutbox[],
    counters: CounterSet,
    metrics: MetricSet,
  ) {
    this.spec = spec;
    this.inboxes = inboxes;
    this.outboxes = outboxes;
    this.senders = outboxes.map((outbox) => outbox.sender);
    this.localSenders = outboxes.filter((outbox) => outbox.isLocal).map((outbox) => outbox.sender);
    this.ringSenders = outboxes.filter((outbox) => !outbox.isLocal).map((outbox) => outbox.sender);
    this.counters = counters;
    this.metrics = metrics;
    this.tally = counters.registerBlock(TALLY_NAMES);
  }

  get name(): string {
    return this.spec.name;
  }

  get actor(): Actor {
    assert(this.occupant !== null, 'a cell is occupied before it is worked');
    return this.occupant;
  }

  /** Moves an actor in. Its inboxes and the topology's links must be the same set of names. */
  occupy(actor: Actor): void {
    const names = Object.keys(actor.inboxes);
    for (const { name } of this.inboxes) {
      assert(names.includes(name), `actor ${this.name} does not handle its inbox ${name}`);
    }
    const always = Array.isArray(actor.alwaysDrains) ? (actor.alwaysDrains as readonly string[]) : [];
    for (const name of always)
      assert(names.includes(name), `actor ${this.name} always drains ${name}, which is no inbox`);
    this.feed = names.map((name) => {
      const inbox = this.inboxes.find((candidate) => candidate.name === name);
      assert(inbox !== undefined, `no link leads to inbox ${name} of actor ${this.name}`);
      return {
        receiver: inbox.receiver,
        handler: actor.inboxes[name],
        isLocal: inbox.isLocal,
        always: always.includes(name),
      };
    });
    this.occupant = actor;
    this.failure = null;
    this.requested = false;
    for (const sender of this.senders) sender.abandon();
  }

  /** Whether the actor may be given records now: nothing of its own is spilled, and it does not decline. */
  mayBeFed(): boolean {
    const actor = this.actor;
    if (actor.alwaysDrains !== true) {
      for (const sender of this.senders) {
        if (sender.spilled) return false;
      }
    }
    return actor.mayTake === undefined || actor.mayTake();
  }

  hasRecords(): boolean {
    for (const inbox of this.feed) {
      if (!inbox.receiver.isEmpty) return true;
    }
    return false;
  }

  /** Whether some inbox (of this thread only, if so wanted) has records that would be taken now. */
  wouldTake(localOnly: boolean): boolean {
    let mayBeFed: boolean | null = null;
    for (const inbox of this.feed) {
      if ((localOnly && !inbox.isLocal) || inbox.receiver.isEmpty) continue;
      mayBeFed = inbox.always || (mayBeFed ?? this.mayBeFed());
      if (mayBeFed) return true;
    }
    return false;
  }

  /** Lets the outboxes that were short of room look again; an actor that finds room gets its batch end. */
  settleRoom(): void {
    for (const sender of this.senders) {
      if (!sender.awaitsRoom) continue;
      if (sender.spilled) sender.publish();
      if (sender.settleRoom()) this.requested = true;
    }
  }

  /** Whether a turn would get it any further, should the thread be about to sleep. */
  hasWork(): boolean {
    if (!this.running) return false;
    if (this.requested || this.failure !== null) return true;
    for (const sender of this.senders) {
      if (sender.awaitsRoom && sender.roomNow()) return true;
    }
    return this.wouldTake(false);
  }
}
