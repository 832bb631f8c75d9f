/**
 * check: judges a version inside a multi, in the order of client-protocol 5.4; the stored version is the node's plus one
 * (persistence 3.1). Planner of the prep stage, on its thread. Touches nothing: a check changes no node, so it leaves no
 * outstanding change behind either.
 */
import { ErrorCode } from '../../protocol/error-code.js';
import { OpCode } from '../../protocol/op-code.js';
import { validatePathBytes } from '../../protocol/path-validation.js';
import { Permission } from '../acl.js';
import { DECODE_FAILED, type PrepRequest } from './prep-request.js';

export function planCheck(request: PrepRequest): number {
  const body = request.body;
  const pathLength = body.readSlice();
  const pathOffset = body.sliceOffset;
  const version = body.readInt();
  if (body.failed) return DECODE_FAILED;
  const session = request.checkSession();
  if (session !== ErrorCode.Ok) return session;
  if (pathLength < 0 || !validatePathBytes(body.bytes, pathOffset, pathLength)) return ErrorCode.BadArguments;

  const node = request.changes.get(body.bytes, pathOffset, pathLength);
  let error: number = ErrorCode.Ok;
  if (!node.exists) error = ErrorCode.NoNode;
  else error = request.checkAcl(node, Permission.read);
  if (error === ErrorCode.Ok && version !== -1 && version !== node.version) error = ErrorCode.BadVersion;
  if (error === ErrorCode.Ok) {
    request.txnType = OpCode.check;
    request.txn.writeInt(pathLength);
    request.txn.writeBytes(body.bytes, pathOffset, pathLength);
    request.txn.writeInt((node.version + 1) | 0);
  }
  request.changes.done(node);
  return error;
}
