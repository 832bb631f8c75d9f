// Builds a multiRead op by op; fetch() sends it and gives back one answer per op, typed in the order in which they were
// added. Made by ZooKeeper.multiRead(), used once. The ops are independent: one that fails has a KeeperError in its
// place, the others have their answers. No watch is set. Paths are checked when the op is added.

import { assert } from '../base/assert.js';
import type { MultiOp, MultiResult } from '../protocol/multi.js';
import { OpCode } from '../protocol/op-code.js';
import { type CallOptions, NO_CALL_OPTIONS } from './call-options.js';
import { KeeperError } from './keeper-error.js';
import type { CommitMulti } from './transaction.js';
import { checkPath } from './znode-path.js';
import type { NodeData } from './zookeeper-view.js';

/** How the reads reach the server; `read` as for a transaction. Buffers in the results are the application's own. */
export type FetchReads = CommitMulti;

export class MultiRead<Answers extends readonly unknown[] = []> {
  private readonly fetchReads: FetchReads;
  private readonly ops: MultiOp[] = [];
  private isFetched = false;

  constructor(fetchReads: FetchReads) {
    this.fetchReads = fetchReads;
  }

  getData(path: string): MultiRead<[...Answers, NodeData | KeeperError]> {
    return this.add<NodeData>({ type: OpCode.getData, request: { path: checkPath(path), watch: false } });
  }

  /** Names without the path, in no particular order. */
  getChildren(path: string): MultiRead<[...Answers, readonly string[] | KeeperError]> {
    return this.add<readonly string[]>({ type: OpCode.getChildren, request: { path: checkPath(path), watch: false } });
  }

  /** One answer per op. Rejects only when the request as a whole got none. */
  fetch(call: CallOptions = NO_CALL_OPTIONS): Promise<Answers> {
    assert(!this.isFetched, 'a multiRead is fetched once');
    this.isFetched = true;
    // The ops were added together with the types of their answers: the tuple is what Answers says.
    const read = (results: readonly MultiResult[]): Answers =>
      results.map((result, index) => answerOf(result, this.ops[index])) as unknown as Answers;
    return this.fetchReads(this.ops, call, read);
  }

  private add<T>(op: MultiOp): MultiRead<[...Answers, T | KeeperError]> {
    assert(!this.isFetched, 'a multiRead is closed by fetch');
    this.ops.push(op);
    return this as unknown as MultiRead<[...Answers, T | KeeperError]>; // the same builder, one answer longer
  }
}

function answerOf(result: MultiResult, op: MultiOp): NodeData | readonly string[] | KeeperError {
  if (result.type === OpCode.error) return new KeeperError(result.response.err, op.request.path);
  assert(result.type === op.type, 'a multiRead is answered op by op');
  if (result.type === OpCode.getData) return result.response;
  assert(result.type === OpCode.getChildren, 'an answer of a multiRead');
  return result.response.children;
}
