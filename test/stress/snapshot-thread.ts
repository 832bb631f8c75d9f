// The snapshotter's thread of snapshot-while-writing.test.ts: writes one snapshot after the other of a tree that another
// thread keeps changing. Runs from the built output, as workers must.

import { parentPort, workerData } from 'node:worker_threads';
import { NodeFileStore } from '../../src/persistence/node-file-store.js';
import { publishedDigest } from '../../src/persistence/published-digest.js';
import { SnapshotWriter } from '../../src/persistence/snapshot-writer.js';
import type { TreeMemory } from '../../src/store/tree-memory.js';
import { TreeReader } from '../../src/store/tree-reader.js';

export interface SnapshotThreadData {
  readonly memory: TreeMemory;
  readonly directory: string;
  /** Word 0: the log is durable up to this counter. Word 1: 1 when it is time to end. */
  readonly progress: SharedArrayBuffer;
}

export interface SnapshotThreadResult {
  readonly name: string;
  readonly zxid: number;
  readonly lastZxid: number;
  readonly nodeCount: number;
}

const { memory, directory, progress } = workerData as SnapshotThreadData;
const words = new Int32Array(progress);
const never = new Int32Array(new SharedArrayBuffer(4));

// A tree this small never leaves its first slab.
const reader = new TreeReader(memory, { load: () => undefined });
const backOff = (): void => {
  Atomics.wait(never, 0, 0, 1);
};

const writer = new SnapshotWriter({
  fileStore: new NodeFileStore(),
  directory,
  reader,
  backOff,
  collectSessions: () => undefined,
  waitUntilDurable: (_, zxidLo) => {
    for (let durable = Atomics.load(words, 0); durable < zxidLo; durable = Atomics.load(words, 0)) {
      Atomics.wait(words, 0, durable, 1000);
    }
  },
  loaded: null,
  treeDigest: () => publishedDigest(reader, backOff),
});

const results: SnapshotThreadResult[] = [];
while (Atomics.load(words, 1) === 0) {
  const written = writer.write();
  if (written === null) Atomics.wait(never, 0, 0, 1);
  else {
    const { name, nodeCount } = written;
    results.push({ name, zxid: written.zxidLo, lastZxid: written.lastZxidLo, nodeCount });
  }
}
parentPort?.postMessage(results);
