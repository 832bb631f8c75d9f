/**
 * What getData and getChildren begin with: decode path and watch flag, find the node, check READ (client-protocol 5.4).
 *
 * Finisher's part: runs inside begin..valid on the thread of a connection shard or of final, allocates nothing, and changes
 * nothing but the read context. The node is left in `read.ref`.
 */
import { ErrorCode } from '../../protocol/error-code.js';
import { Permission } from '../acl.js';
import type { ReadContext } from './read-context.js';

/** Ok, the error of the reply, or TORN. */
export function openNode(read: ReadContext): number {
  const { body, tree } = read;
  const length = body.readSlice();
  const offset = body.sliceOffset;
  read.wantsWatch = body.readBool();
  if (body.failed || length < 0) return ErrorCode.MarshallingError;
  read.pathOffset = offset;
  read.pathLength = length;
  const ref = tree.find(body.bytes, offset, length);
  if (ref === 0) return ErrorCode.NoNode;
  read.ref = ref;
  return read.checkAcl(ref, Permission.read);
}
