/**
 * enableEagerACLCheck: a member of an ensemble refuses what the ACL forbids before it asks the leader, so that it costs nobody a
 * proposal. Owned by one connection shard, on its thread; reads the shared tree, writes nothing.
 *
 * It only ever refuses what the leader would refuse too, as far as this member knows: a node that is not here yet, a request that
 * cannot be read, or a tree that changes while it is looked at is the leader's to decide. Asked only when nothing of the connection is
 * on its way; a write in front could be the one that allows it.
 */
import { Permission } from '../processor/acl.js';
import { lastSlash, parentLength } from '../processor/prep/node-path.js';
import type { ReadContext } from '../processor/read/read-context.js';
import { ErrorCode } from '../protocol/error-code.js';
import { OpCode } from '../protocol/op-code.js';

export class EagerAclCheck {
  private readonly read: ReadContext;

  constructor(read: ReadContext) {
    this.read = read;
  }

  /** `offset`: of the body, which begins with the path whatever the operation is. */
  refuses(op: number, bytes: Uint8Array, offset: number, length: number): boolean {
    const permission = permissionFor(op);
    if (permission === 0) return false;
    const { body, tree } = this.read;
    body.begin(bytes, offset, length);
    const pathLength = body.readSlice();
    const pathOffset = body.sliceOffset;
    if (body.failed || pathLength < 1) return false;
    let nodeLength = pathLength;
    if (permission === Permission.create || permission === Permission.delete) {
      const slash = lastSlash(bytes, pathOffset, pathLength);
      if (slash < 0) return false;
      nodeLength = parentLength(slash);
    }
    const sequence = tree.begin();
    if (sequence < 0) return false;
    this.read.sequence = sequence;
    const ref = tree.find(bytes, pathOffset, nodeLength);
    const isForbidden = ref !== 0 && this.read.checkAcl(ref, permission) === ErrorCode.NoAuth;
    return isForbidden && tree.valid(sequence);
  }
}

/** 0: nothing is looked at. CREATE and DELETE are asked of the parent. */
function permissionFor(op: number): number {
  switch (op) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
      return Permission.create;
    case OpCode.delete:
      return Permission.delete;
    case OpCode.setData:
      return Permission.write;
    case OpCode.setACL:
      return Permission.admin;
    default:
      return 0;
  }
}
