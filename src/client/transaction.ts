// Builds a multi op by op; commit() sends it and gives back one result per op, typed in the order in which they were
// added. Made by ZooKeeper.transaction(), used once. Paths are checked when the op is added: that throws at the line
// that wrote them.

import { assert } from '../base/assert.js';
import { OPEN_ACL_UNSAFE } from '../protocol/acl.js';
import { CreateMode, isSequential, isTtl } from '../protocol/create-mode.js';
import type { MultiOp, MultiResult } from '../protocol/multi.js';
import { OpCode } from '../protocol/op-code.js';
import type { CreateRequest } from '../protocol/requests.js';
import type { Stat } from '../protocol/stat.js';
import { type CallOptions, NO_CALL_OPTIONS } from './call-options.js';
import type { NodeOptions } from './create-options.js';
import { checkPath, checkSequentialPath } from './znode-path.js';

/** stat is null when the server is older than 3.9 and does not send it inside a multi. */
export interface CreatedInTransaction {
  readonly path: string;
  readonly stat: Stat | null;
}

/**
 * How a transaction reaches the server. `read` makes the answer out of the results while the reply is being read: a
 * promise that waited for another one would be late, and events could overtake it.
 */
export type CommitMulti = <T>(
  ops: readonly MultiOp[],
  call: CallOptions,
  read: (results: readonly MultiResult[]) => T,
) => Promise<T>;

export class Transaction<Results extends readonly unknown[] = []> {
  private readonly commitMulti: CommitMulti;
  private readonly ops: MultiOp[] = [];
  private readonly readers: ((result: MultiResult) => unknown)[] = []; // Invariant: as many as ops
  private isCommitted = false;

  constructor(commitMulti: CommitMulti) {
    this.commitMulti = commitMulti;
  }

  /** Its result is the path, with the counter of a sequential node. */
  create(path: string, data: Uint8Array | null = null, options: NodeOptions = {}): Transaction<[...Results, string]> {
    const isContainer = options.mode === CreateMode.Container;
    return this.add<string>(
      createOp(isContainer ? OpCode.createContainer : OpCode.create, path, data, options),
      (result) => createdOf(result).path,
    );
  }

  /** As create, with the new node's Stat beside the path. */
  create2(
    path: string,
    data: Uint8Array | null = null,
    options: NodeOptions = {},
  ): Transaction<[...Results, CreatedInTransaction]> {
    const isContainer = options.mode === CreateMode.Container;
    return this.add<CreatedInTransaction>(
      createOp(isContainer ? OpCode.createContainer : OpCode.create2, path, data, options),
      createdOf,
    );
  }

  delete(path: string, version = -1): Transaction<[...Results, null]> {
    return this.add<null>({ type: OpCode.delete, request: { path: checkPath(path), version } }, () => null);
  }

  setData(path: string, data: Uint8Array | null, version = -1): Transaction<[...Results, Stat]> {
    return this.add<Stat>({ type: OpCode.setData, request: { path: checkPath(path), data, version } }, (result) => {
      assert(result.type === OpCode.setData, 'result of setData');
      return result.response.stat;
    });
  }

  /** The whole transaction fails unless the node is there and has this version (-1: any). */
  check(path: string, version = -1): Transaction<[...Results, null]> {
    return this.add<null>({ type: OpCode.check, request: { path: checkPath(path), version } }, () => null);
  }

  /** All or nothing. Rejects with MultiError when the server refused an op. */
  commit(call: CallOptions = NO_CALL_OPTIONS): Promise<Results> {
    assert(!this.isCommitted, 'a transaction is committed once');
    this.isCommitted = true;
    // The readers were added together with the types they return: the tuple is what Results says.
    const read = (results: readonly MultiResult[]): Results =>
      results.map((result, index) => this.readers[index](result)) as unknown as Results;
    return this.commitMulti(this.ops, call, read);
  }

  private add<T>(op: MultiOp, read: (result: MultiResult) => T): Transaction<[...Results, T]> {
    assert(!this.isCommitted, 'a transaction is closed by commit');
    this.ops.push(op);
    this.readers.push(read);
    return this as unknown as Transaction<[...Results, T]>; // the same builder, one result longer
  }
}

function createOp(
  type: typeof OpCode.create | typeof OpCode.create2 | typeof OpCode.createContainer,
  path: string,
  data: Uint8Array | null,
  options: NodeOptions,
): MultiOp {
  const { mode = CreateMode.Persistent, acl = OPEN_ACL_UNSAFE, ttlMs } = options;
  const request: CreateRequest = {
    path: isSequential(mode) ? checkSequentialPath(path) : checkPath(path),
    data,
    acl,
    flags: mode,
  };
  if (!isTtl(mode)) return { type, request };
  assert(ttlMs !== undefined, 'a TTL node needs ttlMs');
  return { type: OpCode.createTTL, request: { ...request, ttl: BigInt(ttlMs) } };
}

function createdOf(result: MultiResult): CreatedInTransaction {
  if (result.type === OpCode.create2) return result.response;
  assert(result.type === OpCode.create, 'result of a create');
  return { path: result.response.path, stat: null };
}
