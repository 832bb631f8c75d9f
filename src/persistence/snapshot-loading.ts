// Loads one snapshot file into the tree: a large one by two threads, where there is a second; a small one, or one at which
// the other thread stalls, by this one alone. Used by recovery, which owns the tree at that time. It believes what the
// reader believes, and never says which snapshot to take.

import type { DataTree } from '../store/data-tree.js';
import type { DataFileName } from './file-names.js';
import { type FileStore, joinPath } from './file-store.js';
import { createLoadQueueMemory, LoadStalled } from './load-queue.js';
import { loadAhead, type ReadAhead } from './read-ahead.js';
import type { RecoveredSessions } from './recovered-sessions.js';
import type { RecoveryProgress } from './recovery-progress.js';
import { SnapshotReader, type SnapshotTail } from './snapshot-reader.js';
import { TreeLoader } from './tree-loader.js';

/** Each as in RecoveryOptions. */
export interface SnapshotLoadingOptions {
  readonly fileStore: FileStore;
  readonly tree: DataTree;
  readonly emulate353TtlNodes: boolean;
  readonly readAhead?: ReadAhead;
  readonly progress?: RecoveryProgress;
  readonly warn: (message: string) => void;
}

export class SnapshotLoading {
  private readonly options: SnapshotLoadingOptions;
  private readonly directory: string;
  private readonly sessions: RecoveredSessions;

  constructor(options: SnapshotLoadingOptions, directory: string, sessions: RecoveredSessions) {
    this.options = options;
    this.directory = directory;
    this.sessions = sessions;
  }

  load(candidate: DataFileName): SnapshotTail {
    const { fileStore, readAhead, tree, warn } = this.options;
    const fileBytes = fileStore.sizeOf(joinPath(this.directory, candidate.name));
    if (readAhead !== undefined && fileBytes >= readAhead.fileBytesMin) {
      try {
        return this.loadByTwo(readAhead, candidate, fileBytes);
      } catch (error) {
        if (!(error instanceof LoadStalled)) throw error;
        warn(`Reading ${candidate.name} again without the help of another thread: ${error.message}`);
        tree.clear();
        this.sessions.clear();
      }
    }
    const loader = this.newLoader(fileBytes);
    const reader = new SnapshotReader(fileStore, this.directory, candidate.name, loader);
    return reader.read((position) => this.reportLoad(candidate, position, fileBytes, loader));
  }

  private loadByTwo(readAhead: ReadAhead, candidate: DataFileName, fileBytes: number): SnapshotTail {
    const { tree, emulate353TtlNodes } = this.options;
    const loader = this.newLoader(fileBytes);
    const request = {
      directory: this.directory,
      name: candidate.name,
      target: tree.loadTarget,
      emulate353TtlNodes,
      queue: createLoadQueueMemory(),
    };
    return loadAhead(readAhead, request, loader, (position) => this.reportLoad(candidate, position, fileBytes, loader));
  }

  /** A compressed file tells too little of its content, which costs the tree some splits of its index. */
  private newLoader(fileBytes: number): TreeLoader {
    const { tree, emulate353TtlNodes } = this.options;
    return new TreeLoader(tree, this.sessions, emulate353TtlNodes, fileBytes);
  }

  private reportLoad(candidate: DataFileName, position: number, fileBytes: number, loader: TreeLoader): void {
    this.options.progress?.report(`Loading ${candidate.name}`, position, fileBytes, loader.nodeCount, 'nodes');
  }
}
