/**
 * What the control side asks of one shard: listings, settings, single connections and their statistics, the drain.
 *
 * Owned by the shard, on its thread; cold. Answers at once: what may take long comes in pieces, each asked for.
 */
import type { ActorContext } from '../actor/actor.js';
import type { ChangedSettings } from './changed-settings.js';
import type { ConnectionThrottle } from './connection-throttle.js';
import type { ConnectionsOptions } from './connections-options.js';
import type { ReplyWriter } from './reply-writer.js';
import type { RequestSender } from './request-sender.js';
import type { RequestThrottler } from './request-throttler.js';
import { CnxnState } from './server-cnxn.js';
import type { ShardConnections } from './shard-connections.js';
import type { DrainReport, ShardControl } from './shard-control.js';
import type { ShardCounters } from './shard-counters.js';
import type { ShardDrain } from './shard-drain.js';
import type { ShardListener } from './shard-listener.js';
import type { ShardListing } from './shard-listing.js';
import type { SlowRequestReporter } from './slow-request-reporter.js';
import type { WordRelay } from './word-relay.js';

export class ShardOperations {
  private readonly context: ActorContext;
  /** The shard's parts look at it each time: what may change at run time changes here. */
  private readonly options: ConnectionsOptions;
  private readonly changed: ChangedSettings;
  private readonly connections: ShardConnections;
  private readonly listing: ShardListing;
  private readonly listener: ShardListener;
  private readonly words: WordRelay;
  private readonly replies: ReplyWriter;
  private readonly sender: RequestSender;
  private readonly drain: ShardDrain;
  private readonly throttler: RequestThrottler;
  private readonly throttle: ConnectionThrottle;
  private readonly slow: SlowRequestReporter;
  private readonly counters: ShardCounters;

  constructor(
    context: ActorContext,
    options: ConnectionsOptions,
    changed: ChangedSettings,
    connections: ShardConnections,
    listing: ShardListing,
    listener: ShardListener,
    words: WordRelay,
    replies: ReplyWriter,
    sender: RequestSender,
    drain: ShardDrain,
    throttler: RequestThrottler,
    throttle: ConnectionThrottle,
    slow: SlowRequestReporter,
    counters: ShardCounters,
  ) {
    this.context = context;
    this.options = options;
    this.changed = changed;
    this.connections = connections;
    this.listing = listing;
    this.listener = listener;
    this.words = words;
    this.replies = replies;
    this.sender = sender;
    this.drain = drain;
    this.throttler = throttler;
    this.throttle = throttle;
    this.slow = slow;
    this.counters = counters;
    // Made anew: a predecessor may have been told.
    this.applyChanged();
  }

  answer(control: ShardControl): unknown {
    switch (control.kind) {
      case 'answer-word':
        return this.words.answer(control.connection, control.text, control.isLast);
      case 'drop-word':
        this.words.drop(control.connection);
        return null;
      case 'connections':
        return this.listing.connectionPiece(control.isFirst);
      case 'watches':
        return this.listing.watchPiece(control.from);
      case 'settings-changed':
        this.applyChanged();
        this.context.requestTurn();
        return null;
      case 'move-port':
        this.listener.move(control.index, control.host, control.port);
        return null;
      case 'terminate':
        return this.terminate(control.what, control.sessionHi, control.sessionLo);
      case 'reset-latency':
        this.counters.resetLatency(control.maxOnly);
        return null;
      case 'drain':
        return this.drainOn();
      case 'reset-statistics':
        for (const cnxn of this.connections.byId.values()) cnxn.resetStatistics();
        if (control.ofServer) this.counters.reset();
        return null;
    }
  }

  private applyChanged(): void {
    const settings = this.changed.get();
    if (settings === null) return;
    Object.assign(this.options, settings);
    this.throttler.configure(settings.requestThrottler);
    this.throttle.configure(settings.connectionThrottle);
    this.slow.changeThreshold(settings.slowRequestThresholdMs);
  }

  private terminate(what: 'session' | 'connection', sessionHi: number, sessionLo: number): boolean {
    for (const cnxn of this.connections.bySlot.values()) {
      if (cnxn.sessionHi !== sessionHi || cnxn.sessionLo !== sessionLo || cnxn.state === CnxnState.closing) continue;
      if (what === 'session') this.sender.closeSession(cnxn, this.context.clock.monotonicMs());
      else this.replies.closeAfterFlush(cnxn);
      return true;
    }
    return false;
  }

  private drainOn(): DrainReport {
    this.drain.begin();
    this.context.requestTurn();
    return this.drain.report();
  }
}
