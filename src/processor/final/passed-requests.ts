/**
 * Requests that only keep their place behind writes, answered by final from its own tree: reads, sync, ping, and what asks
 * something of the connection's watches, which the shard does when the reply comes by. Owned by final, on its thread; reads the
 * tree, in either state of a write section, and never writes it.
 */
import { ErrorCode } from '../../protocol/error-code.js';
import { OpCode } from '../../protocol/op-code.js';
import type { TreeReader } from '../../store/tree-reader.js';
import { type AclPolicy, type Identity, parseIdentities } from '../acl.js';
import { ChangeKind, writeAction } from '../change-list.js';
import type { NamespaceMeasure } from '../namespace-measure.js';
import {
  FLAG_BODY,
  PIPELINE_HEADER_BYTES,
  WORD_FLAGS,
  WORD_LENGTH_A,
  WORD_LENGTH_B,
  WORD_OP,
  WORD_SESSION_HI,
  WORD_SESSION_LO,
} from '../pipeline-records.js';
import { finishRead, isRead } from '../read/finish-read.js';
import { ReadContext, Watch } from '../read/read-context.js';
import { finishSetWatches } from '../read/set-watches.js';
import { RecentlyParsed } from '../recently-parsed.js';
import type { ScratchBytes } from '../scratch-bytes.js';
import { isWatchRequest, NO_ACTION, WatchRequest } from '../watch-request.js';

export class PassedRequests {
  private readonly read: ReadContext;
  private readonly reply: ScratchBytes;
  /** Actions for the asking connection's shard (change-list.ts). */
  private readonly actions: ScratchBytes;
  private readonly watchRequest = new WatchRequest();
  // Of the request in work; parsed when an ACL has to be judged.
  private identityBytes: Uint8Array = new Uint8Array(0);
  private identityOffset = 0;
  private identityLength = 0;

  constructor(
    tree: TreeReader,
    aclPolicy: AclPolicy,
    reads: NamespaceMeasure,
    reply: ScratchBytes,
    actions: ScratchBytes,
  ) {
    this.reply = reply;
    this.actions = actions;
    this.read = new ReadContext(tree, aclPolicy, Number.POSITIVE_INFINITY, reads);
    this.read.out = reply;
    const people = new RecentlyParsed(parseIdentities);
    this.read.identities = (): readonly Identity[] =>
      people.get(this.identityBytes, this.identityOffset, this.identityLength);
  }

  /** Fills reply and actions; returns the error. */
  finish(bytes: Uint8Array, words: Int32Array, offset: number): number {
    const header = offset >> 2;
    const op = words[header + WORD_OP] as number;
    this.take(bytes, words, offset);
    if (!isRead(op)) return this.finishOther(op);
    const { read } = this;
    const error = finishRead(read, op);
    read.countRead(op, error);
    if (read.watch !== Watch.none) this.writeRegistration(bytes);
    if (read.bodyWithError) words[header + WORD_FLAGS] = (words[header + WORD_FLAGS] as number) | FLAG_BODY;
    return error;
  }

  /** The record becomes the request in work. */
  private take(bytes: Uint8Array, words: Int32Array, offset: number): void {
    const header = offset >> 2;
    const { read } = this;
    this.reply.reset();
    this.actions.reset();
    const identities = offset + PIPELINE_HEADER_BYTES;
    const body = identities + (words[header + WORD_LENGTH_A] as number);
    read.body.begin(bytes, body, words[header + WORD_LENGTH_B] as number);
    this.identityBytes = bytes;
    this.identityOffset = identities;
    this.identityLength = body - identities;
    read.sessionHi = words[header + WORD_SESSION_HI] as number;
    read.sessionLo = words[header + WORD_SESSION_LO] as number;
  }

  private finishOther(op: number): number {
    switch (op) {
      case OpCode.ping:
        return ErrorCode.Ok;
      case OpCode.sync:
        return this.finishSync();
      case OpCode.setWatches:
        return finishSetWatches(this.read, 3, this.actions);
      case OpCode.setWatches2:
        return finishSetWatches(this.read, 5, this.actions);
      default:
        return isWatchRequest(op) ? this.finishWatchRequest(op) : ErrorCode.Unimplemented;
    }
  }

  private writeRegistration(bytes: Uint8Array): void {
    const read = this.read;
    const kind = read.watch === Watch.child ? ChangeKind.addChild : ChangeKind.addData;
    writeAction(this.actions, kind, bytes, read.pathOffset, read.pathLength);
  }

  /** Done by the shard when the reply comes by, with the error that it finds; only it knows the connection's watches. */
  private finishWatchRequest(op: number): number {
    const { watchRequest } = this;
    const { body } = this.read;
    const kind = watchRequest.decode(op, body);
    if (kind === NO_ACTION) return ErrorCode.MarshallingError;
    writeAction(this.actions, kind, body.bytes, watchRequest.pathOffset, watchRequest.pathLength);
    // ErrorResponse of addWatch (client-protocol 3.5).
    if (op === OpCode.addWatch) this.reply.writeInt(ErrorCode.Ok);
    return ErrorCode.Ok;
  }

  /** The path is only echoed (client-protocol 3.5); a null one comes back as it was sent, null. */
  private finishSync(): number {
    const body = this.read.body;
    const length = body.readSlice();
    if (body.failed) return ErrorCode.MarshallingError;
    if (length < 0) this.reply.writeInt(length);
    else this.reply.writeEcho(body.bytes, body.sliceOffset, length);
    return ErrorCode.Ok;
  }
}

/** What may look at more than one node. */
export function mayTakeLong(op: number): boolean {
  switch (op) {
    case OpCode.getData:
    case OpCode.exists:
    case OpCode.getACL:
    case OpCode.whoAmI:
    case OpCode.sync:
    case OpCode.ping:
      return false;
    default:
      return true;
  }
}
