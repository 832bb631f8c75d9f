/**
 * getAllChildrenNumber (client-protocol 3.6, 5.4): how many nodes stand below one, READ being asked of that one only.
 * Finisher: runs inside begin..valid on the thread of a connection shard or of final; what it appends counts only if the
 * section was valid. A large subtree is left to final, which no write can disturb; the whole tree is no walk at all.
 */
import { ErrorCode } from '../../protocol/error-code.js';
import { Permission } from '../acl.js';
import { NOT_HERE, type ReadContext } from './read-context.js';

export function finishGetAllChildrenNumber(read: ReadContext): number {
  const { body, tree, out } = read;
  const length = body.readSlice();
  const offset = body.sliceOffset;
  if (body.failed || length < 0) return ErrorCode.MarshallingError;
  const ref = tree.find(body.bytes, offset, length);
  if (ref === 0) return ErrorCode.NoNode;
  const auth = read.checkAcl(ref, Permission.read);
  if (auth !== ErrorCode.Ok) return auth;
  if (length > 1) {
    const count = read.subtree.count(ref, read.childrenMax);
    if (count < 0) return NOT_HERE;
    out.writeInt(count);
    return ErrorCode.Ok;
  }
  // ZooKeeper's root is two nodes, "" and "/", and by its first name it has the second below it.
  out.writeInt(length === 0 ? tree.nodeCount() : tree.nodeCount() - 1);
  return ErrorCode.Ok;
}
