/**
 * Judges a whole run after the fact: the log says in which order the writes were executed, the model what each of them and
 * each read had to answer at its zxid, and with that every connection's frames are determined one by one.
 *
 * At each zxid: the model applies the transaction; its watch events are due on every connection, before its reply; then
 * come the replies that show exactly this zxid. A connection that was cut may lack the end of what was due, nothing else.
 */
import { readInt32 } from '../../../../src/base/bytes.js';
import { JuteReader } from '../../../../src/jute/jute-reader.js';
import { decodeMultiResponse } from '../../../../src/protocol/multi.js';
import { OpCode, opName } from '../../../../src/protocol/op-code.js';
import {
  decodeCreate2Response,
  decodeCreateResponse,
  decodeGetACLResponse,
  decodeGetAllChildrenNumberResponse,
  decodeGetChildren2Response,
  decodeGetChildrenResponse,
  decodeGetDataResponse,
  decodeGetEphemeralsResponse,
  decodeStatResponse,
  decodeSyncResponse,
  decodeWhoAmIResponse,
} from '../../../../src/protocol/replies.js';
import { decodeTxnEntry } from '../../../../src/protocol/txns.js';
import type { LoggedTxn } from '../../../testing/inline/recorded-log.js';
import { aclText } from '../../../testing/inline/reply-bodies.js';
import { type Frame, frameText, type Reply } from '../../../testing/inline/wire-client.js';
import type { ModelConnection, Sent } from './model-connection.js';
import { allows, type Change, ModelTree, type ReadRequest } from './model-tree.js';
import { ModelWatches } from './model-watches.js';

const READ = 1;

interface Walk {
  readonly connection: ModelConnection;
  frameNext: number;
  sentNext: number;
  readonly watches: ModelWatches;
}

interface Execution {
  readonly walk: Walk;
  readonly index: number;
  readonly sent: Sent;
}

export class Judge {
  readonly model: ModelTree;
  private readonly walks: Walk[];
  private readonly bySessionAndXid = new Map<string, Execution>();
  private readonly closed = new Set<bigint>();
  private zxid = 0n;
  /** By the container manager. */
  removedContainers = 0;

  constructor(connections: readonly ModelConnection[], extendedTypes: boolean) {
    this.model = new ModelTree(extendedTypes);
    this.walks = connections.map((connection) => ({
      connection,
      frameNext: 0,
      sentNext: 0,
      watches: new ModelWatches(),
    }));
    for (const walk of this.walks) {
      walk.connection.sent.forEach((sent, index) => {
        if (sent.kind !== 'write' && sent.kind !== 'close') return;
        this.bySessionAndXid.set(`${walk.connection.sessionId} ${sent.xid}`, { walk, index, sent });
      });
    }
  }

  /** Throws at the first thing that is not as it had to be. */
  judge(logged: readonly LoggedTxn[]): void {
    this.takeReads();
    for (const txn of logged) {
      if (txn.zxid !== this.zxid + 1n) throw new Error(`zxid ${txn.zxid} was logged behind ${this.zxid}`);
      this.zxid = txn.zxid;
      this.apply(txn);
      this.takeReads();
    }
    for (const walk of this.walks) this.finish(walk);
  }

  /** Watches that are still set on connections that live. */
  get watchCount(): number {
    return this.walks.filter((walk) => !walk.connection.isOver).reduce((sum, { watches }) => sum + watches.count, 0);
  }

  /** A read behind everything, whatever the zxid. Throws unless it shows the model's last state. */
  judgeRead(request: ReadRequest, reply: Reply, identities: readonly string[]): void {
    const { err, body } = this.model.read(request, identities);
    this.compare(`${opName(request.op)} ${request.path}`, reply, reply.zxid, err, body);
  }

  private apply(txn: LoggedTxn): void {
    if (txn.type === OpCode.createSession) return;
    if (txn.type === OpCode.closeSession) {
      const { body } = decodeTxnEntry(new JuteReader(txn.entry));
      const order = body.type === OpCode.closeSession ? (body.txn?.paths2Delete ?? []) : [];
      this.fire(this.model.closeSession(txn.sessionId, txn.zxid, order));
      this.closed.add(txn.sessionId);
      const execution = this.bySessionAndXid.get(`${txn.sessionId} ${txn.cxid}`);
      if (execution !== undefined) this.expectReply(execution, 0, null);
      return;
    }
    if (txn.sessionId === 0n) {
      this.applyOwn(txn);
      return;
    }
    const execution = this.bySessionAndXid.get(`${txn.sessionId} ${txn.cxid}`);
    if (execution === undefined || execution.sent.kind !== 'write') {
      throw new Error(`zxid ${txn.zxid} was given to a request that nobody sent`);
    }
    const { err, body, changes } = this.model.write(execution.sent.request, {
      zxid: txn.zxid,
      timeMs: txn.timeMs,
      sessionId: txn.sessionId,
      identities: execution.walk.connection.identities,
      isOpen: !this.closed.has(txn.sessionId),
    });
    const loggedError = txn.type === OpCode.error ? readInt32(txn.entry, 32) : 0;
    if (loggedError !== err) {
      throw new Error(`${this.where(execution)}: logged with ${loggedError}, the model says ${err}`);
    }
    this.fire(changes);
    this.expectReply(execution, err, body);
  }

  /** What the container manager has asked for; that prep has refused something is as good. */
  private applyOwn(txn: LoggedTxn): void {
    const { body } = decodeTxnEntry(new JuteReader(txn.entry));
    if (body.type === OpCode.error) return;
    if (body.type !== OpCode.deleteContainer)
      throw new Error(`a transaction of type ${body.type} belongs to no session`);
    this.fire(this.model.deleteContainer(body.txn.path as string, txn.zxid, txn.timeMs));
    this.removedContainers++;
  }

  // ---- events

  private fire(changes: readonly Change[]): void {
    for (const walk of this.walks) for (const change of changes) this.fireOne(walk, change);
  }

  private fireOne(walk: Walk, change: Change): void {
    for (const { type, path, acl } of walk.watches.fire(change)) this.expectEvent(walk, type, path, acl);
  }

  private expectEvent(walk: Walk, type: number, path: string, acl: readonly string[]): void {
    if (!allows(acl, READ, walk.connection.identities)) return;
    const frame = walk.connection.frames[walk.frameNext];
    if (isCut(walk)) return;
    const isRight = frame?.kind === 'event' && frame.type === type && frame.path === path && frame.zxid === this.zxid;
    if (!isRight) throw new Error(`event ${type} ${path} @${this.zxid} was due, not ${this.shown(walk)}`);
    walk.frameNext++;
  }

  // ---- replies

  private expectReply(execution: Execution, err: number, body: unknown): void {
    const { walk, index } = execution;
    const frame = walk.connection.frames[walk.frameNext];
    if (isCut(walk)) return;
    if (walk.sentNext !== index) {
      const missing = walk.connection.sent[walk.sentNext];
      throw new Error(
        `${this.where(execution)}: executed before ${missing?.kind} ${missing?.xid}: ${this.shown(walk)}`,
      );
    }
    if (frame?.kind !== 'reply') throw new Error(`${this.where(execution)}: a reply was due, not ${this.shown(walk)}`);
    this.compare(this.where(execution), frame, this.zxid, err, body);
    walk.frameNext++;
    walk.sentNext++;
  }

  /** Everything on every connection that shows the present zxid. */
  private takeReads(): void {
    for (const walk of this.walks) while (this.takeOne(walk));
  }

  private takeOne(walk: Walk): boolean {
    const { frames, sent } = walk.connection;
    const frame = frames[walk.frameNext];
    if (frame === undefined) return false;
    if (frame.kind === 'connect') {
      walk.frameNext++;
      return true;
    }
    const request = sent[walk.sentNext];
    if (request === undefined) return false;
    if (frame.kind === 'event') {
      if (frame.zxid >= 0n) return false;
      return request.kind === 'setWatches' && this.takeSetWatches(walk, request);
    }
    if (request.kind === 'write' || request.kind === 'close') return false;
    if (request.kind === 'setWatches') return this.takeSetWatches(walk, request);
    if (request.kind !== 'fixed' && frame.zxid !== this.zxid) {
      if (frame.zxid < this.zxid) throw new Error(`${this.shown(walk)} came behind zxid ${this.zxid}`);
      return false;
    }
    this.answer(walk, frame, request);
    walk.frameNext++;
    walk.sentNext++;
    return true;
  }

  private answer(walk: Walk, frame: Reply, request: Sent): void {
    const where = `${opName(frame.op)} xid ${frame.xid}`;
    switch (request.kind) {
      case 'fixed':
        this.compare(where, frame, request.zxid, request.err, null);
        break;
      case 'plain':
        this.compare(where, frame, this.zxid, request.err, null);
        break;
      case 'sync':
        this.compare(where, frame, this.zxid, 0, { path: request.path });
        break;
      case 'query': {
        const { connection } = walk;
        const { err, body } = this.model.query(request.request, connection.identities, connection.sessionId);
        this.compare(`${where} ${text(request.request)}`, frame, this.zxid, err, body);
        break;
      }
      case 'watches': {
        const { err, body } = walk.watches.answer(request.request);
        this.compare(`${where} ${request.request.path}`, frame, this.zxid, err, body);
        break;
      }
      case 'read': {
        const { err, body, watch } = this.model.read(request.request, walk.connection.identities);
        this.compare(`${where} ${request.request.path}`, frame, this.zxid, err, body);
        if (watch !== null) walk.watches.add(watch, 'standard', request.request.path);
        break;
      }
    }
  }

  /** Its events stand before its reply, and both are judged at the reply's zxid. */
  private takeSetWatches(walk: Walk, request: Sent & { kind: 'setWatches' }): boolean {
    const { frames } = walk.connection;
    let at = walk.frameNext;
    while (isCaughtUp(frames[at])) at++;
    const reply = frames[at];
    if (reply?.kind !== 'reply' || reply.zxid !== this.zxid) return false;
    const due = walk.watches.catchUp(request.lists, (path) => this.model.zxidsOf(path));
    const came = frames
      .slice(walk.frameNext, at)
      .map((frame) => (frame.kind === 'event' ? [frame.type, frame.path] : []));
    if (text(came) !== text(due)) throw new Error(`setWatches: ${text(due)} was due, not ${text(came)}`);
    this.compare('setWatches', reply, this.zxid, 0, null);
    walk.frameNext = at + 1;
    walk.sentNext++;
    return true;
  }

  private compare(where: string, reply: Reply, zxid: bigint, err: number, body: unknown): void {
    const expected = text({ zxid, err, body });
    const actual = text({ zxid: reply.zxid, err: reply.err, body: bodyOf(reply) });
    if (actual !== expected) throw new Error(`${where}: ${expected} was due, not ${actual}`);
  }

  private finish(walk: Walk): void {
    const { frames, sent, isOver } = walk.connection;
    if (isCut(walk)) return;
    if (walk.frameNext < frames.length) throw new Error(`nobody was waiting for ${this.shown(walk)}`);
    if (!isOver && walk.sentNext < sent.length) {
      throw new Error(`${sent.length - walk.sentNext} requests of a living connection were not answered`);
    }
  }

  private shown(walk: Walk): string {
    const frame = walk.connection.frames[walk.frameNext];
    return frame === undefined ? 'nothing' : frameText(frame);
  }

  private where({ walk, sent }: Execution): string {
    const op = sent.kind === 'write' ? opName(sent.request.op) : sent.kind;
    return `${op} xid ${sent.xid} of session ${walk.connection.sessionId.toString(16)} @${this.zxid}`;
  }
}

/** Nothing more has come, because the connection was cut. */
function isCut({ connection, frameNext, sentNext }: Walk): boolean {
  const { frames, sent, isOver } = connection;
  if (!isOver) return false;
  let at = frameNext;
  // Between the events of a setWatches and its reply: nobody knows at which zxid they were sent.
  if (sent[sentNext]?.kind === 'setWatches') while (isCaughtUp(frames[at])) at++;
  return at >= frames.length;
}

/** An event that setWatches has made up for. */
function isCaughtUp(frame: Frame | undefined): boolean {
  return frame?.kind === 'event' && frame.zxid < 0n;
}

/** In the model's terms: lists of children sorted, ACLs as text. */
function bodyOf(reply: Reply): unknown {
  if (reply.body.length === 0) return null;
  const r = new JuteReader(reply.body);
  const body = decodeBody(r, reply.op);
  if (r.remaining !== 0) throw new Error(`${r.remaining} bytes behind a reply to ${opName(reply.op)}`);
  return body;
}

function decodeBody(r: JuteReader, op: number): unknown {
  switch (op) {
    case OpCode.create:
      return decodeCreateResponse(r);
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
      return decodeCreate2Response(r);
    case OpCode.setData:
    case OpCode.setACL:
    case OpCode.exists:
      return decodeStatResponse(r);
    case OpCode.getData:
      return decodeGetDataResponse(r);
    case OpCode.getChildren: {
      const { children } = decodeGetChildrenResponse(r);
      return { children: [...children].sort() };
    }
    case OpCode.getChildren2: {
      const { children, stat } = decodeGetChildren2Response(r);
      return { children: [...children].sort(), stat };
    }
    case OpCode.getACL: {
      const { acl, stat } = decodeGetACLResponse(r);
      return { acl: acl.map(aclText), stat };
    }
    case OpCode.sync:
      return decodeSyncResponse(r);
    case OpCode.addWatch:
      return { err: r.readInt() };
    case OpCode.multi:
      return decodeMultiResponse(r);
    case OpCode.multiRead:
      return decodeMultiResponse(r).map((result) =>
        result.type === OpCode.getChildren
          ? { ...result, response: { children: [...result.response.children].sort() } }
          : result,
      );
    case OpCode.getEphemerals:
      return { ephemerals: [...decodeGetEphemeralsResponse(r).ephemerals].sort() };
    case OpCode.getAllChildrenNumber:
      return decodeGetAllChildrenNumberResponse(r);
    case OpCode.whoAmI:
      return decodeWhoAmIResponse(r)
        .clientInfo.map(({ authScheme, user }) => `${authScheme}:${user}`)
        .sort();
    default:
      throw new Error(`a reply to ${opName(op)} has no body`);
  }
}

function text(value: unknown): string {
  return JSON.stringify(value, (_key, field: unknown) => {
    if (typeof field === 'bigint') return `${field}n`;
    return field instanceof Uint8Array ? Buffer.from(field).toString('hex') : field;
  });
}
