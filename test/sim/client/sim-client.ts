/**
 * One client of the simulated ensemble: a session that is opened, used, moved from server to server and lost, over the wire as
 * clients speak it, with everything that it asks and sees written into the history. It has no will of its own: the workload says
 * what to ask, the world when. What a client library would do by the clock it does in `tick`: pings, giving up on silence.
 */
import { assert } from '../../../src/base/assert.js';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import { OPEN_ACL_UNSAFE } from '../../../src/protocol/acl.js';
import type { MultiOp as WireMultiOp } from '../../../src/protocol/multi.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { encodeReconfigRequest } from '../../../src/protocol/requests.js';
import type { Stat } from '../../../src/protocol/stat.js';
import { childrenOf, dataTextOf, multiResultsOf, pathOf, statOf } from '../../testing/inline/reply-bodies.js';
import { Ending, type SimClientNetwork, type SimConnection } from '../../testing/inline/sim-client-network.js';
import { type Connected, type Notification, type Reply, WireClient } from '../../testing/inline/wire-client.js';
import type { MultiPart, NodeStat, Operation, Outcome, PartResult, SetWatchesOp } from '../history/history.js';
import type { History } from '../history/history-log.js';

export interface SimServerEnd {
  readonly sid: number;
  readonly network: SimClientNetwork;
}

const FLAG_EPHEMERAL = 1;
const FLAG_SEQUENTIAL = 2;

interface Asked {
  readonly id: number;
  readonly op: Operation;
}

/** Watches that are armed, as a client library keeps them to ask for them again. */
interface Armed {
  readonly data: Set<string>;
  readonly exist: Set<string>;
  readonly child: Set<string>;
}

export class SimClient {
  readonly number: number;
  session = 0n;
  lastZxid = 0n;
  private readonly history: History;
  private readonly timeoutMs: number;
  private readonly setsWatchesAgain: boolean;
  private wire: WireClient | null = null;
  private server: SimServerEnd | null = null;
  private connection = 0;
  private password: Uint8Array | null = null;
  private cxid = 1;
  private isAttached = false;
  private isToClose = false;
  private asked: Asked[] = [];
  private armed: Armed = { data: new Set(), exist: new Set(), child: new Set() };
  private heardMs = 0;
  private pingedMs = 0;

  constructor(number: number, history: History, timeoutMs: number, setsWatchesAgain: boolean) {
    this.number = number;
    this.history = history;
    this.timeoutMs = timeoutMs;
    this.setsWatchesAgain = setsWatchesAgain;
  }

  /** A session is open on a connection that works, as far as the client knows. */
  get isConnected(): boolean {
    return this.isAttached;
  }

  /** A request sent now would leave the client. */
  get canAsk(): boolean {
    return this.isAttached && this.wire?.connection.ending === Ending.open;
  }

  /** The session may end at any time, even after a move: a server may still have the request to close it on its way. */
  get hasAskedToClose(): boolean {
    return this.isToClose;
  }

  get isConnecting(): boolean {
    return this.wire !== null && !this.isAttached;
  }

  get serverSid(): number {
    return this.server?.sid ?? -1;
  }

  get outstandingCount(): number {
    return this.asked.length;
  }

  get socket(): SimConnection | null {
    return this.wire?.connection ?? null;
  }

  // ---- what the workload has it do

  connect(server: SimServerEnd, nowMs: number): void {
    assert(this.wire === null, 'a client has one connection at a time');
    this.server = server;
    this.connection = this.history.nextConnection();
    this.wire = new WireClient(server.network.connect(0));
    this.heardMs = nowMs;
    this.pingedMs = nowMs;
    this.wire.handshake({
      lastZxidSeen: this.lastZxid,
      timeOutMs: this.timeoutMs,
      sessionId: this.session,
      ...(this.password === null ? {} : { password: this.password }),
    });
  }

  ask(op: Operation): void {
    const { wire, session, connection } = this;
    assert(wire !== null && this.isAttached, 'a client that asks is connected');
    const cxid = op.kind === 'ping' || op.kind === 'setWatches' ? 0 : this.cxid++;
    wire.nextXid = cxid;
    const id = this.history.invoke(session, connection, this.serverSid, cxid, op);
    this.asked.push({ id, op });
    if (op.kind === 'closeSession') this.isToClose = true;
    send(wire, op);
  }

  /** The connection breaks; what was asked has no answer. */
  drop(): void {
    const { wire } = this;
    if (wire === null) return;
    if (!wire.connection.gone) wire.connection.destroy();
    this.lose();
  }

  /** Gives the session up: what becomes of it is the servers' business. */
  abandon(): void {
    this.drop();
    this.forgetSession();
  }

  // ---- what has come

  /** True when something was taken over. Throws what no client may be sent. */
  pump(nowMs: number): boolean {
    const { wire } = this;
    if (wire === null) return false;
    const { connection } = wire;
    if (!connection.hasReceived && connection.ending === Ending.open) return false;
    const frames = wire.take();
    for (const frame of frames) {
      this.heardMs = nowMs;
      if (frame.kind === 'connect') this.onConnected(frame);
      else if (frame.kind === 'event') this.onEvent(frame);
      else this.onReply(frame);
      if (this.wire !== wire) return true;
    }
    if (wire.connection.ending === Ending.open) return frames.length > 0;
    this.lose();
    return true;
  }

  /** What a client library does by the clock. */
  tick(nowMs: number): void {
    if (this.wire === null) return;
    if (nowMs - this.heardMs > (this.timeoutMs * 2) / 3) {
      this.drop();
      return;
    }
    if (!this.canAsk || nowMs - this.pingedMs < this.timeoutMs / 4) return;
    this.pingedMs = nowMs;
    this.ask({ kind: 'ping' });
  }

  private onConnected({ response }: Connected): void {
    const { history, connection, server } = this;
    const sid = (server as SimServerEnd).sid;
    if (response.timeOut === 0) {
      history.add({ kind: 'expired', session: this.session, server: sid });
      this.abandon();
      return;
    }
    const isNew = this.session === 0n;
    this.session = response.sessionId;
    this.password = response.passwd;
    this.isAttached = true;
    history.add({ kind: 'attached', session: this.session, connection, server: sid, isNew });
    if (this.watchCount === 0) return;
    if (this.setsWatchesAgain && this.canAsk) this.setWatchesAgain();
    else this.armed = { data: new Set(), exist: new Set(), child: new Set() };
  }

  private get watchCount(): number {
    return this.armed.data.size + this.armed.exist.size + this.armed.child.size;
  }

  private setWatchesAgain(): void {
    const { data, exist, child } = this.armed;
    this.ask({
      kind: 'setWatches',
      relativeZxid: this.lastZxid,
      data: [...data],
      exist: [...exist],
      child: [...child],
    });
  }

  private onEvent({ type, path, zxid }: Notification): void {
    const { session, connection, serverSid: server } = this;
    this.history.add({ kind: 'event', session, connection, server, type, path, zxid });
    if (zxid > this.lastZxid) this.lastZxid = zxid;
    const { data, exist, child } = this.armed;
    if (type === 4 || type === 2) child.delete(path);
    if (type === 4) return;
    data.delete(path);
    exist.delete(path);
  }

  private onReply(reply: Reply): void {
    const asked = this.asked.shift();
    assert(asked !== undefined, 'a reply to no request');
    const outcome = outcomeOf(reply, asked.op);
    this.history.add({ kind: 'return', id: asked.id, outcome });
    if (outcome.zxid > this.lastZxid) this.lastZxid = outcome.zxid;
    this.arm(asked.op, outcome);
    if (asked.op.kind === 'closeSession' && outcome.err === 0) this.abandon();
  }

  private arm(op: Operation, outcome: Outcome): void {
    if (op.kind !== 'getData' && op.kind !== 'exists' && op.kind !== 'getChildren') return;
    if (!op.isWatching) return;
    const { data, exist, child } = this.armed;
    if (outcome.err !== 0) {
      if (op.kind === 'exists' && outcome.err === -101) exist.add(op.path);
    } else if (op.kind === 'getChildren') child.add(op.path);
    else data.add(op.path);
  }

  private lose(): void {
    const { session, connection } = this;
    if (this.isAttached) this.history.add({ kind: 'lost', session, connection });
    this.wire = null;
    this.isAttached = false;
    this.asked = [];
  }

  private forgetSession(): void {
    this.session = 0n;
    this.isToClose = false;
    this.password = null;
    this.cxid = 1;
    this.lastZxid = 0n;
    this.armed = { data: new Set(), exist: new Set(), child: new Set() };
  }
}

function send(wire: WireClient, op: Operation): void {
  switch (op.kind) {
    case 'create':
      wire.create(op.path, {
        data: op.data,
        flags: (op.isEphemeral ? FLAG_EPHEMERAL : 0) | (op.isSequential ? FLAG_SEQUENTIAL : 0),
      });
      break;
    case 'delete':
      wire.delete(op.path, op.version);
      break;
    case 'setData':
      wire.setData(op.path, op.data, op.version);
      break;
    case 'multi':
      wire.multi(op.parts.map(wirePart));
      break;
    case 'closeSession':
      wire.closeSession();
      break;
    case 'getData':
      wire.getData(op.path, op.isWatching);
      break;
    case 'exists':
      wire.exists(op.path, op.isWatching);
      break;
    case 'getChildren':
      wire.getChildren(op.path, op.isWatching);
      break;
    case 'sync':
      wire.sync(op.path);
      break;
    case 'reconfig':
      wire.request(OpCode.reconfig, (w) =>
        encodeReconfigRequest(w, {
          joiningServers: op.joining,
          leavingServers: op.leaving,
          newMembers: op.newMembers,
          curConfigId: op.fromVersion,
        }),
      );
      break;
    case 'ping':
      wire.ping();
      break;
    case 'setWatches':
      sendSetWatches(wire, op);
      break;
  }
}

function sendSetWatches(wire: WireClient, { relativeZxid, data, exist, child }: SetWatchesOp): void {
  wire.setWatches({ relativeZxid, dataWatches: [...data], existWatches: [...exist], childWatches: [...child] });
}

function wirePart(part: MultiPart): WireMultiOp {
  const { path } = part;
  switch (part.kind) {
    case 'create': {
      const flags = (part.isEphemeral ? FLAG_EPHEMERAL : 0) | (part.isSequential ? FLAG_SEQUENTIAL : 0);
      return { type: OpCode.create, request: { path, data: encodeUtf8(part.data), acl: OPEN_ACL_UNSAFE, flags } };
    }
    case 'delete':
      return { type: OpCode.delete, request: { path, version: part.version } };
    case 'setData':
      return { type: OpCode.setData, request: { path, data: encodeUtf8(part.data), version: part.version } };
    case 'check':
      return { type: OpCode.check, request: { path, version: part.version } };
  }
}

function outcomeOf(reply: Reply, op: Operation): Outcome {
  const { zxid, err } = reply;
  if (err !== 0) return { zxid, err };
  switch (op.kind) {
    case 'create':
      return { zxid, err, path: pathOf(reply) };
    case 'setData':
    case 'exists':
      return { zxid, err, stat: nodeStat(statOf(reply)) };
    case 'getData':
      return { zxid, err, data: dataTextOf(reply), stat: nodeStat(statOf(reply)) };
    case 'getChildren':
      return { zxid, err, children: childrenOf(reply) };
    case 'reconfig':
      return {
        zxid,
        err,
        configVersion: BigInt(`0x${/^version=([0-9a-f]+)$/m.exec(dataTextOf(reply) ?? '')?.[1] ?? '0'}`),
      };
    case 'multi':
      return { zxid, err, results: multiResultsOf(reply).map(partResult) };
    default:
      return { zxid, err };
  }
}

function partResult(result: ReturnType<typeof multiResultsOf>[number]): PartResult {
  switch (result.type) {
    case OpCode.create:
      return { err: 0, path: result.response.path };
    case OpCode.setData:
      return { err: 0, stat: nodeStat(result.response.stat) };
    case OpCode.error:
      return { err: result.response.err };
    default:
      return { err: 0 };
  }
}

function nodeStat(stat: Stat): NodeStat {
  const { czxid, mzxid, pzxid, version, cversion, ephemeralOwner, dataLength, numChildren } = stat;
  return { czxid, mzxid, pzxid, version, cversion, ephemeralOwner, dataLength, numChildren };
}
