/**
 * One snapshot, written by a piscina worker: walks the shared tree while the server goes on and writes Apache's file.
 *
 * The default export is what piscina calls. It blocks its thread in file calls and waits, holds nothing afterwards, and
 * never touches the log. Slabs of the tree come through a port, also while it runs.
 */
import { statfsSync, statSync } from 'node:fs';
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { DurableZxid } from '../persistence/durable-zxid.js';
import { NodeFileStore } from '../persistence/node-file-store.js';
import { publishedDigest } from '../persistence/published-digest.js';
import { SnapshotGate } from '../persistence/snapshot-gate.js';
import type { SnapshotWriterOptions } from '../persistence/snapshot-writer.js';
import { SessionTable } from '../session/session-table.js';
import { appliedZxid } from '../store/applied-zxid.js';
import { TreeReader } from '../store/tree-reader.js';
import { attemptSnapshot, type SnapshotFile, type SnapshotOutcome } from './snapshot-attempt.js';
import type { SnapshotConfig } from './snapshot-config.js';
import { yieldToOtherThreads } from './thread-priority.js';

export interface SnapshotTask {
  readonly directory: string;
  readonly config: SnapshotConfig;
  readonly treeControl: SharedArrayBuffer;
  readonly sessions: SharedArrayBuffer;
  readonly durableZxid: SharedArrayBuffer;
  readonly snapshotGate: SharedArrayBuffer;
  /** A snapshot that is known to be good; one of the same zxid is not written again. */
  readonly good: SnapshotFile | null;
  readonly slabs: MessagePort;
}

const BACK_OFF_MS = 1;
/** Left free on the snapshots' disk: as much as the log takes in one step by default, or a part of a small disk. */
const RESERVE_BYTES = 64 << 20;
const RESERVE_PART = 1 / 20;

export default function takeSnapshot(task: SnapshotTask): SnapshotOutcome {
  yieldToOtherThreads();
  const slabs: SharedArrayBuffer[] = [];
  const receive = (): void => {
    for (;;) {
      const received = receiveMessageOnPort(task.slabs) as
        | { message: { index: number; slab: SharedArrayBuffer } }
        | undefined;
      if (received === undefined) return;
      slabs[received.message.index] = received.message.slab;
    }
  };
  receive();
  const bed = new Int32Array(new SharedArrayBuffer(4));
  const sessions = new SessionTable(task.sessions);
  const durable = new DurableZxid(task.durableZxid);
  const load = (index: number): SharedArrayBuffer | undefined => {
    if (slabs[index] === undefined) receive();
    return slabs[index];
  };
  const reader = new TreeReader({ control: task.treeControl, slab0: slabs[0] as SharedArrayBuffer }, { load });
  const gate = new SnapshotGate(task.snapshotGate);
  const backOff = (): void => {
    Atomics.wait(bed, 0, 0, BACK_OFF_MS);
  };
  const options: SnapshotWriterOptions = {
    fileStore: new NodeFileStore(),
    directory: task.directory,
    reader,
    backOff,
    collectSessions: (add) => {
      const { hi, lo } = appliedZxid(reader);
      sessions.visitUnclosed(hi, lo, add);
    },
    waitUntilDurable: (zxidHi, zxidLo) => durable.wait(zxidHi, zxidLo, () => gate.isShut),
    loaded: task.good,
    gate,
    ...task.config,
    roomBytes: () => roomBytes(task.directory),
    treeDigest: reader.keepsDigest() ? () => publishedDigest(reader, backOff) : null,
  };
  return attemptSnapshot(options, (path) => statSync(path).mtimeMs);
}

function roomBytes(directory: string): number {
  const { bavail, blocks, bsize } = statfsSync(directory);
  return bavail * bsize - Math.min(RESERVE_BYTES, blocks * bsize * RESERVE_PART);
}
