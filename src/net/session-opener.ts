/**
 * The handshake (client-protocol 2.2 to 2.4): from a ConnectRequest to a connection that serves a session, or to a refusal.
 *
 * Lives on the shard's thread. It asks prep for the session; the answer comes back through the result router. It checks a
 * password before anything is done to the session's present connection.
 */
import type { Logger } from '../actor/logger.js';
import { writeInt32 } from '../base/bytes.js';
import type { Clock } from '../base/clock.js';
import { compareSigned, hex64 } from '../base/int64.js';
import { InternalOp } from '../processor/pipeline-records.js';
import { OpCode } from '../protocol/op-code.js';
import { passwordMatches } from '../protocol/session-password.js';
import type { ConnectionThrottle } from './connection-throttle.js';
import { FrameVerdict } from './frame-buffer.js';
import { ConnectRequestView, writeConnectResponse } from './handshake.js';
import type { ReplyWriter } from './reply-writer.js';
import type { RequestSender } from './request-sender.js';
import { CnxnState, type ServerCnxn } from './server-cnxn.js';
import type { ShardConnections } from './shard-connections.js';
import { ShardCounter, type ShardCounters } from './shard-counters.js';
import type { ShardMeasures } from './shard-measures.js';
import type { ShardPosition } from './shard-position.js';
import type { ShardRole } from './shard-role.js';

export interface SessionOpenerOptions {
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
}

const TIMEOUT_BYTES = 4;

export class SessionOpener {
  private readonly connections: ShardConnections;
  private readonly sender: RequestSender;
  private readonly replies: ReplyWriter;
  private readonly position: ShardPosition;
  private readonly role: ShardRole;
  private readonly counters: ShardCounters;
  private readonly measures: ShardMeasures;
  private readonly throttle: ConnectionThrottle;
  private readonly clock: Clock;
  private readonly log: Logger;
  private readonly options: SessionOpenerOptions;
  private readonly request = new ConnectRequestView();
  private readonly timeout = new Uint8Array(TIMEOUT_BYTES);

  constructor(
    connections: ShardConnections,
    sender: RequestSender,
    replies: ReplyWriter,
    position: ShardPosition,
    role: ShardRole,
    counters: ShardCounters,
    measures: ShardMeasures,
    throttle: ConnectionThrottle,
    clock: Clock,
    log: Logger,
    options: SessionOpenerOptions,
  ) {
    this.connections = connections;
    this.sender = sender;
    this.replies = replies;
    this.position = position;
    this.role = role;
    this.counters = counters;
    this.measures = measures;
    this.throttle = throttle;
    this.clock = clock;
    this.log = log;
    this.options = options;
  }

  onConnectRequest(cnxn: ServerCnxn, bytes: Uint8Array, offset: number, length: number): FrameVerdict {
    const { request, position, role } = this;
    if (!request.read(bytes, offset, length)) return this.close(cnxn);
    if (!role.servesClients) {
      this.counters.add(ShardCounter.closedUnserved, 1);
      this.log.warn(`Close of session 0x0 of ${cnxn.peer}: ZooKeeperServer not running`);
      return this.close(cnxn);
    }
    if (role.isReadOnly && !request.readOnly) {
      this.log.info(`Refusing session request for not-read-only client ${cnxn.peer}`);
      return this.close(cnxn);
    }
    // Before anything that counts: a frame that has to come again must not pay twice.
    if (!this.sender.hasRoomFor(cnxn, TIMEOUT_BYTES)) return FrameVerdict.later;
    const renews = request.sessionHi !== 0 || request.sessionLo !== 0;
    if (!this.throttle.tryPass(renews, this.clock.monotonicMs())) {
      this.counters.add(ShardCounter.connectionsRejected, 1);
      return this.close(cnxn);
    }
    this.measures.tokenDeficit.add(this.throttle.deficit);
    this.counters.add(ShardCounter.connectRequests, 1);
    if (compareSigned(request.lastZxidHi, request.lastZxidLo, position.zxidHi, position.zxidLo) > 0) {
      this.log.info(
        `Refusing session request for client ${cnxn.peer} as it has seen zxid ` +
          `0x${hex64(request.lastZxidHi, request.lastZxidLo)} our last zxid is ` +
          `0x${hex64(position.zxidHi, position.zxidLo)} client must try another server`,
      );
      return this.close(cnxn);
    }
    const { minSessionTimeoutMs, maxSessionTimeoutMs } = this.options;
    cnxn.timeoutMs = Math.min(Math.max(request.timeoutMs, minSessionTimeoutMs), maxSessionTimeoutMs);
    cnxn.knowsReadOnly = request.hasReadOnly;
    this.counters.add(ShardCounter.packetsReceived, 1);
    cnxn.packetsReceived++;
    const { sessionHi, sessionLo } = request;
    cnxn.sessionHi = sessionHi;
    cnxn.sessionLo = sessionLo;
    let op: number = OpCode.createSession;
    // Who comes again is no request of the reference's.
    if (!renews) this.measures.onUnthrottled(1);
    if (renews) {
      const { passwordOffset, passwordLength } = request;
      if (!passwordMatches(sessionHi, sessionLo, bytes, passwordOffset, passwordLength)) {
        this.refuse(cnxn);
        return FrameVerdict.taken;
      }
      this.counters.add(ShardCounter.sessionsRevalidated, 1);
      op = InternalOp.reopenSession;
    }
    cnxn.state = CnxnState.opening;
    this.connections.sessionless.delete(cnxn);
    writeInt32(this.timeout, 0, cnxn.timeoutMs);
    this.sender.request(cnxn, op, 0, this.timeout, 0, TIMEOUT_BYTES);
    return FrameVerdict.taken;
  }

  /** The session is the connection's; any other connection of this shard that held it goes. */
  open(cnxn: ServerCnxn, slot: number, sessionHi: number, sessionLo: number): void {
    const other = this.connections.bySlot.get(slot);
    if (other !== undefined && other !== cnxn) this.replies.closeAfterFlush(other);
    cnxn.slot = slot;
    cnxn.sessionHi = sessionHi;
    cnxn.sessionLo = sessionLo;
    cnxn.state = CnxnState.open;
    this.connections.bySlot.set(slot, cnxn);
    const { isReadOnly } = this.role;
    writeConnectResponse(
      this.replies.outOf(cnxn),
      cnxn.timeoutMs,
      sessionHi,
      sessionLo,
      cnxn.knowsReadOnly,
      isReadOnly,
    );
    this.counters.add(ShardCounter.packetsSent, 1);
    cnxn.packetsSent++;
  }

  /** Unknown session, or a wrong password: the client is not told which. */
  refuse(cnxn: ServerCnxn): void {
    const id = hex64(cnxn.sessionHi, cnxn.sessionLo);
    this.log.info(`Invalid session 0x${id} for client ${cnxn.peer}, probably expired`);
    writeConnectResponse(this.replies.outOf(cnxn), 0, 0, 0, cnxn.knowsReadOnly, this.role.isReadOnly);
    this.replies.closeAfterFlush(cnxn);
  }

  private close(cnxn: ServerCnxn): FrameVerdict {
    this.replies.closeAfterFlush(cnxn);
    return FrameVerdict.closed;
  }
}
