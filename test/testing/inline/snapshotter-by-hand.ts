/**
 * The snapshotter of a server by hand: the production schedule, and the production writer in the schedule's own turn, to the
 * simulated disk. On real threads a pool does that while the others go on; here nothing else moves meanwhile, which is one of
 * the orders in which it could have happened.
 */
import type { Actor, ActorContext } from '../../../src/actor/actor.js';
import type { RecordHandler } from '../../../src/actor/mailbox/mailbox.js';
import { assert } from '../../../src/base/assert.js';
import { DurableZxid } from '../../../src/persistence/durable-zxid.js';
import type { FileStore } from '../../../src/persistence/file-store.js';
import { publishedDigest } from '../../../src/persistence/published-digest.js';
import { SnapshotGate } from '../../../src/persistence/snapshot-gate.js';
import type { SnapshotWriterOptions } from '../../../src/persistence/snapshot-writer.js';
import { SharedName } from '../../../src/server/shared-name.js';
import { attemptSnapshot, type SnapshotFile } from '../../../src/server/snapshot-attempt.js';
import type { SnapshotConfig } from '../../../src/server/snapshot-config.js';
import { readSnapshotLoaded, SnapshotRecord } from '../../../src/server/snapshot-records.js';
import { SnapshotSchedule } from '../../../src/server/snapshot-schedule.js';
import { SessionTable } from '../../../src/session/session-table.js';
import type { TreeReader } from '../../../src/store/tree-reader.js';

export class SnapshotterByHand implements Actor {
  readonly inboxes: Record<string, RecordHandler>;
  readonly schedule: SnapshotSchedule;

  constructor(
    context: ActorContext,
    fileStore: FileStore,
    directory: string,
    reader: TreeReader,
    config: SnapshotConfig,
  ) {
    const sessions = new SessionTable(context.shared[SharedName.sessions] as SharedArrayBuffer);
    const durable = new DurableZxid(context.shared[SharedName.durableZxid] as SharedArrayBuffer);
    const backOff = (): void => assert(false, 'nobody writes the tree while a snapshot is taken by hand');
    const gate = new SnapshotGate(context.shared[SharedName.snapshotGate] as SharedArrayBuffer);
    const options = (good: SnapshotFile | null): SnapshotWriterOptions => ({
      gate,
      fileStore,
      directory,
      reader,
      backOff,
      collectSessions: (add) => sessions.visitUnclosed(reader.zxidHi(), reader.zxidLo(), add),
      waitUntilDurable: (zxidHi, zxidLo) =>
        assert(durable.covers(zxidHi, zxidLo), 'the tree shows a transaction that is not durable'),
      loaded: good,
      ...config,
      treeDigest: reader.keepsDigest() ? () => publishedDigest(reader, backOff) : null,
    });
    this.schedule = new SnapshotSchedule({
      clock: context.clock,
      log: context.log,
      directory,
      begin: (good, done) => done(attemptSnapshot(options(good), () => context.clock.wallMs())),
      fail: (error) => context.fatal(error),
    });
    this.inboxes = {
      sync: () => this.schedule.onDue(),
      final: (type, bytes, words, offset) => {
        if (type === SnapshotRecord.due) this.schedule.onDue();
        else this.schedule.onLoaded(readSnapshotLoaded(type, bytes, words, offset));
      },
    };
  }
}
