/**
 * A node goes, by whatever of `delete` and `deleteContainer` has judged that it may: it is marked as gone in the outstanding changes,
 * and its transaction is written. On prep's thread; final removes it from the tree later.
 */
import type { ChangeRecord } from '../change-record.js';
import type { PrepRequest } from './prep-request.js';

/** `txnType`: an OpCode. The path lies in the request's body. */
export function removeNode(
  request: PrepRequest,
  parent: ChangeRecord,
  node: ChangeRecord,
  txnType: number,
  pathOffset: number,
  pathLength: number,
): void {
  const { changes, zxidHi, zxidLo, txn, body } = request;
  changes.touch(parent, zxidHi, zxidLo);
  parent.childCount -= 1;
  changes.touch(node, zxidHi, zxidLo);
  node.exists = false;
  request.prediction?.onDelete(parent, node);

  request.txnType = txnType;
  txn.writeInt(pathLength);
  txn.writeBytes(body.bytes, pathOffset, pathLength);
}
