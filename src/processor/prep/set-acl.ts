/**
 * setACL: checks in the order of client-protocol 5.4; the version is compared with aversion, and the list is stored as the
 * fix-up left it. Planner of the prep stage, on its thread: writes the transaction and the outstanding change, nothing else.
 */
import { ErrorCode } from '../../protocol/error-code.js';
import { OpCode } from '../../protocol/op-code.js';
import { validatePathBytes } from '../../protocol/path-validation.js';
import { aclVectorEnd, OPEN_ACL_BYTES, Permission } from '../acl.js';
import { DECODE_FAILED, type PrepRequest } from './prep-request.js';

export function planSetAcl(request: PrepRequest): number {
  const body = request.body;
  const pathLength = body.readSlice();
  const pathOffset = body.sliceOffset;
  const aclOffset = body.position;
  const aclEnd = aclVectorEnd(body.bytes, aclOffset, body.end);
  if (aclEnd < 0) return DECODE_FAILED;
  body.position = aclEnd;
  const version = body.readInt();
  if (body.failed) return DECODE_FAILED;
  const session = request.checkSession();
  if (session !== ErrorCode.Ok) return session;
  if (pathLength < 0 || !validatePathBytes(body.bytes, pathOffset, pathLength)) return ErrorCode.BadArguments;
  request.acl.reset();
  const aclError = request.aclPolicy.fixUp(body.bytes, aclOffset, aclEnd, request.identities, request.acl);
  if (aclError !== ErrorCode.Ok) return aclError;

  const changes = request.changes;
  const node = changes.get(body.bytes, pathOffset, pathLength);
  let error: number = ErrorCode.Ok;
  if (!node.exists) error = ErrorCode.NoNode;
  else error = request.checkAcl(node, Permission.admin);
  if (error === ErrorCode.Ok && version !== -1 && version !== node.aversion) error = ErrorCode.BadVersion;
  if (error !== ErrorCode.Ok) {
    changes.done(node);
    return error;
  }
  changes.touch(node, request.zxidHi, request.zxidLo);
  node.aversion = (node.aversion + 1) | 0;
  node.setAcl(request.acl.bytes, 0, request.acl.length);

  request.txnType = OpCode.setACL;
  const txn = request.txn;
  txn.writeInt(pathLength);
  txn.writeBytes(body.bytes, pathOffset, pathLength);
  if (request.acl.length === 0) txn.writeBytes(OPEN_ACL_BYTES, 0, OPEN_ACL_BYTES.length);
  else txn.writeBytes(request.acl.bytes, 0, request.acl.length);
  txn.writeInt(node.aversion);
  request.prediction?.onSetAcl(node);
  return ErrorCode.Ok;
}
