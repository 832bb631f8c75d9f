/**
 * The proof of a restore, done by a piscina worker: builds a whole tree from the file and forgets it again.
 *
 * The default export is what piscina calls. It blocks its thread, needs the memory of a second tree while it runs, and touches
 * nothing. What is wrong with the file comes back as data: a thrown error would lose its kind on the way.
 */
import { NodeFileStore } from '../persistence/node-file-store.js';
import { type ProvenRestore, proveRestore } from '../persistence/restore-proof.js';
import { yieldToOtherThreads } from './thread-priority.js';

export interface RestoreTask {
  readonly snapshotDirectory: string;
  readonly emulate353TtlNodes: boolean;
  readonly digestEnabled: boolean;
}

export type RestoreProof = { readonly proven: ProvenRestore } | { readonly reason: string };

export default function proveRestoreFile(task: RestoreTask): RestoreProof {
  yieldToOtherThreads();
  try {
    const { snapshotDirectory, emulate353TtlNodes, digestEnabled } = task;
    return { proven: proveRestore(new NodeFileStore(), snapshotDirectory, emulate353TtlNodes, digestEnabled) };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}
