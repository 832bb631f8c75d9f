/**
 * The snapshotter of a server by hand: writes the snapshot in its own turn, with the production writer, to the simulated
 * disk. On real threads a pool does that while the others go on; here nothing else moves meanwhile, which is one of the
 * orders in which it could have happened.
 */
import type { Actor, ActorContext } from '../../../src/actor/actor.js';
import type { RecordHandler } from '../../../src/actor/mailbox/mailbox.js';
import { assert } from '../../../src/base/assert.js';
import { DurableZxid } from '../../../src/persistence/durable-zxid.js';
import type { FileStore } from '../../../src/persistence/file-store.js';
import { SnapshotWriter } from '../../../src/persistence/snapshot-writer.js';
import { SharedName } from '../../../src/server/shared-name.js';
import { SessionTable } from '../../../src/session/session-table.js';
import type { TreeReader } from '../../../src/store/tree-reader.js';

export class SnapshotterByHand implements Actor {
  readonly inboxes: Record<string, RecordHandler>;

  constructor(context: ActorContext, fileStore: FileStore, directory: string, reader: TreeReader) {
    const sessions = new SessionTable(context.shared[SharedName.sessions] as SharedArrayBuffer);
    const durable = new DurableZxid(context.shared[SharedName.durableZxid] as SharedArrayBuffer);
    const take: RecordHandler = () => {
      new SnapshotWriter({
        fileStore,
        directory,
        reader,
        backOff: () => assert(false, 'nobody writes the tree while a snapshot is taken by hand'),
        collectSessions: (add) => sessions.visitUnclosed(reader.zxidHi(), reader.zxidLo(), add),
        waitUntilDurable: (zxidHi, zxidLo) =>
          assert(durable.covers(zxidHi, zxidLo), 'the tree shows a transaction that is not durable'),
        loaded: null,
        treeDigest: null,
      }).write();
    };
    this.inboxes = { sync: take, final: take };
  }
}
