/**
 * How connections come to a shard and leave it: who is let in, who hears what becomes of the socket, and what is forgotten
 * when it is gone.
 *
 * Owned by the shard, on its thread. Why a connection ends, and what it says until then, is decided elsewhere.
 */
import type { ActorContext } from '../actor/actor.js';
import { hex64 } from '../base/int64.js';
import { ipIdentityOf } from '../processor/ip-address.js';
import type { Authenticator } from './auth/authenticator.js';
import { type ClientSocket, type ClientSocketEvents, PortKind } from './client-socket.js';
import { type ConnectionCounts, REFUSED, REFUSED_IN_ALL } from './connection-counts.js';
import type { ConnectionsOptions } from './connections-options.js';
import type { FrameIntake } from './frame-intake.js';
import type { ReplyWriter } from './reply-writer.js';
import type { RequestSender } from './request-sender.js';
import type { RequestThrottler } from './request-throttler.js';
import { CnxnState, ServerCnxn } from './server-cnxn.js';
import type { ShardConnections } from './shard-connections.js';
import { ShardCounter, type ShardCounters } from './shard-counters.js';
import type { ShardDrain } from './shard-drain.js';
import type { ShardRole } from './shard-role.js';
import type { WatchNotifier } from './watch-notifier.js';

export class ConnectionAcceptor {
  private readonly context: ActorContext;
  private readonly options: ConnectionsOptions;
  private readonly counts: ConnectionCounts;
  private readonly counters: ShardCounters;
  private readonly role: ShardRole;
  private readonly drain: ShardDrain;
  private readonly authenticator: Authenticator;
  private readonly connections: ShardConnections;
  private readonly intake: FrameIntake;
  private readonly replies: ReplyWriter;
  private readonly sender: RequestSender;
  private readonly throttler: RequestThrottler;
  private readonly notifier: WatchNotifier<ServerCnxn>;
  private isClosed = false;

  constructor(
    context: ActorContext,
    options: ConnectionsOptions,
    counts: ConnectionCounts,
    counters: ShardCounters,
    role: ShardRole,
    drain: ShardDrain,
    authenticator: Authenticator,
    connections: ShardConnections,
    intake: FrameIntake,
    replies: ReplyWriter,
    sender: RequestSender,
    throttler: RequestThrottler,
    notifier: WatchNotifier<ServerCnxn>,
  ) {
    this.context = context;
    this.options = options;
    this.counts = counts;
    this.counters = counters;
    this.role = role;
    this.drain = drain;
    this.authenticator = authenticator;
    this.connections = connections;
    this.intake = intake;
    this.replies = replies;
    this.sender = sender;
    this.throttler = throttler;
    this.notifier = notifier;
  }

  /** Null: not let in. */
  accept(socket: ClientSocket, kind: PortKind): ClientSocketEvents | null {
    if (this.drain.hasBegun) return null;
    if (kind === PortKind.tls && this.options.dropsEarlyHandshakes === true && !this.role.servesClients) {
      this.counters.add(ShardCounter.closedUnserved, 1);
      return null;
    }
    const address = ipIdentityOf(socket.remoteAddress);
    const countedOn = this.counts.tryAdd(address, this.options.maxClientCnxns, this.options.maxCnxns);
    if (countedOn === REFUSED || countedOn === REFUSED_IN_ALL) {
      this.onRefused(address, countedOn === REFUSED_IN_ALL);
      return null;
    }
    const nowMs = this.context.clock.monotonicMs();
    // The counter outlives the shard: answers to a predecessor's connections may still come, and must find nobody.
    this.counters.add(ShardCounter.connectionsAccepted, 1);
    const id = this.counters.get(ShardCounter.connectionsAccepted);
    const cnxn = new ServerCnxn(id, socket, nowMs);
    this.authenticator.greet(cnxn, address);
    this.connections.add(cnxn);
    this.counters.set(ShardCounter.connections, this.connections.byId.size);
    const { intake } = this;
    return {
      onSecured: () => this.authenticator.greet(cnxn, address),
      onData: (bytes, length) => intake.onData(cnxn, bytes, length),
      onEnd: () => this.onEnd(cnxn),
      onDrain: () => {
        if (cnxn.stalled) this.context.requestTurn();
      },
      onClose: () => this.onClose(cnxn, countedOn),
    };
  }

  /** The shard ends, and its connections with it. */
  close(): void {
    this.isClosed = true;
    for (const cnxn of this.connections.byId.values()) cnxn.socket.destroy();
  }

  private onRefused(address: string, isOfAll: boolean): void {
    const { maxClientCnxns, maxCnxns } = this.options;
    this.counters.add(ShardCounter.connectionsRefused, 1);
    this.counters.add(ShardCounter.connectionsRejected, 1);
    this.context.log.warn(
      isOfAll
        ? `Too many connections max allowed is ${maxCnxns}`
        : `Too many connections from ${address} - max is ${maxClientCnxns}`,
    );
  }

  /** Who has asked a four-letter word may close its half before it reads the answer; any other client is gone. */
  private onEnd(cnxn: ServerCnxn): void {
    if (isServed(cnxn.state)) this.counters.add(ShardCounter.connectionsDropped, 1);
    if (cnxn.state !== CnxnState.answering && cnxn.state !== CnxnState.closing) {
      this.context.log.info(
        'Unable to read additional data from client, it probably closed the socket: ' +
          `address = ${cnxn.peer}, session = 0x${sessionText(cnxn)}`,
      );
    }
    if (cnxn.state !== CnxnState.answering) this.replies.closeAfterFlush(cnxn);
  }

  private onClose(cnxn: ServerCnxn, countedOn: number): void {
    // By now a shard made anew may be counting, in the same places and from nothing.
    if (this.isClosed) return;
    this.counts.remove(countedOn);
    if (isServed(cnxn.state)) {
      this.counters.add(ShardCounter.connectionsDropped, 1);
      this.context.log.warn(`Close of session 0x${sessionText(cnxn)}: the connection of ${cnxn.peer} broke`);
    }
    this.forget(cnxn);
  }

  private forget(cnxn: ServerCnxn): void {
    cnxn.state = CnxnState.closing;
    cnxn.input.clear();
    cnxn.out = null;
    this.connections.remove(cnxn);
    this.notifier.watches.removeWatcher(cnxn);
    this.sender.forget(cnxn);
    this.throttler.forget(cnxn);
    this.counters.set(ShardCounter.connections, this.connections.byId.size);
    if (this.intake.hasStalled || this.notifier.watches.isLeaving) this.context.requestTurn();
  }
}

/** The connection ends because its client or the network wants it so. */
function isServed(state: CnxnState): boolean {
  return state !== CnxnState.closing && state !== CnxnState.answering;
}

function sessionText({ sessionHi, sessionLo }: ServerCnxn): string {
  return hex64(sessionHi, sessionLo);
}
