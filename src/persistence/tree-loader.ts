// Puts what a snapshot holds, sessions and nodes, into a tree and a session list. Used by recovery (a file) and by a learner
// that is sent a SNAP (a stream), on the thread that owns the tree's writing half, inside a write section of the owner.
// It proves nothing: until its owner knows the snapshot to be whole, all of it may have to be thrown away again.

import { readInt32 } from '../base/bytes.js';
import type { DataTree } from '../store/data-tree.js';
import { nodeKindOfOwner } from '../store/node-layout.js';
import type { RecoveredSessions } from './recovered-sessions.js';
import { NO_ACL, type SnapshotSink } from './snapshot-content-decoder.js';
import { STAT_OWNER_OFFSET } from './snapshot-format.js';

export class TreeLoader implements SnapshotSink {
  private readonly tree: DataTree;
  private readonly sessions: RecoveredSessions;
  private readonly emulate353TtlNodes: boolean;

  constructor(tree: DataTree, sessions: RecoveredSessions, emulate353TtlNodes: boolean) {
    this.tree = tree;
    this.sessions = sessions;
    this.emulate353TtlNodes = emulate353TtlNodes;
  }

  onSession(idHi: number, idLo: number, timeoutMs: number): void {
    this.sessions.add(idHi, idLo, timeoutMs);
  }

  onNode(
    bytes: Uint8Array,
    pathOffset: number,
    pathLength: number,
    dataOffset: number,
    dataLength: number,
    statOffset: number,
    acl: Uint8Array,
  ): boolean {
    const ownerHi = readInt32(bytes, statOffset + STAT_OWNER_OFFSET);
    const ownerLo = readInt32(bytes, statOffset + STAT_OWNER_OFFSET + 4);
    const result = this.tree.loadNode(
      bytes,
      pathOffset,
      pathLength,
      bytes,
      dataOffset,
      dataLength,
      acl === NO_ACL ? null : acl,
      0,
      acl.length,
      bytes,
      statOffset,
      nodeKindOfOwner(ownerHi, ownerLo, this.emulate353TtlNodes),
    );
    return result === 0;
  }
}
