/**
 * The bytes that a shard's clients send: cut into frames, and each frame handed to whoever has to do with a connection in this
 * state, until one has to wait. Then the connection's socket is paused, and its frames come again once per turn, in the order in
 * which the connections stopped.
 *
 * Owned by the shard, on its thread. The way of every request: nothing is allocated here per frame.
 */
import type { ActorContext } from '../actor/actor.js';
import type { ConnectionsOptions } from './connections-options.js';
import { FrameResult, FrameVerdict } from './frame-buffer.js';
import type { ReplyWriter } from './reply-writer.js';
import { QUEUED_BYTES_MAX, type RequestRouter } from './request-router.js';
import type { RequestSender } from './request-sender.js';
import type { RequestThrottler } from './request-throttler.js';
import { CnxnState, type ServerCnxn } from './server-cnxn.js';
import type { SessionOpener } from './session-opener.js';
import { ShardCounter, type ShardCounters } from './shard-counters.js';
import type { ShardRole } from './shard-role.js';
import type { ShardRoleChanges } from './shard-role-changes.js';
import type { SlowRequestReporter } from './slow-request-reporter.js';
import type { WatchNotifier } from './watch-notifier.js';
import type { WordRelay } from './word-relay.js';

export class FrameIntake {
  private readonly context: ActorContext;
  private readonly options: ConnectionsOptions;
  private readonly role: ShardRole;
  private readonly roleChanges: ShardRoleChanges;
  private readonly opener: SessionOpener;
  private readonly router: RequestRouter;
  private readonly words: WordRelay;
  private readonly sender: RequestSender;
  private readonly replies: ReplyWriter;
  private readonly throttler: RequestThrottler;
  private readonly notifier: WatchNotifier<ServerCnxn>;
  private readonly counters: ShardCounters;
  private readonly slow: SlowRequestReporter;
  private stalled: ServerCnxn[] = [];
  /** The connection whose frames are being handed out. */
  private current!: ServerCnxn;
  private nowMs = 0;

  constructor(
    context: ActorContext,
    options: ConnectionsOptions,
    role: ShardRole,
    roleChanges: ShardRoleChanges,
    opener: SessionOpener,
    router: RequestRouter,
    words: WordRelay,
    sender: RequestSender,
    replies: ReplyWriter,
    throttler: RequestThrottler,
    notifier: WatchNotifier<ServerCnxn>,
    counters: ShardCounters,
    slow: SlowRequestReporter,
  ) {
    this.context = context;
    this.options = options;
    this.role = role;
    this.roleChanges = roleChanges;
    this.opener = opener;
    this.router = router;
    this.words = words;
    this.sender = sender;
    this.replies = replies;
    this.throttler = throttler;
    this.notifier = notifier;
    this.counters = counters;
    this.slow = slow;
  }

  get hasStalled(): boolean {
    return this.stalled.length > 0;
  }

  onData(cnxn: ServerCnxn, bytes: Uint8Array, length: number): void {
    if (this.role.isOver) this.roleChanges.closeClients();
    if (isDeaf(cnxn.state)) return;
    this.counters.add(ShardCounter.bytesReceived, length);
    this.beginFrames(cnxn);
    const result = cnxn.input.push(bytes, length, this.options.frameBytesMax, this.onFrame);
    this.endFrames(cnxn, result);
  }

  /** Once per turn, if any have stalled. */
  resumeStalled(): void {
    if (this.role.isOver) this.roleChanges.closeClients();
    const waiting = this.stalled;
    this.stalled = [];
    this.throttler.setResuming(true);
    for (const cnxn of waiting) {
      if (isDeaf(cnxn.state)) continue;
      if (cnxn.state === CnxnState.opening || cnxn.socket.queuedBytes > QUEUED_BYTES_MAX) {
        this.stalled.push(cnxn);
        continue;
      }
      this.beginFrames(cnxn);
      const result = cnxn.input.resume(this.options.frameBytesMax, this.onFrame);
      if (result === FrameResult.later) this.stalled.push(cnxn);
      this.endFrames(cnxn, result);
    }
    this.throttler.setResuming(false);
  }

  private beginFrames(cnxn: ServerCnxn): void {
    this.current = cnxn;
    this.nowMs = this.context.clock.monotonicMs();
    if (cnxn.state === CnxnState.handshake) cnxn.activeMs = this.nowMs;
    this.router.begin(this.nowMs);
    this.sender.begin(this.nowMs);
  }

  private readonly onFrame = (bytes: Uint8Array, offset: number, length: number): FrameVerdict => {
    const cnxn = this.current;
    switch (cnxn.state) {
      case CnxnState.open:
        return this.router.onRequest(cnxn, bytes, offset, length);
      case CnxnState.handshake:
        return this.opener.onConnectRequest(cnxn, bytes, offset, length);
      case CnxnState.opening:
        return FrameVerdict.later;
      default:
        return FrameVerdict.closed;
    }
  };

  private endFrames(cnxn: ServerCnxn, result: FrameResult): void {
    this.router.end(cnxn);
    switch (result) {
      case FrameResult.later:
        if (!cnxn.stalled) this.stall(cnxn);
        break;
      case FrameResult.badLength:
        if (!this.words.tryAsk(cnxn)) this.onBadLength(cnxn);
        break;
      case FrameResult.drained:
        this.throttler.forget(cnxn);
        // A frame that is too large for the moment need not be waited for.
        if (cnxn.state === CnxnState.open && !this.sender.hasBudgetFor(cnxn.input.peekInt())) {
          this.router.rejectLarge(cnxn, cnxn.input.peekInt());
          break;
        }
        if (cnxn.stalled) this.goOn(cnxn);
        break;
    }
    if (cnxn.out !== null) this.replies.flush(cnxn);
    // Reads and watch requests that are answered here cause no turn.
    this.counters.set(ShardCounter.watchCount, this.notifier.watches.count);
    if (this.replies.hasUnflushed) this.context.requestTurn();
  }

  private stall(cnxn: ServerCnxn): void {
    cnxn.stalled = true;
    cnxn.stalledSinceMs = this.nowMs;
    this.stalled.push(cnxn);
    this.counters.add(ShardCounter.readsStalled, 1);
    cnxn.socket.pause();
  }

  private goOn(cnxn: ServerCnxn): void {
    cnxn.stalled = false;
    const heldMs = this.nowMs - cnxn.stalledSinceMs;
    if (heldMs >= this.slow.thresholdMs) this.slow.onHeldBack(cnxn, Math.floor(heldMs), this.nowMs);
    cnxn.socket.resume();
  }

  private onBadLength(cnxn: ServerCnxn): void {
    this.context.log.warn(
      `Len error. A message from ${cnxn.peer} with advertised length of ${cnxn.input.peekInt()} ` +
        `is either a malformed message or too large to process (length is greater than jute.maxbuffer=${this.options.frameBytesMax})`,
    );
    this.replies.closeAfterFlush(cnxn);
  }
}

/** What arrives is not looked at any more. */
function isDeaf(state: CnxnState): boolean {
  return state === CnxnState.closing || state === CnxnState.ending || state === CnxnState.answering;
}
