/**
 * The reply of a transaction, made of what each of its operations left in the tree: path, stat or data (client-protocol 3.6), and
 * in a multi each behind a header of its own (3.7). Owned by final, on its thread; reads the tree between the operations of a
 * transaction and never writes it. Whose request it was, nobody here asks.
 */
import { ErrorCode } from '../../protocol/error-code.js';
import { OpCode } from '../../protocol/op-code.js';
import { STAT_BYTES } from '../../store/node-layout.js';
import type { TreeReader } from '../../store/tree-reader.js';
import type { ScratchBytes } from '../scratch-bytes.js';

const MULTI_END = [-1, 1, -1] as const;

export class TxnResults {
  private readonly tree: TreeReader;
  private readonly reply: ScratchBytes;
  private inMulti = false;
  /** Of the multi in work: its session is another connection's, which is no result but the end of this one. */
  private hasMoved = false;
  /** The transaction in work is of a request that the leader cannot have granted, and this server knows why. */
  private isOnLocalSession = false;

  constructor(tree: TreeReader, reply: ScratchBytes) {
    this.tree = tree;
    this.reply = reply;
  }

  /** A multi's results are framed by their own headers, from before the first to behind the last. */
  begin(isMulti: boolean, isOnLocalSession: boolean): void {
    this.reply.reset();
    this.inMulti = isMulti;
    this.hasMoved = false;
    this.isOnLocalSession = isOnLocalSession;
  }

  /** All operations are done, the transaction with this result. Returns the error for the client; without one the reply stands. */
  end(result: number): number {
    let error = result;
    if (this.inMulti) {
      this.writeMultiHeader(...MULTI_END);
      error = this.hasMoved ? ErrorCode.SessionMoved : ErrorCode.Ok;
    }
    if (error !== ErrorCode.Ok) this.reply.reset();
    return this.said(error);
  }

  /** One operation is done, the only one or one of a multi's. */
  add(type: number, error: number, bytes: Uint8Array, pathOffset: number, pathLength: number): void {
    if (this.inMulti) {
      if (type === OpCode.error || error !== ErrorCode.Ok) {
        if (error === ErrorCode.SessionMoved) this.hasMoved = true;
        this.writeMultiHeader(OpCode.error, 0, this.said(error));
        this.reply.writeInt(this.said(error));
        return;
      }
      this.writeMultiHeader(resultTypeOf(type), 0, ErrorCode.Ok);
    } else if (error !== ErrorCode.Ok) {
      return;
    }
    this.writeResult(type, bytes, pathOffset, pathLength);
  }

  private writeResult(type: number, bytes: Uint8Array, pathOffset: number, pathLength: number): void {
    switch (type) {
      case OpCode.create:
        this.writePath(bytes, pathOffset, pathLength);
        break;
      case OpCode.create2:
      case OpCode.createContainer:
      case OpCode.createTTL:
        this.writePath(bytes, pathOffset, pathLength);
        this.writeStat(bytes, pathOffset, pathLength);
        break;
      case OpCode.setData:
      case OpCode.setACL:
        this.writeStat(bytes, pathOffset, pathLength);
        break;
      case OpCode.reconfig:
        this.writeData(bytes, pathOffset, pathLength);
        this.writeStat(bytes, pathOffset, pathLength);
        break;
    }
  }

  private said(error: number): number {
    return error === ErrorCode.SessionExpired && this.isOnLocalSession ? ErrorCode.EphemeralOnLocalSession : error;
  }

  private writeMultiHeader(type: number, done: number, error: number): void {
    this.reply.writeInt(type);
    this.reply.writeByte(done);
    this.reply.writeInt(error);
  }

  private writePath(bytes: Uint8Array, pathOffset: number, pathLength: number): void {
    this.reply.writeInt(pathLength);
    this.reply.writeBytes(bytes, pathOffset, pathLength);
  }

  private writeData(bytes: Uint8Array, pathOffset: number, pathLength: number): void {
    const reader = this.tree;
    const ref = reader.find(bytes, pathOffset, pathLength);
    const length = reader.dataLength(ref);
    this.reply.writeInt(length);
    if (length <= 0) return;
    const at = this.reply.reserve(length);
    reader.copyData(ref, this.reply.bytes, at, length);
    this.reply.length = at + length;
  }

  private writeStat(bytes: Uint8Array, pathOffset: number, pathLength: number): void {
    const ref = this.tree.find(bytes, pathOffset, pathLength);
    const at = this.reply.reserve(STAT_BYTES);
    this.tree.copyStat(ref, this.reply.bytes, at);
    this.reply.length = at + STAT_BYTES;
  }
}

/** In a multi every result with a Stat beside the path is that of a create2 (client-protocol 3.7). */
function resultTypeOf(type: number): number {
  return type === OpCode.createContainer || type === OpCode.createTTL ? OpCode.create2 : type;
}
