/**
 * The audit trail of one connection shard (operations 9): what its clients asked to change, with what came of it.
 *
 * A request's path, kind and ACL are noted when it goes down the pipeline, because its reply does not have them; the line is made
 * when the reply comes by, also when its connection is gone by then, or closing it at once would leave no trace. Replies of one
 * connection come in the order of its requests, so one queue per connection is enough. What ended sessions leave behind comes from
 * the change list of the closing transaction, written by shard 0 alone.
 *
 * Lives on the shard's thread, and only while auditing is on. Lines are gathered and sent to the main thread once per turn; no file
 * is touched here. While they do not get away, no new request is taken (`hasRoom`).
 */
import type { MailboxSender } from '../actor/mailbox/mailbox.js';
import { assert } from '../base/assert.js';
import { copyBytes, readInt32 } from '../base/bytes.js';
import { hex64 } from '../base/int64.js';
import { decodeUtf8, encodeUtf8 } from '../base/utf8.js';
import type { Identity } from '../processor/acl.js';
import { ChangeKind, LAST_CHANGE_KIND } from '../processor/change-list.js';
import { InternalOp, RecordType } from '../processor/pipeline-records.js';
import { ScratchBytes } from '../processor/scratch-bytes.js';
import { ErrorCode } from '../protocol/error-code.js';
import { OpCode } from '../protocol/op-code.js';
import { AUDIT_ERROR, AUDIT_INFO, escapedText, userNames } from './audit-message.js';
import { type AuditedOperation, type AuditedRequest, auditedRequest, isAudited } from './audited-request.js';
import type { ServerCnxn } from './server-cnxn.js';
import { ShardRecord } from './shard-control.js';

/** Lines of one record, about; longer ones would have to take the way of large records. */
const RECORD_BYTES_SOFT = 8 << 10;
/** What one more request may come to. */
const ROOM_BYTES = 2 * RECORD_BYTES_SOFT;
const MULTI_HEADER_BYTES = 9;
const STAT_BYTES = 68;
const NO_BYTES = new Uint8Array(0);
const ZNODE = encodeUtf8('\tznode=');
const SUCCESS = encodeUtf8('\tresult=success\n');
const FAILURE = encodeUtf8('\tresult=failure\n');
const NAMELESS_RECONFIG: AuditedOperation = { operation: 'reconfig', znode: null, kind: null, acl: null };
const SESSION_END: AuditedOperation = {
  operation: 'ephemeralZNodeDeletionOnSessionCloseOrExpire',
  znode: null,
  kind: null,
  acl: null,
};

export class AuditTrail {
  private readonly out: MailboxSender;
  private readonly serverUser: string;
  private readonly tellsOfSessions: boolean;
  /** By connection. Invariant: a queue is never empty; in the order of the requests. */
  private readonly waiting = new Map<number, AuditedRequest[]>();
  private readonly lines = new ScratchBytes(2 * RECORD_BYTES_SOFT);
  private readonly askers = new WeakMap<ServerCnxn, { identities: readonly Identity[]; bytes: Uint8Array }>();

  /** `serverUser`: who does what no client asked for. */
  constructor(out: MailboxSender, serverUser: string, shard: number) {
    this.out = out;
    this.serverUser = serverUser;
    this.tellsOfSessions = shard === 0;
  }

  hasRoom(): boolean {
    return this.out.hasRoom(ROOM_BYTES);
  }

  /** A request that goes down the pipeline. */
  onRequest(cnxn: ServerCnxn, op: number, bytes: Uint8Array, offset: number, length: number): void {
    if (!isAudited(op)) return;
    const request = auditedRequest(this.askerOf(cnxn), op, bytes, offset, length);
    const queue = this.waiting.get(cnxn.id);
    if (queue === undefined) this.waiting.set(cnxn.id, [request]);
    else queue.push(request);
  }

  /** What has come back for a connection of this shard, whether or not it still lives. */
  onReply(
    type: number,
    connection: number,
    op: number,
    error: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
  ): void {
    if (!isAudited(op)) return;
    const queue = this.waiting.get(connection);
    const request = queue?.shift();
    // A shard made anew hears of what its predecessor had sent.
    if (queue === undefined || request === undefined) return;
    assert(request.op === op, 'replies come in the order of the requests');
    if (queue.length === 0) this.waiting.delete(connection);
    // Without a transaction nothing was asked of the database, and nobody knows what becomes of one whose role has ended.
    if (type !== RecordType.commit || error === ErrorCode.ConnectionLoss || error === ErrorCode.SessionMoved) return;
    const done = error === ErrorCode.Ok && !(op === OpCode.multi && isFailedMulti(bytes, offset, length));
    if (op === OpCode.multi && done) this.multi(request, bytes, offset, offset + length);
    else this.single(request, done, bytes, offset, length);
  }

  /** A committed transaction, whoever asked for it. */
  onCommit(
    op: number,
    sessionHi: number,
    sessionLo: number,
    bytes: Uint8Array,
    changes: number,
    changesLength: number,
  ): void {
    if (!this.tellsOfSessions || (op !== OpCode.closeSession && op !== InternalOp.expireSession)) return;
    const asker = encodeUtf8(`session=0x${hex64(sessionHi, sessionLo)}\tuser=${this.serverUser}\toperation=`);
    for (let position = changes; position < changes + changesLength; ) {
      const kind = readInt32(bytes, position);
      const pathLength = readInt32(bytes, position + 4);
      const path = position + 8;
      position = path + Math.max(pathLength, 0);
      if (kind > LAST_CHANGE_KIND) continue;
      position += 4 + readInt32(bytes, position);
      position += 4 + readInt32(bytes, position);
      if (kind !== ChangeKind.deleted) continue;
      this.write(true, asker, SESSION_END, bytes, path, pathLength);
    }
  }

  /** Once per turn. */
  flush(): void {
    const { lines, out } = this;
    if (lines.length === 0) return;
    out.claim(ShardRecord.audit, lines.length);
    copyBytes(lines.bytes, 0, out.bytes, out.offset, lines.length);
    out.commit();
    lines.reset();
  }

  private single(request: AuditedRequest, done: boolean, bytes: Uint8Array, offset: number, length: number): void {
    const { operation, asker } = request;
    if (done && operation.operation === 'create' && length >= 4) {
      this.write(true, asker, operation, bytes, offset + 4, readInt32(bytes, offset));
    } else this.writeAsked(done, asker, request.op === OpCode.reconfig && !done ? NAMELESS_RECONFIG : operation);
  }

  /** A line for each part that changed something; only the results know the names of sequential nodes. */
  private multi(request: AuditedRequest, bytes: Uint8Array, offset: number, end: number): void {
    const { asker } = request;
    let position = offset;
    for (const part of request.parts) {
      if (position + MULTI_HEADER_BYTES > end) return;
      const type = readInt32(bytes, position);
      position += MULTI_HEADER_BYTES;
      const isCreate = type === OpCode.create || type === OpCode.create2;
      const pathLength = isCreate ? readInt32(bytes, position) : 0;
      if (part !== null && isCreate) this.write(true, asker, part, bytes, position + 4, pathLength);
      else if (part !== null) this.writeAsked(true, asker, part);
      if (isCreate) position += 4 + pathLength;
      if (type === OpCode.create2 || type === OpCode.setData) position += STAT_BYTES;
    }
  }

  /** With the path that was asked for. */
  private writeAsked(done: boolean, asker: Uint8Array, operation: AuditedOperation): void {
    const znode = operation.znode;
    this.write(done, asker, operation, znode ?? NO_BYTES, 0, znode === null ? -1 : znode.length);
  }

  /** A line, piece by piece; `pathLength` -1: it has no path. */
  private write(
    done: boolean,
    asker: Uint8Array,
    { operation, kind, acl }: AuditedOperation,
    path: Uint8Array,
    pathOffset: number,
    pathLength: number,
  ): void {
    const { lines } = this;
    lines.writeByte(done ? AUDIT_INFO : AUDIT_ERROR);
    lines.writeBytes(asker, 0, asker.length);
    lines.writeText(operation);
    if (pathLength >= 0) {
      lines.writeBytes(ZNODE, 0, ZNODE.length);
      if (isPlain(path, pathOffset, pathLength)) lines.writeBytes(path, pathOffset, pathLength);
      else lines.writeText(escapedText(decodeUtf8(path, pathOffset, pathLength)));
    }
    if (kind !== null) lines.writeText(`\tznode_type=${kind}`);
    if (acl !== null) lines.writeText(`\tacl=${escapedText(acl)}`);
    const result = done ? SUCCESS : FAILURE;
    lines.writeBytes(result, 0, result.length);
    if (lines.length >= RECORD_BYTES_SOFT) this.flush();
  }

  /** Made anew when the connection's identities are others. */
  private askerOf(cnxn: ServerCnxn): Uint8Array {
    const known = this.askers.get(cnxn);
    if (known !== undefined && known.identities === cnxn.identities) return known.bytes;
    const { identities, sessionHi, sessionLo } = cnxn;
    const address = identities.find(({ scheme }) => scheme === 'ip')?.id ?? cnxn.socket.remoteAddress;
    const users = escapedText(userNames(identities));
    const text = `session=0x${hex64(sessionHi, sessionLo)}\tuser=${users}\tip=${escapedText(address)}\toperation=`;
    const bytes = encodeUtf8(text);
    this.askers.set(cnxn, { identities, bytes });
    return bytes;
  }
}

/** Nothing but printable ASCII, which goes into a line as it is. */
function isPlain(bytes: Uint8Array, offset: number, length: number): boolean {
  for (let i = offset; i < offset + length; i++) {
    const byte = bytes[i] as number;
    if (byte < 0x20 || byte >= 0x7f) return false;
  }
  return true;
}

/** Its reply is a success, whose results are errors. */
function isFailedMulti(bytes: Uint8Array, offset: number, length: number): boolean {
  return length >= MULTI_HEADER_BYTES && readInt32(bytes, offset) === OpCode.error && bytes[offset + 4] === 0;
}
