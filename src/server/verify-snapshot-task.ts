/**
 * Proves one snapshot on a thread of the piscina pool, for purging and for whoever else trusts a snapshot before older ones
 * go: the file is read to its end, behind the work that clients wait for.
 *
 * The default export is what piscina calls; a verdict is plain data. It blocks its thread in file calls and keeps nothing.
 */
import { NodeFileStore } from '../persistence/node-file-store.js';
import { type SnapshotVerdict, verifySnapshot } from '../persistence/verify-snapshot.js';
import { yieldToOtherThreads } from './thread-priority.js';

export default function verify(path: string): SnapshotVerdict {
  yieldToOtherThreads();
  return verifySnapshot(new NodeFileStore(), path);
}
