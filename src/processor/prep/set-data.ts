/**
 * setData: checks in the order of client-protocol 5.4 and the next version of the node. Planner of the prep stage, on its
 * thread: the data goes from the request's bytes straight into the transaction and is never kept, since no check of a later
 * write needs it.
 */
import { ErrorCode } from '../../protocol/error-code.js';
import { OpCode } from '../../protocol/op-code.js';
import { validatePathBytes } from '../../protocol/path-validation.js';
import { Permission } from '../acl.js';
import { DECODE_FAILED, type PrepRequest } from './prep-request.js';

export function planSetData(request: PrepRequest): number {
  const body = request.body;
  const pathLength = body.readSlice();
  const pathOffset = body.sliceOffset;
  const dataLength = body.readSlice();
  const dataOffset = body.sliceOffset;
  const version = body.readInt();
  if (body.failed) return DECODE_FAILED;
  const session = request.checkSession();
  if (session !== ErrorCode.Ok) return session;
  if (pathLength < 0 || !validatePathBytes(body.bytes, pathOffset, pathLength)) return ErrorCode.BadArguments;

  const changes = request.changes;
  const node = changes.get(body.bytes, pathOffset, pathLength);
  let error: number = ErrorCode.Ok;
  if (!node.exists) error = ErrorCode.NoNode;
  else error = request.checkAcl(node, Permission.write);
  if (error === ErrorCode.Ok && request.quotas !== null) {
    const difference = Math.max(dataLength, 0) - node.dataLength;
    error = request.quotas.check(body.bytes, pathOffset, pathLength, 0, difference);
  }
  if (error === ErrorCode.Ok && version !== -1 && version !== node.version) error = ErrorCode.BadVersion;
  if (error !== ErrorCode.Ok) {
    changes.done(node);
    return error;
  }
  changes.touch(node, request.zxidHi, request.zxidLo);
  node.version = (node.version + 1) | 0;
  node.dataLength = Math.max(dataLength, 0);

  request.txnType = OpCode.setData;
  const txn = request.txn;
  const pathAt = txn.length + 4;
  txn.writeInt(pathLength);
  txn.writeBytes(body.bytes, pathOffset, pathLength);
  txn.writeInt(dataLength);
  if (dataLength > 0) txn.writeBytes(body.bytes, dataOffset, dataLength);
  txn.writeInt(node.version);
  request.prediction?.onSetData(node, txn.bytes, pathAt, dataLength);
  return ErrorCode.Ok;
}
