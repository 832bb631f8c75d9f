/**
 * Makes the parts of one connection shard and makes them known to each other: the one place that knows who needs whom. The
 * picture of them is in connections-actor.ts, which turns them.
 *
 * Runs once per shard, on its thread. What two parts need of each other goes by a function that is called later.
 */
import type { RecordHandler } from '../actor/mailbox/mailbox.js';
import { AuditTrail } from './audit-trail.js';
import { AuthRequests } from './auth-requests.js';
import { ConnectionAcceptor } from './connection-acceptor.js';
import type { ConnectionsGivens } from './connections-options.js';
import { FrameIntake } from './frame-intake.js';
import { IdleConnections } from './idle-connections.js';
import { ReplyWriter } from './reply-writer.js';
import { RequestRouter } from './request-router.js';
import { RequestSender } from './request-sender.js';
import { RequestThrottler } from './request-throttler.js';
import { ResultRouter } from './result-router.js';
import type { ServerCnxn } from './server-cnxn.js';
import { SessionOpener } from './session-opener.js';
import { ShardConnections } from './shard-connections.js';
import { ShardCounters } from './shard-counters.js';
import { ShardDrain } from './shard-drain.js';
import { ShardListener } from './shard-listener.js';
import { ShardListing } from './shard-listing.js';
import { ShardMeasures } from './shard-measures.js';
import { ShardOperations } from './shard-operations.js';
import { ShardPosition } from './shard-position.js';
import { ShardRole } from './shard-role.js';
import { ShardRoleChanges } from './shard-role-changes.js';
import { SlowRequestReporter } from './slow-request-reporter.js';
import { WatchNotifier } from './watch-notifier.js';
import { WordRelay } from './word-relay.js';

/** Those that the actor turns; the others are behind them. */
export interface ShardParts {
  readonly role: ShardRole;
  readonly roleChanges: ShardRoleChanges;
  readonly position: ShardPosition;
  readonly listener: ShardListener;
  readonly acceptor: ConnectionAcceptor;
  readonly idle: IdleConnections;
  readonly intake: FrameIntake;
  readonly throttler: RequestThrottler;
  readonly replies: ReplyWriter;
  readonly notifier: WatchNotifier<ServerCnxn>;
  readonly drain: ShardDrain;
  readonly operations: ShardOperations;
  readonly audit: AuditTrail | null;
  readonly slow: SlowRequestReporter;
  readonly measures: ShardMeasures;
  readonly counters: ShardCounters;
  /** Of what final sends. */
  readonly onResult: RecordHandler;
}

export function assembleShard(given: ConnectionsGivens): ShardParts {
  const { context, tree, sessions, aclPolicy, authenticator, counts, outstanding, throttle, guarded } = given;
  const { clock, log } = context;
  // What may change at run time changes in this copy; parts look at it each time.
  const options = { ...given.options };
  const { shard } = options;
  const requestTurn = (): void => context.requestTurn();

  // ---- what needs nobody
  const role = new ShardRole(
    given.listenState,
    shard,
    options.leaderServes ?? true,
    options.endedRoleCount ?? (() => 0),
  );
  const connections = new ShardConnections();
  const position = new ShardPosition();
  const throttler = new RequestThrottler(options.requestThrottler);
  const counters = new ShardCounters(context.counters);
  const measures = new ShardMeasures(context.metrics, clock);
  const slow = new SlowRequestReporter(context, requestTurn);

  // ---- to the clients
  const notifier = new WatchNotifier<ServerCnxn>(
    aclPolicy,
    tree.newPathHash(),
    (cnxn, type, bytes, offset, length) =>
      replies.event(cnxn, type, results.eventZxidHi, results.eventZxidLo, bytes, offset, length),
    (eventType, watchers) => measures.onTriggered(eventType, watchers),
  );
  const replies = new ReplyWriter(connections, counters, {
    nowMs: () => clock.monotonicMs(),
    requestTurn,
    onResponse: (byteCount) => measures.onResponse(byteCount),
    onClosing: (cnxn) => {
      notifier.watches.removeWatcher(cnxn);
      throttler.forget(cnxn);
    },
  });
  const drain = new ShardDrain(connections, replies);

  // ---- to the pipeline
  const auditUser = options.auditUser ?? null;
  const audit = auditUser === null ? null : new AuditTrail(context.outbox('supervisor'), auditUser, shard);
  const sender = new RequestSender(context.outbox('prep'), outstanding, replies, options, requestTurn, audit);
  const opener = new SessionOpener(
    connections,
    sender,
    replies,
    position,
    role,
    counters,
    measures,
    throttle,
    clock,
    log,
    options,
  );

  // ---- from the pipeline
  const listener: ShardListener = new ShardListener(
    context,
    given.network,
    given.listenState,
    options,
    (socket, kind) => acceptor.accept(socket, kind),
  );
  const roleChanges = new ShardRoleChanges(context, shard, role, listener, connections, replies, sessions, notifier);
  const results = new ResultRouter(
    shard,
    connections,
    sender,
    replies,
    opener,
    notifier,
    position,
    counters,
    measures,
    slow,
    clock,
    audit,
    roleChanges,
  );
  const onResult: RecordHandler = (type, bytes, words, offset) => results.onResult(type, bytes, words, offset);
  const fromFinal = context.inbox('final');

  // ---- from the clients
  const router = new RequestRouter(
    tree,
    guarded,
    aclPolicy,
    sessions,
    sender,
    replies,
    notifier,
    position,
    counters,
    measures,
    throttler,
    log,
    new AuthRequests(authenticator, sender, replies),
    () => fromFinal.drain(onResult, Number.MAX_SAFE_INTEGER),
    options.readBatchMax ?? null,
    options.checksAclEagerly ?? false,
  );
  const words = new WordRelay(context, connections, replies, counters, given.isWord);
  const intake = new FrameIntake(
    context,
    options,
    role,
    roleChanges,
    opener,
    router,
    words,
    sender,
    replies,
    throttler,
    notifier,
    counters,
    slow,
  );
  const acceptor = new ConnectionAcceptor(
    context,
    options,
    counts,
    counters,
    role,
    drain,
    authenticator,
    connections,
    intake,
    replies,
    sender,
    throttler,
    notifier,
  );
  const idle = new IdleConnections(connections, counters, options.sessionlessTimeoutMs);

  // ---- from the operators
  const operations = new ShardOperations(
    context,
    options,
    given.changedSettings,
    connections,
    new ShardListing(connections, notifier.watches, sessions, options.sessionlessTimeoutMs),
    listener,
    words,
    replies,
    sender,
    drain,
    throttler,
    throttle,
    slow,
    counters,
  );
  return {
    role,
    roleChanges,
    position,
    listener,
    acceptor,
    idle,
    intake,
    throttler,
    replies,
    notifier,
    drain,
    operations,
    audit,
    slow,
    measures,
    counters,
    onResult,
  };
}
