// A learner replaces its database by the one its leader sends (SNAP): first in memory, as the stream comes, then on the
// disk, before it acknowledges NEWLEADER. Owned by `learner` for one synchronization, on the thread that has the tree's
// writing half; nothing is served and no snapshot is written meanwhile. In between the tree is neither the old nor the
// new one: whoever stops before finish() calls abandon() and loads the old database from the disk before it votes again
// (ZOOKEEPER-2872, 3642).
//
//   SNAP(zxid) take() ... take() finish()   transactions that follow, applied   save()   currentEpoch   ACK of NEWLEADER
//              |                         |                                      |
//              the tree is in pieces     it is the leader's at zxid             the snapshot is durable: a start finds it,
//                                                                               and before that, the old database

import { assert } from '../base/assert.js';
import { compareSigned } from '../base/int64.js';
import type { DataTree } from '../store/data-tree.js';
import type { DataDirectories } from './data-directories.js';
import type { LogFloor } from './log-floor.js';
import { type RecoveredSession, RecoveredSessions } from './recovered-sessions.js';
import { SnapStreamDecoder, SnapStreamError } from './snap-stream-decoder.js';
import { SnapshotWriter, type SnapshotWriterOptions, type WrittenSnapshot } from './snapshot-writer.js';
import { lowerSyncMark } from './sync-mark.js';
import { TreeLoader } from './tree-loader.js';
import { truncateTxnLog } from './txn-log-truncate.js';

/** The snapshotter may be at work on one of the same name, and take it away when it finds the tree replaced. */
const TEMPORARY_SUFFIX = '.sent';

export interface LearnerSnapshotOptions {
  readonly tree: DataTree;
  /** zookeeper.emulate353TTLNodes */
  readonly emulate353TtlNodes: boolean;
  /** Of the SNAP packet. */
  readonly zxidHi: number;
  readonly zxidLo: number;
}

export interface LearnerSnapshotFiles {
  readonly directories: DataDirectories;
  readonly floor: LogFloor;
  /** The last zxid this member had logged before, both halves -1 for none. */
  readonly loggedHi: number;
  readonly loggedLo: number;
  readonly writer: Omit<SnapshotWriterOptions, 'directory' | 'loaded'>;
}

export class LearnerSnapshot {
  private readonly options: LearnerSnapshotOptions;
  private readonly sessions = new RecoveredSessions();
  private readonly decoder: SnapStreamDecoder;
  private state: 'loading' | 'loaded' | 'abandoned' = 'loading';

  /** From here on the old tree is gone. */
  constructor(options: LearnerSnapshotOptions) {
    this.options = options;
    const { tree, emulate353TtlNodes } = options;
    tree.beginWrite();
    tree.clear();
    tree.endWrite(-1, -1);
    this.decoder = new SnapStreamDecoder(new TreeLoader(tree, this.sessions, emulate353TtlNodes));
  }

  /** The whole stream has come. */
  get isComplete(): boolean {
    return this.decoder.isDone;
  }

  /** Returns how many of the bytes belong to the stream; the rest is the next packet's. Throws SnapStreamError. */
  take(bytes: Uint8Array, offset: number, length: number): number {
    assert(this.state === 'loading', 'nothing is taken after the end');
    const { tree } = this.options;
    // A section per piece: whoever looks at the tree's figures from another thread is not kept waiting for all of it.
    tree.beginWrite();
    try {
      return this.decoder.take(bytes, offset, length);
    } finally {
      tree.endWrite(-1, -1);
    }
  }

  /** The tree is the leader's; returns the sessions that were open there. Throws SnapStreamError if the stream is not whole. */
  finish(): RecoveredSession[] {
    assert(this.state === 'loading', 'a snapshot is finished once');
    if (!this.decoder.isDone) throw new SnapStreamError("The leader's snapshot ended in the middle");
    const { tree, zxidHi, zxidLo } = this.options;
    tree.beginWrite();
    tree.recountQuotas();
    tree.endWrite(zxidHi, zxidLo);
    this.state = 'loaded';
    return this.sessions.list();
  }

  /** Leaves an empty tree behind, which must not be taken for a database. */
  abandon(): void {
    if (this.state === 'abandoned') return;
    const { tree } = this.options;
    tree.beginWrite();
    tree.clear();
    tree.endWrite(-1, -1);
    this.state = 'abandoned';
  }

  /**
   * Makes the tree as it is now what the next start finds: durable when it returns. Ended at any place, a start finds this
   * or what there was before. Throws what the writer or the file store throws.
   */
  save(files: LearnerSnapshotFiles): WrittenSnapshot {
    assert(this.state === 'loaded', 'only a whole database is saved');
    const { directories, floor, loggedHi, loggedLo } = files;
    const { fileStore } = files.writer;
    const { zxidHi, zxidLo } = this.options;
    // First: the logs that are here must not be handed on as soon as this snapshot stands in front of what follows.
    floor.raise(zxidHi, zxidLo);
    const written = new SnapshotWriter({
      ...files.writer,
      directory: directories.snapshotDirectory,
      loaded: null, // one of this name may be another history's
      temporarySuffix: TEMPORARY_SUFFIX,
    }).write();
    assert(written !== null, 'no snapshot is passed over');
    // Only where the leader sends one without need (forceSnapshotSync): what this member has beyond it must not follow.
    if (compareSigned(loggedHi, loggedLo, written.zxidHi, written.zxidLo) > 0) {
      truncateTxnLog(fileStore, directories, written.zxidHi, written.zxidLo);
    }
    // A member that owed transactions it once acknowledged (sync-mark.ts) has paid with this.
    lowerSyncMark(fileStore, directories.logDirectory, written.zxidHi, written.zxidLo, null);
    return written;
  }
}
