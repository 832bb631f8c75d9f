/**
 * What final sends to one connection shard: events to whoever watches, then the reply to whoever asked.
 *
 * Lives on the shard's thread and moves its position (shard-position.ts). The order in here is the promise of
 * client-protocol 3.4: a change's events are written before the reply that belongs to it, and both before any later record.
 */
import type { Clock } from '../base/clock.js';
import { msSince, wholeMsSince } from '../processor/arrival.js';
import {
  FLAG_BODY,
  FLAG_CLOSE,
  FLAG_REPLACED,
  InternalOp,
  PIPELINE_HEADER_BYTES,
  RecordType,
  WORD_ARRIVED,
  WORD_CONNECTION,
  WORD_ERROR,
  WORD_FLAGS,
  WORD_HALT_COUNT,
  WORD_LARGE_BYTES,
  WORD_LENGTH_A,
  WORD_LENGTH_B,
  WORD_OP,
  WORD_SESSION_HI,
  WORD_SESSION_LO,
  WORD_SHARD,
  WORD_SLOT,
  WORD_XID,
  WORD_ZXID_HI,
  WORD_ZXID_LO,
} from '../processor/pipeline-records.js';
import { ErrorCode } from '../protocol/error-code.js';
import { OpCode } from '../protocol/op-code.js';
import type { AuditTrail } from './audit-trail.js';
import type { ReplyWriter } from './reply-writer.js';
import type { RequestSender } from './request-sender.js';
import { CnxnState, type ServerCnxn } from './server-cnxn.js';
import type { SessionOpener } from './session-opener.js';
import type { ShardConnections } from './shard-connections.js';
import { ShardCounter, type ShardCounters } from './shard-counters.js';
import type { ShardMeasures } from './shard-measures.js';
import type { ShardPosition } from './shard-position.js';
import type { ShardRoleChanges } from './shard-role-changes.js';
import type { SlowRequestReporter } from './slow-request-reporter.js';
import type { WatchNotifier } from './watch-notifier.js';

export class ResultRouter {
  /** Of the events being told: the transaction's, or -1 for those that setWatches makes up for (client-protocol 3.3). */
  eventZxidHi = 0;
  eventZxidLo = 0;

  private readonly shard: number;
  private readonly connections: ShardConnections;
  private readonly sender: RequestSender;
  private readonly replies: ReplyWriter;
  private readonly opener: SessionOpener;
  private readonly notifier: WatchNotifier<ServerCnxn>;
  private readonly position: ShardPosition;
  private readonly counters: ShardCounters;
  private readonly measures: ShardMeasures;
  private readonly slow: SlowRequestReporter;
  private readonly clock: Clock;
  private readonly audit: AuditTrail | null;
  private readonly roleChanges: ShardRoleChanges;

  constructor(
    shard: number,
    connections: ShardConnections,
    sender: RequestSender,
    replies: ReplyWriter,
    opener: SessionOpener,
    notifier: WatchNotifier<ServerCnxn>,
    position: ShardPosition,
    counters: ShardCounters,
    measures: ShardMeasures,
    slow: SlowRequestReporter,
    clock: Clock,
    audit: AuditTrail | null,
    roleChanges: ShardRoleChanges,
  ) {
    this.shard = shard;
    this.connections = connections;
    this.sender = sender;
    this.replies = replies;
    this.opener = opener;
    this.notifier = notifier;
    this.position = position;
    this.counters = counters;
    this.measures = measures;
    this.slow = slow;
    this.clock = clock;
    this.audit = audit;
    this.roleChanges = roleChanges;
  }

  onResult(type: number, bytes: Uint8Array, words: Int32Array, offset: number): void {
    const header = offset >> 2;
    const { position } = this;
    const zxidHi = words[header + WORD_ZXID_HI] as number;
    const zxidLo = words[header + WORD_ZXID_LO] as number;
    if (type === RecordType.serving) {
      position.zxidHi = zxidHi;
      position.zxidLo = zxidLo;
      const replaced = ((words[header + WORD_FLAGS] as number) & FLAG_REPLACED) !== 0;
      if (replaced) this.roleChanges.onDatabaseReplaced();
      else this.roleChanges.onServing(words[header + WORD_OP] as number, words[header + WORD_HALT_COUNT] as number);
      return;
    }
    if (type === RecordType.halt) {
      this.roleChanges.onHalt();
      return;
    }
    if (type === RecordType.moved) {
      const old = this.connections.bySlot.get(words[header + WORD_SLOT] as number);
      if (old !== undefined) this.replies.closeAfterFlush(old);
      return;
    }
    const mine = words[header + WORD_SHARD] === this.shard;
    const largeBytes = words[header + WORD_LARGE_BYTES] as number;
    if (mine && largeBytes > 0) this.sender.onLargeReturned(largeBytes);
    const isOurs = mine && (words[header + WORD_CONNECTION] as number) >= 0;
    const cnxn = isOurs ? this.connections.byId.get(words[header + WORD_CONNECTION] as number) : undefined;
    const replyLength = words[header + WORD_LENGTH_A] as number;
    const changesLength = words[header + WORD_LENGTH_B] as number;
    const body = offset + PIPELINE_HEADER_BYTES;
    if (type === RecordType.commit) {
      position.zxidHi = zxidHi;
      position.zxidLo = zxidLo;
      this.eventZxidHi = zxidHi;
      this.eventZxidLo = zxidLo;
    } else {
      this.eventZxidHi = -1;
      this.eventZxidLo = -1;
    }
    let error = words[header + WORD_ERROR] as number;
    // What a request asks of its connection's watches is done here, and only here can it turn out to fail.
    if (changesLength > 0) error = this.notifier.process(bytes, body + replyLength, changesLength, cnxn) || error;
    if (this.audit !== null) this.tellAudit(this.audit, type, mine, error, bytes, words, header);
    if (cnxn !== undefined) this.onReply(type, cnxn, bytes, words, header, body, replyLength, error);
    else if (isOurs) this.counters.add(ShardCounter.staleReplies, 1);
    if (type === RecordType.commit && words[header + WORD_OP] !== OpCode.createSession) this.afterCommit(words, header);
  }

  private onReply(
    type: number,
    cnxn: ServerCnxn,
    bytes: Uint8Array,
    words: Int32Array,
    header: number,
    body: number,
    length: number,
    error: number,
  ): void {
    this.sender.onReturned(cnxn);
    // Nothing follows the frame that ended the connection, and a session that opens now has lost its connection already.
    if (cnxn.state === CnxnState.closing) {
      this.counters.add(ShardCounter.staleReplies, 1);
      return;
    }
    // No reply at all: the request is lost with its server's role, or the session is another connection's.
    if (error === ErrorCode.ConnectionLoss || error === ErrorCode.SessionMoved) {
      this.replies.closeAfterFlush(cnxn);
      return;
    }
    const op = words[header + WORD_OP] as number;
    this.measure(type, cnxn, bytes, words, header, body + length);
    if (op === OpCode.createSession || op === InternalOp.reopenSession) {
      const sessionHi = words[header + WORD_SESSION_HI] as number;
      const sessionLo = words[header + WORD_SESSION_LO] as number;
      if (error === ErrorCode.Ok) this.opener.open(cnxn, words[header + WORD_SLOT] as number, sessionHi, sessionLo);
      else this.opener.refuse(cnxn);
      // What operators are shown of a session that has asked for nothing yet; of one that came again that is nothing.
      if (error === ErrorCode.Ok && op === OpCode.createSession) {
        cnxn.showOpened(op, words[header + WORD_ZXID_HI] as number, words[header + WORD_ZXID_LO] as number);
      }
      return;
    }
    const flags = words[header + WORD_FLAGS] as number;
    const bodyLength = error === ErrorCode.Ok || (flags & FLAG_BODY) !== 0 ? length : 0;
    const xid = words[header + WORD_XID] as number;
    const zxidHi = words[header + WORD_ZXID_HI] as number;
    const zxidLo = words[header + WORD_ZXID_LO] as number;
    this.replies.reply(cnxn, xid, zxidHi, zxidLo, error, bytes, body, bodyLength);
    if ((flags & FLAG_CLOSE) !== 0) this.replies.closeAfterFlush(cnxn);
  }

  /** A closed session takes its connection along, behind the reply if there is one. */
  private afterCommit(words: Int32Array, header: number): void {
    const op = words[header + WORD_OP] as number;
    if (op !== OpCode.closeSession && op !== InternalOp.expireSession) return;
    if (words[header + WORD_ERROR] !== ErrorCode.Ok) return;
    const cnxn = this.connections.bySlot.get(words[header + WORD_SLOT] as number);
    if (cnxn !== undefined) this.replies.closeAfterFlush(cnxn);
  }

  private tellAudit(
    audit: AuditTrail,
    type: number,
    mine: boolean,
    error: number,
    bytes: Uint8Array,
    words: Int32Array,
    header: number,
  ): void {
    const op = words[header + WORD_OP] as number;
    const body = (header << 2) + PIPELINE_HEADER_BYTES;
    const length = words[header + WORD_LENGTH_A] as number;
    if (mine) audit.onReply(type, words[header + WORD_CONNECTION] as number, op, error, bytes, body, length);
    if (type !== RecordType.commit || error !== ErrorCode.Ok) return;
    const sessionHi = words[header + WORD_SESSION_HI] as number;
    const sessionLo = words[header + WORD_SESSION_LO] as number;
    audit.onCommit(op, sessionHi, sessionLo, bytes, body + length, words[header + WORD_LENGTH_B] as number);
  }

  private measure(
    type: number,
    cnxn: ServerCnxn,
    bytes: Uint8Array,
    words: Int32Array,
    header: number,
    changes: number,
  ): void {
    const nowMs = this.clock.monotonicMs();
    const arrival = words[header + WORD_ARRIVED] as number;
    const latencyMs = wholeMsSince(arrival, nowMs);
    cnxn.measure(latencyMs, nowMs);
    this.counters.addLatency(latencyMs);
    const isWrite = type === RecordType.commit;
    if (latencyMs >= this.slow.thresholdMs) {
      this.slow.onReply(isWrite, cnxn, words, header, bytes, changes, latencyMs, nowMs);
    }
    // The reference answers who comes again without a request.
    if (words[header + WORD_OP] === InternalOp.reopenSession) return;
    this.measures.onReply(isWrite, msSince(arrival, nowMs));
  }
}
