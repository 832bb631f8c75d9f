/**
 * delete: checks in the order of client-protocol 5.4, parent before node, version before children. Planner of the prep stage,
 * on its thread: it marks the node as gone in the outstanding changes and writes the transaction; final removes it from the
 * tree later. Never looks at the tree except through the changes.
 */
import { ErrorCode } from '../../protocol/error-code.js';
import { OpCode } from '../../protocol/op-code.js';
import { Permission } from '../acl.js';
import { isProtected, lastSlash, parentLength } from './node-path.js';
import { DECODE_FAILED, type PrepRequest } from './prep-request.js';
import { removeNode } from './remove-node.js';

export function planDelete(request: PrepRequest): number {
  const body = request.body;
  const pathLength = body.readSlice();
  const pathOffset = body.sliceOffset;
  const version = body.readInt();
  if (body.failed) return DECODE_FAILED;
  const session = request.checkSession();
  if (session !== ErrorCode.Ok) return session;
  if (pathLength < 0) return ErrorCode.MarshallingError;
  const slash = lastSlash(body.bytes, pathOffset, pathLength);
  if (slash < 0 || isProtected(body.bytes, pathOffset, pathLength)) return ErrorCode.BadArguments;

  const changes = request.changes;
  const parent = changes.get(body.bytes, pathOffset, parentLength(slash));
  const node = changes.get(body.bytes, pathOffset, pathLength);
  let error: number = ErrorCode.Ok;
  if (!parent.exists) error = ErrorCode.NoNode;
  else error = request.checkAcl(parent, Permission.delete);
  if (error === ErrorCode.Ok) {
    if (!node.exists) error = ErrorCode.NoNode;
    else if (version !== -1 && version !== node.version) error = ErrorCode.BadVersion;
    else if (node.childCount > 0) error = ErrorCode.NotEmpty;
  }
  if (error !== ErrorCode.Ok) {
    changes.done(parent);
    changes.done(node);
    return error;
  }
  removeNode(request, parent, node, OpCode.delete, pathOffset, pathLength);
  return ErrorCode.Ok;
}
