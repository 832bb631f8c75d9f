/**
 * The database of a member of an ensemble, for its final stage (processor/role-changes.ts): loaded from the disk again, or taken from
 * a leader and made durable. Puts the classes of persistence behind the stage's port.
 *
 * On the thread that owns the tree. What is no database of a leader's is an answer here; whatever a disk refuses is thrown, and ends
 * the process.
 */
import type { Logger } from '../actor/logger.js';
import type { DataDirectories } from '../persistence/data-directories.js';
import type { FileStore } from '../persistence/file-store.js';
import { LearnerSnapshot } from '../persistence/learner-snapshot.js';
import { LogFloor } from '../persistence/log-floor.js';
import { publishedDigest } from '../persistence/published-digest.js';
import { SnapStreamError } from '../persistence/snap-stream-decoder.js';
import type { SnapshotGate } from '../persistence/snapshot-gate.js';
import type { WrittenSnapshot } from '../persistence/snapshot-writer.js';
import type { Recovered } from '../processor/final-request-processor.js';
import type { MemberDatabase, SentDatabase } from '../processor/role-changes.js';
import type { SessionTable } from '../session/session-table.js';
import type { DataTree } from '../store/data-tree.js';
import type { DigestMismatch } from '../store/digest-check.js';
import type { SnapshotConfig } from './snapshot-config.js';

export interface MemberDatabaseParts {
  readonly fileStore: FileStore;
  readonly directories: DataDirectories;
  readonly tree: DataTree;
  readonly sessions: SessionTable;
  readonly emulate353TtlNodes: boolean;
  readonly snapshots: SnapshotConfig;
  readonly gate: SnapshotGate;
  readonly log: Logger;
  /** What a start would load. */
  reload(onDigestMismatch: (mismatch: DigestMismatch) => void): Recovered;
  /** It is durable, and what a start would load; the log may be taken for durable up to its zxid. */
  onSaved(snapshot: WrittenSnapshot): void;
}

export function memberDatabase(parts: MemberDatabaseParts): MemberDatabase {
  return {
    reload: (onDigestMismatch) => {
      const recovered = parts.reload(onDigestMismatch);
      parts.gate.open();
      return recovered;
    },
    leaveLog: () => parts.gate.shut(),
    beginSnapshot: (zxidHi, zxidLo) => {
      parts.gate.shut();
      return new SnapshotFromLeader(parts, zxidHi, zxidLo);
    },
  };
}

class SnapshotFromLeader implements SentDatabase {
  private readonly parts: MemberDatabaseParts;
  private readonly snapshot: LearnerSnapshot;

  constructor(parts: MemberDatabaseParts, zxidHi: number, zxidLo: number) {
    this.parts = parts;
    const { tree, emulate353TtlNodes } = parts;
    this.snapshot = new LearnerSnapshot({ tree, emulate353TtlNodes, zxidHi, zxidLo });
  }

  tryTake(bytes: Uint8Array, offset: number, length: number): boolean {
    return (
      this.attempt(() => {
        const taken = this.snapshot.take(bytes, offset, length);
        if (taken < length) throw new SnapStreamError(`The leader's snapshot ended ${length - taken} bytes too early`);
        return true;
      }) ?? false
    );
  }

  tryFinish(): ReturnType<SentDatabase['tryFinish']> {
    return this.attempt(() => this.snapshot.finish());
  }

  save(loggedHi: number, loggedLo: number): void {
    const { fileStore, directories, tree, sessions, snapshots } = this.parts;
    const { reader } = tree;
    const backOff = (): void => undefined;
    const written = this.snapshot.save({
      directories,
      floor: new LogFloor(fileStore, directories.logDirectory),
      loggedHi,
      loggedLo,
      writer: {
        fileStore,
        reader,
        backOff,
        collectSessions: (add) => sessions.visitUnclosed(reader.zxidHi(), reader.zxidLo(), add),
        // What it holds is durable by being in it.
        waitUntilDurable: () => undefined,
        treeDigest: tree.keepsDigest ? () => publishedDigest(reader, backOff) : null,
        ...snapshots,
      },
    });
    this.parts.gate.open();
    this.parts.onSaved(written);
  }

  private attempt<T>(step: () => T): T | null {
    try {
      return step();
    } catch (error) {
      if (!(error instanceof SnapStreamError)) throw error;
      this.parts.log.warn(error.message);
      this.snapshot.abandon();
      return null;
    }
  }
}
