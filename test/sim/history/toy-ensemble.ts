/**
 * An ensemble that is right by construction, to try the history checker on: one list of transactions, servers that have applied
 * some prefix of it, clients that ask them. With a defect it is wrong in exactly one way, now and then. No network, no disk.
 */
import { assert } from '../../../src/base/assert.js';
import type { Prng } from '../../../src/base/prng.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import {
  type CommittedTxn,
  type HistoryEntry,
  isWrite,
  type MultiPart,
  type Operation,
  type Outcome,
  type WriteOp,
} from './history.js';
import { type Change, TreeModel } from './tree-model.js';

export const TOY_DEFECTS = [
  'acknowledged, never done',
  'done, never committed',
  'stale read',
  'sync answered at once',
  'lost watch',
  'late watch',
  'event twice',
  'event of another path',
  'watches set again are forgotten',
  'swapped replies',
  'replies out of order',
  'resurrected ephemeral',
  'duplicate zxid',
  'session goes back',
  'done twice',
  'wrong sequential name',
  'wrong version',
  'half a multi',
  'condition not looked at',
  'commit out of order',
  'session closed twice',
] as const;
export type ToyDefect = (typeof TOY_DEFECTS)[number];

interface ToyTxn extends CommittedTxn {
  readonly op: WriteOp | null;
  readonly outcome: Outcome;
}

interface Asked {
  readonly id: number;
  readonly op: Operation;
  /** Of a write: its transaction; of a sync: how many the server must have applied. */
  txn: ToyTxn | null;
  target: number;
}

interface ToyServer {
  readonly number: number;
  readonly model: TreeModel;
  applied: number;
  zxid: bigint;
}

interface ToyClient {
  session: bigint;
  connection: number;
  server: ToyServer;
  cxid: number;
  lastZxid: bigint;
  isConnected: boolean;
  readonly asked: Asked[];
  /** Watches on the server; the client's own list is the same, until it moves. */
  armed: Set<string>;
  late: Change[];
}

const PATHS = ['/a', '/b', '/a/x', '/a/y', '/b/e'];

export class ToyEnsemble {
  readonly entries: HistoryEntry[] = [];
  readonly txns: ToyTxn[] = [];
  /** How often the defect showed itself. */
  defects = 0;
  private readonly prng: Prng;
  private readonly defect: ToyDefect | null;
  private readonly master = new TreeModel();
  private readonly servers: ToyServer[];
  private readonly clients: ToyClient[] = [];
  private zxid = 0x1_0000_0000n;
  private idNext = 1;
  private connectionNext = 1;
  private sessionNext = 0x100n;
  private values = 0;

  constructor(prng: Prng, defect: ToyDefect | null) {
    this.prng = prng;
    this.defect = defect;
    this.servers = [1, 2, 3].map((number) => ({ number, model: new TreeModel(), applied: 0, zxid: 0n }));
    for (let i = 0; i < 3; i++) this.clients.push(this.newClient());
  }

  run(steps: number): this {
    for (let i = 0; i < steps; i++) this.step();
    for (const server of this.servers) this.catchUp(server, this.txns.length);
    for (const client of this.clients) {
      if (!client.isConnected) continue;
      this.ask(client, { kind: 'ping' });
      this.answer(client);
    }
    return this;
  }

  private step(): void {
    const { prng } = this;
    if (prng.below(40) === 0) this.zxid = ((this.zxid >> 32n) + 1n) << 32n;
    const client = this.clients[prng.below(this.clients.length)];
    switch (prng.below(10)) {
      case 0:
      case 1:
      case 2: {
        const server = this.servers[prng.below(3)];
        this.catchUp(server, Math.min(server.applied + 1 + prng.below(3), this.txns.length));
        break;
      }
      case 3:
        if (prng.below(3) === 0) this.disturb(client);
        else this.answer(client);
        break;
      default:
        if (!client.isConnected) this.reconnect(client);
        else this.ask(client, this.drawOp());
    }
  }

  private drawOp(): Operation {
    const { prng } = this;
    const path = PATHS[prng.below(PATHS.length)];
    const isWatching = prng.below(2) === 0;
    switch (prng.below(12)) {
      case 0:
        return { kind: 'sync', path };
      case 1:
      case 2:
        return { kind: 'exists', path, isWatching };
      case 3:
      case 4:
        return { kind: 'getData', path, isWatching };
      case 5:
        return { kind: 'getChildren', path, isWatching };
      case 6:
        return { kind: 'multi', parts: [this.drawPart(), this.drawPart()] };
      default:
        return this.drawPart() as WriteOp;
    }
  }

  private drawPart(): MultiPart {
    const { prng } = this;
    const path = PATHS[prng.below(PATHS.length)];
    const data = `v${++this.values}`;
    const version = prng.below(3) === 0 ? prng.below(3) : -1;
    switch (prng.below(5)) {
      case 0:
        return { kind: 'delete', path, version };
      case 1:
        return { kind: 'setData', path, data, version };
      case 2:
        return { kind: 'create', path: `${path}/s-`, data, isEphemeral: prng.below(2) === 0, isSequential: true };
      default:
        return { kind: 'create', path, data, isEphemeral: path === '/b/e', isSequential: false };
    }
  }

  // ---- clients

  private newClient(): ToyClient {
    const client: ToyClient = {
      session: this.sessionNext++,
      connection: this.connectionNext++,
      server: this.servers[this.prng.below(3)],
      cxid: 1,
      lastZxid: 0n,
      isConnected: true,
      asked: [],
      armed: new Set(),
      late: [],
    };
    const { session, connection, server } = client;
    this.commit(session, 0, OpCode.createSession, null);
    this.entries.push({ kind: 'attached', session, connection, server: server.number, isNew: true });
    return client;
  }

  private ask(client: ToyClient, op: Operation): void {
    const { session, connection, server } = client;
    const asked: Asked = { id: this.idNext++, op, txn: null, target: 0 };
    const cxid = client.cxid++;
    this.entries.push({ kind: 'invoke', id: asked.id, session, connection, server: server.number, cxid, op });
    client.asked.push(asked);
    if (op.kind === 'sync') asked.target = this.shows('sync answered at once', 2) ? 0 : this.txns.length;
    // A few requests are lost on their way; that shows only once the connection is.
    if (!isWrite(op)) return;
    asked.txn = this.commit(session, cxid, 0, op);
  }

  private commit(session: bigint, cxid: number, type: number, op: WriteOp | null): ToyTxn {
    const duplicate = this.shows('duplicate zxid', 12);
    if (!duplicate) this.zxid++;
    const { zxid } = this;
    let outcome: Outcome = { zxid, err: 0 };
    if (op !== null) {
      if (this.shows('acknowledged, never done', 12)) {
        const mark = this.master.mark();
        outcome = this.master.apply(op, session, zxid);
        this.master.undoTo(mark);
        return { zxid, session, cxid, type: -2, err: 0, op: null, outcome };
      }
      outcome = this.master.apply(this.spoilt(op), session, zxid);
      if (this.shows('done twice', 10)) this.master.apply(op, session, zxid);
    } else if (type === OpCode.closeSession) this.master.closeSession(session, zxid);
    outcome = this.spoiltOutcome(outcome);
    const wireType = op === null ? type : outcome.err !== 0 ? OpCode.error : OpCode.multi;
    const txn: ToyTxn = { zxid, session, cxid, type: wireType, err: outcome.err, op, outcome };
    this.txns.push(txn);
    if (this.shows('commit out of order', 8) && this.txns.length > 2) {
      const [last, before] = [this.txns.pop(), this.txns.pop()] as [ToyTxn, ToyTxn];
      this.txns.push(last, before);
    }
    return txn;
  }

  private spoilt(op: WriteOp): WriteOp {
    if (op.kind === 'multi' && this.shows('half a multi', 2)) return { kind: 'multi', parts: op.parts.slice(0, 1) };
    if ((op.kind === 'setData' || op.kind === 'delete') && op.version !== -1) {
      if (this.shows('condition not looked at', 1)) return { ...op, version: -1 };
    }
    return op;
  }

  private spoiltOutcome(outcome: Outcome): Outcome {
    if (typeof outcome.path === 'string' && outcome.path.includes('s-') && this.shows('wrong sequential name', 3)) {
      return { ...outcome, path: `${outcome.path.slice(0, -1)}9` };
    }
    if (outcome.stat !== undefined && this.shows('wrong version', 2)) {
      return { ...outcome, stat: { ...outcome.stat, version: outcome.stat.version + 1 } };
    }
    return outcome;
  }

  /** As many of the oldest requests as can be. */
  private answer(client: ToyClient): void {
    if (this.shows('replies out of order', 8) && client.asked.length > 1) client.asked.reverse();
    for (let first = client.asked[0]; first !== undefined && client.isConnected; first = client.asked[0]) {
      const { server } = client;
      const { txn, target } = first;
      if (txn !== null && server.zxid < txn.zxid) return;
      if (server.applied < target) return;
      client.asked.shift();
      const outcome = txn?.outcome ?? this.readAt(client, first.op);
      this.fireLate(client);
      this.returned(client, first.id, outcome);
      if (outcome.zxid > client.lastZxid) client.lastZxid = outcome.zxid;
    }
  }

  private returned(client: ToyClient, id: number, outcome: Outcome): void {
    this.entries.push({ kind: 'return', id, outcome });
    const before = this.entries.at(-2);
    if (before?.kind === 'return' && this.shows('swapped replies', 2)) {
      this.entries.splice(-2, 2, { ...before, outcome }, { kind: 'return', id, outcome: before.outcome });
    }
    assert(client.isConnected, 'only who is connected is answered');
  }

  private readAt(client: ToyClient, op: Operation): Outcome {
    const { model, zxid } = client.server;
    if (op.kind === 'setWatches') return { zxid, err: 0 };
    if (op.kind !== 'getData' && op.kind !== 'exists' && op.kind !== 'getChildren') return { zxid, err: 0 };
    const outcome = model.read(op, zxid);
    if (op.isWatching && (outcome.err === 0 || op.kind === 'exists')) {
      client.armed.add(`${op.kind === 'getChildren' ? 'children' : 'node'} ${op.path}`);
    }
    if (outcome.data !== undefined && this.shows('stale read', 3)) return { ...outcome, data: 'old' };
    return outcome;
  }

  private disturb(client: ToyClient): void {
    if (!client.isConnected) return;
    const { session, connection } = client;
    client.isConnected = false;
    client.asked.length = 0;
    client.late.length = 0;
    this.entries.push({ kind: 'lost', session, connection });
    if (this.prng.below(3) !== 0) return;
    this.commit(session, 0, OpCode.closeSession, null);
    if (this.shows('session closed twice', 2)) this.commit(session, 0, OpCode.closeSession, null);
    this.entries.push({ kind: 'expired', session, server: client.server.number });
    client.session = 0n;
    client.armed.clear();
  }

  private reconnect(client: ToyClient): void {
    if (client.session === 0n) {
      Object.assign(client, this.newClient());
      return;
    }
    const server = this.servers[this.prng.below(3)];
    const goesBack = this.shows('session goes back', 1);
    if (!goesBack && server.zxid < client.lastZxid) return;
    client.server = server;
    client.connection = this.connectionNext++;
    client.isConnected = true;
    const { session, connection, armed } = client;
    this.entries.push({ kind: 'attached', session, connection, server: server.number, isNew: false });
    if (armed.size === 0) return;
    this.setWatches(client);
  }

  private setWatches(client: ToyClient): void {
    const op: Operation = { kind: 'setWatches', relativeZxid: client.lastZxid, data: [], exist: [], child: [] };
    for (const key of client.armed) {
      const [kind, path] = key.split(' ') as [string, string];
      (op[kind === 'children' ? 'child' : 'data'] as string[]).push(path);
    }
    this.ask(client, op);
    const { model, zxid } = client.server;
    const isForgotten = this.shows('watches set again are forgotten', 1);
    for (const path of op.data) {
      const node = model.nodes.get(path);
      const type = node === undefined ? 2 : node.mzxid > op.relativeZxid ? 3 : 0;
      if (type !== 0) this.fireAgain(client, { zxid, path, isOfChildren: false, type }, isForgotten);
    }
    for (const path of op.child) {
      const node = model.nodes.get(path);
      const type = node === undefined ? 2 : node.pzxid > op.relativeZxid ? 4 : 0;
      if (type !== 0) this.fireAgain(client, { zxid, path, isOfChildren: true, type }, isForgotten);
    }
    const [asked] = client.asked.splice(0, 1);
    this.returned(client, asked.id, { zxid, err: 0 });
    client.lastZxid = zxid;
  }

  private fireAgain(client: ToyClient, change: Change, isForgotten: boolean): void {
    client.armed.delete(`${change.isOfChildren ? 'children' : 'node'} ${change.path}`);
    if (!isForgotten) this.tell(client, change, -1n);
  }

  // ---- servers

  private catchUp(server: ToyServer, applied: number): void {
    while (server.applied < applied) {
      this.applyAt(server, this.txns[server.applied]);
      server.applied++;
      for (const client of this.clients) if (client.server === server && client.isConnected) this.answer(client);
    }
  }

  private applyAt(server: ToyServer, txn: ToyTxn): void {
    const changes: Change[] = [];
    server.model.onChange = (change) => changes.push(change);
    if (txn.type === OpCode.closeSession) {
      if (!this.shows('resurrected ephemeral', 3)) server.model.closeSession(txn.session, txn.zxid);
    } else if (txn.op !== null && !this.shows('done, never committed', 12)) {
      server.model.apply(txn.op, txn.session, txn.zxid);
    }
    server.zxid = txn.zxid;
    for (const client of this.clients) {
      if (client.server !== server || !client.isConnected) continue;
      for (const change of changes) this.fire(client, change);
    }
  }

  private fire(client: ToyClient, change: Change): void {
    const key = `${change.isOfChildren ? 'children' : 'node'} ${change.path}`;
    if (!client.armed.delete(key)) return;
    if (change.type === 2 && !change.isOfChildren) client.armed.delete(`children ${change.path}`);
    if (this.shows('lost watch', 3)) return;
    if (this.shows('late watch', 2)) {
      client.late.push(change);
      return;
    }
    const told = this.shows('event of another path', 3) ? { ...change, path: `${change.path}x` } : change;
    this.tell(client, told, told.zxid);
    if (this.shows('event twice', 2)) this.tell(client, told, told.zxid);
  }

  private fireLate(client: ToyClient): void {
    const late = client.late.splice(0);
    const before = this.entries.length;
    for (const change of late) this.tell(client, change, change.zxid);
    assert(this.entries.length === before + late.length, 'late events are told');
  }

  private tell(client: ToyClient, change: Change, zxid: bigint): void {
    const { session, connection, server } = client;
    const { type, path } = change;
    this.entries.push({ kind: 'event', session, connection, server: server.number, type, path, zxid });
    if (zxid > client.lastZxid) client.lastZxid = zxid;
  }

  private shows(defect: ToyDefect, oneIn: number): boolean {
    if (this.defect !== defect || this.prng.below(oneIn) !== 0) return false;
    this.defects++;
    return true;
  }
}
