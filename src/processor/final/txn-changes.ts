/**
 * What a transaction changed, written down while it is applied: the change list that goes to every shard (change-list.ts), with
 * the ACLs that decide who may hear of it (client-protocol 7.4), as they were at that moment. Owned by final, on its thread;
 * reads the tree between the operations of a transaction and never writes it.
 */
import type { TreeReader } from '../../store/tree-reader.js';
import { ChangeKind, NOBODY_ACL_BYTES } from '../change-list.js';
import type { NamespaceMeasure } from '../namespace-measure.js';
import { ScratchBytes } from '../scratch-bytes.js';

export class TxnChanges {
  /** Of the transaction in work; of a reply, what the connection's shard is to do with its watches. */
  readonly list = new ScratchBytes(4096);
  private readonly tree: TreeReader;
  private readonly writes: NamespaceMeasure;

  constructor(tree: TreeReader, writes: NamespaceMeasure) {
    this.tree = tree;
    this.writes = writes;
  }

  /** The node is there: a created one already, a deleted one still. */
  add(kind: number, bytes: Uint8Array, pathOffset: number, pathLength: number): void {
    const reader = this.tree;
    const ref = reader.find(bytes, pathOffset, pathLength);
    if (ref === 0) return;
    const written = kind === ChangeKind.deleted ? 0 : Math.max(reader.dataLength(ref), 0);
    this.writes.add(bytes, pathOffset, pathLength, pathLength + written);
    const changes = this.list;
    changes.writeInt(kind);
    changes.writeInt(pathLength);
    changes.writeBytes(bytes, pathOffset, pathLength);
    this.writeAclOf(ref);
    if (kind === ChangeKind.dataChanged) changes.writeInt(0);
    else this.writeAclOf(reader.parent(ref));
  }

  private writeAclOf(ref: number): void {
    const reader = this.tree;
    const changes = this.list;
    const aclRef = ref === 0 ? 0 : reader.aclRef(ref);
    if (aclRef === 0) {
      changes.writeInt(0);
      return;
    }
    const length = reader.aclLength(aclRef);
    if (length === 0) {
      changes.writeInt(NOBODY_ACL_BYTES.length);
      changes.writeBytes(NOBODY_ACL_BYTES, 0, NOBODY_ACL_BYTES.length);
      return;
    }
    changes.writeInt(length);
    const at = changes.reserve(length);
    reader.copyAcl(aclRef, changes.bytes, at);
    changes.length = at + length;
  }
}
