/**
 * The shell of SessionTracker: looks at the session table once per tick and sends what is due to prep.
 *
 * Lives on the main thread. Does not follow up: prep decides, and a session that was touched meanwhile lives on. In a member of
 * an ensemble it works while the server leads, or is read-only; while it follows it looks after sessions that no other server knows
 * (ensemble-protocol 7.4).
 *
 * A tick that comes late by half a tickTime says that the process stood still (SIGSTOP, a suspended host, a main thread that was
 * held up): the touches of that time are still to be read, and no session is to end by it.
 */
import type { Actor, ActorContext } from '../actor/actor.js';
import type { Counter } from '../actor/counters/counter.js';
import type { MailboxSender, RecordHandler } from '../actor/mailbox/mailbox.js';
import { writeInt32 } from '../base/bytes.js';
import { hex64 } from '../base/int64.js';
import type { SessionTable } from '../session/session-table.js';
import { SessionTracker } from '../session/session-tracker.js';
import { arrivalAt } from './arrival.js';
import {
  InternalOp,
  PIPELINE_HEADER_BYTES,
  PIPELINE_HEADER_WORDS,
  RecordType,
  ServerRole,
  WORD_ARRIVED,
  WORD_CONNECTION,
  WORD_LENGTH_B,
  WORD_OP,
  WORD_SESSION_HI,
  WORD_SESSION_LO,
  WORD_SHARD,
  WORD_SLOT,
} from './pipeline-records.js';

export class SessionTrackerActor implements Actor {
  readonly inboxes: Record<string, RecordHandler> = {};
  readonly tickMs: number;

  private readonly context: ActorContext;
  private readonly table: SessionTable;
  private readonly tracker: SessionTracker;
  private readonly toPrep: MailboxSender;
  private readonly expired: Counter;
  private readonly lateMsMax: number;
  private isActive: boolean;
  private localOnly = false;
  private nowMs = Number.NaN;

  /** `tickMs` is the width of the buckets, zoo.cfg's tickTime. */
  constructor(context: ActorContext, table: SessionTable, tickMs: number, isMember = false, hasLocalSessions = false) {
    this.context = context;
    this.isActive = !isMember;
    if (isMember) {
      this.inboxes.final = (type, _bytes, words, offset) => {
        const role = words[(offset >> 2) + WORD_OP];
        const isLearner = role === ServerRole.follower || role === ServerRole.observer;
        this.isActive = type === RecordType.serving && (!isLearner || hasLocalSessions);
        this.localOnly = isLearner;
      };
    }
    this.table = table;
    this.tracker = new SessionTracker(table, tickMs);
    this.toPrep = context.outbox('prep');
    this.expired = context.metrics.counter('stale_sessions_expired');
    // Boundaries are met within a tenth of a tick, as exact as a client can tell.
    this.tickMs = Math.max(Math.floor(tickMs / 10), 10);
    this.lateMsMax = tickMs / 2;
  }

  onTick(nowMs: number): void {
    const dueMs = this.nowMs + this.tickMs;
    if (nowMs - dueMs > this.lateMsMax) this.tracker.onStandstill(dueMs, nowMs);
    this.nowMs = nowMs;
    if (this.isActive) this.tracker.visitExpired(nowMs, this.expire);
  }

  /** The record names the touch that was judged, not the latest: any later one is to save the session. */
  private readonly expire = (slot: number, touchedMs: number): void => {
    const table = this.table;
    if (this.localOnly && !table.isUnlogged(slot)) return;
    const out = this.toPrep;
    const timeoutMs = table.timeoutMs(slot);
    this.expired.increment();
    const id = hex64(table.sessionHi(slot), table.sessionLo(slot));
    this.context.log.info(`Expiring session 0x${id}, timeout of ${timeoutMs}ms exceeded`);
    out.claim(RecordType.request, PIPELINE_HEADER_BYTES + 4);
    const at = out.offset >> 2;
    out.words.fill(0, at, at + PIPELINE_HEADER_WORDS);
    out.words[at + WORD_SHARD] = -1;
    out.words[at + WORD_CONNECTION] = -1;
    out.words[at + WORD_OP] = InternalOp.expireSession;
    out.words[at + WORD_SLOT] = slot;
    out.words[at + WORD_SESSION_HI] = table.sessionHi(slot);
    out.words[at + WORD_SESSION_LO] = table.sessionLo(slot);
    out.words[at + WORD_ARRIVED] = arrivalAt(this.nowMs);
    out.words[at + WORD_LENGTH_B] = 4;
    writeInt32(out.bytes, out.offset + PIPELINE_HEADER_BYTES, touchedMs | 0);
    out.commit();
  };
}
