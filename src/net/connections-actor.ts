/**
 * ServerCnxnFactory: the shell of one connection shard. Turns the shard's parts, which do the rest, in the order in which a
 * request meets them:
 *
 *   socket -> [frame-intake: frame-buffer] -> [session-opener | request-router] -> [request-sender] -> prep ...
 *   socket <- [reply-writer] <- [result-router] <- ... final
 *
 *   come and go       shard-listener, connection-acceptor, idle-connections
 *   the server's role shard-role, shard-role-changes, shard-drain
 *   operators         shard-operations, shard-listing, word-relay, shard-measures, slow-request-reporter
 *   who knows whom    shard-parts
 *
 * Owns the sockets and the watches of its connections; lives on one event-loop thread. It never waits, never writes the
 * tree, and takes a request only when the pipeline has room for it: until then the client's socket is paused.
 */
import type { Actor, ActorContext } from '../actor/actor.js';
import type { RecordHandler } from '../actor/mailbox/mailbox.js';
import type { TreeReader } from '../store/tree-reader.js';
import type { ConnectionCounts } from './connection-counts.js';
import type { ConnectionsGivens } from './connections-options.js';
import type { OutstandingCounts } from './outstanding-counts.js';
import type { ShardControl } from './shard-control.js';
import { ShardCounter } from './shard-counters.js';
import { assembleShard, type ShardParts } from './shard-parts.js';

/** Watches of dead connections that are taken away in one turn: about a millisecond, then the sockets have their way. */
const WATCHES_PURGED_MAX = 2048;
const TICK_MS = 1000;

export class ConnectionsActor implements Actor {
  readonly inboxes: Record<string, RecordHandler>;
  readonly alwaysDrains = true;
  readonly tickMs: number;

  private readonly context: ActorContext;
  private readonly tree: TreeReader;
  private readonly counts: ConnectionCounts;
  private readonly outstanding: OutstandingCounts;
  private readonly parts: ShardParts;

  constructor(givens: ConnectionsGivens) {
    const { context, tree, counts, outstanding, options } = givens;
    this.context = context;
    this.tree = tree;
    this.counts = counts;
    this.outstanding = outstanding;
    this.parts = assembleShard(givens);
    const { listener, throttler, onResult } = this.parts;
    this.tickMs = throttler.isOn ? Math.min(TICK_MS, options.requestThrottler.stallMs) : TICK_MS;
    this.inboxes = { final: onResult };
    if (options.shard > 0) {
      this.inboxes['connections.0'] = (_type, _bytes, words, offset) =>
        listener.listenLike(
          words[offset >> 2] as number,
          words[(offset >> 2) + 1] as number,
          words[(offset >> 2) + 2] as number,
        );
    }
  }

  /**
   * A shard made anew finds a server that serves already; its first commit records tell it how far it is behind. Or one that is
   * between two roles, and waits for this shard's fence.
   */
  onStart(): void {
    const { role, roleChanges, position } = this.parts;
    this.counts.clearOwn();
    if (!role.isKnown) return;
    position.zxidHi = this.tree.zxidHi();
    position.zxidLo = this.tree.zxidLo();
    roleChanges.resume();
  }

  onBatchEnd(): void {
    const { drain, intake, audit, replies, measures, slow, counters, notifier } = this.parts;
    if (drain.hasBegun) drain.step();
    if (intake.hasStalled) intake.resumeStalled();
    if (audit !== null) audit.flush();
    replies.flushAll();
    measures.flush();
    slow.refresh();
    this.purgeWatches();
    counters.set(ShardCounter.outstandingRequests, this.outstanding.own);
    counters.set(ShardCounter.watchCount, notifier.watches.count);
  }

  onTick(nowMs: number): void {
    const { role, roleChanges, idle, throttler } = this.parts;
    if (role.isOver) roleChanges.closeClients();
    idle.drop(nowMs);
    // Room that other shards have made is not told to anybody.
    if (throttler.hasWaiting) this.context.requestTurn();
  }

  onControl(request: unknown): unknown {
    return this.parts.operations.answer(request as ShardControl);
  }

  onStop(): void {
    const { listener, acceptor } = this.parts;
    listener.close();
    acceptor.close();
  }

  private purgeWatches(): void {
    const { watches } = this.parts.notifier;
    if (!watches.isLeaving) return;
    watches.purge(WATCHES_PURGED_MAX);
    if (watches.isLeaving) this.context.requestTurn();
  }
}
