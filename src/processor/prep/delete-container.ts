/**
 * deleteContainer: the container manager has found a container or TTL node that may go. No client can ask for this, so
 * there is no ACL to pass (client-protocol 5.4); the last word is spoken here, against everything decided before.
 *
 * Where we are stricter than ZooKeeper: the node must still be a container or TTL node, of the version that was judged. A
 * TTL node that was set, or a name that was given to an ordinary node, between the look and this moment is kept.
 *
 * Planner of the prep stage, on its thread: writes the transaction and the outstanding changes, nothing else.
 */
import { ErrorCode } from '../../protocol/error-code.js';
import { OpCode } from '../../protocol/op-code.js';
import { NodeKind } from '../../store/node-layout.js';
import { lastSlash, parentLength } from './node-path.js';
import { DECODE_FAILED, type PrepRequest } from './prep-request.js';
import { removeNode } from './remove-node.js';

/** The body is the path as a buffer, and the version that was judged. */
export function planDeleteContainer(request: PrepRequest): number {
  const body = request.body;
  const pathLength = body.readSlice();
  const pathOffset = body.sliceOffset;
  const version = body.readInt();
  if (body.failed) return DECODE_FAILED;
  const slash = lastSlash(body.bytes, pathOffset, pathLength);
  if (slash < 0) return ErrorCode.BadArguments;

  const changes = request.changes;
  const parent = changes.get(body.bytes, pathOffset, parentLength(slash));
  const node = changes.get(body.bytes, pathOffset, pathLength);
  let error: number = ErrorCode.Ok;
  if (!node.exists) error = ErrorCode.NoNode;
  else if (node.childCount > 0) error = ErrorCode.NotEmpty;
  else if (node.kind !== NodeKind.container && node.kind !== NodeKind.ttl) error = ErrorCode.BadVersion;
  else if (node.version !== version) error = ErrorCode.BadVersion;
  if (error !== ErrorCode.Ok) {
    changes.done(parent);
    changes.done(node);
    return error;
  }
  removeNode(request, parent, node, OpCode.deleteContainer, pathOffset, pathLength);
  return ErrorCode.Ok;
}
