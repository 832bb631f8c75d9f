/**
 * The digest log of the shared tree (control-layout.ts) as numbers, for whoever shows the server's status. Runs on the main
 * thread, which must go on meanwhile: while the tree's writer is at work it waits and looks again, and never blocks.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { int64FromHalves } from '../../base/int64.js';
import { DIGEST_VERSION } from '../../persistence/snapshot-format.js';
import { DIGEST_LOG_ENTRIES_MAX, DIGEST_LOG_ENTRY_WORDS } from '../../store/control-layout.js';
import type { TreeReader } from '../../store/tree-reader.js';
import type { DigestStatus } from './server-status.js';

const LOOK_AGAIN_MS = 1;

/** Oldest first. */
export async function rememberedDigests(tree: TreeReader): Promise<DigestStatus[]> {
  const words = new Int32Array(DIGEST_LOG_ENTRIES_MAX * DIGEST_LOG_ENTRY_WORDS);
  for (;;) {
    const sequence = tree.begin();
    const count = sequence < 0 ? 0 : tree.copyDigestLog(words);
    if (sequence >= 0 && tree.valid(sequence))
      return Array.from({ length: count }, (_, entry) => statusOf(words, entry));
    await delay(LOOK_AGAIN_MS);
  }
}

function statusOf(words: Int32Array, entry: number): DigestStatus {
  const at = entry * DIGEST_LOG_ENTRY_WORDS;
  const long = (word: number): bigint => int64FromHalves(words[at + word], words[at + word + 1]);
  return { zxid: long(0), digest: long(2), version: DIGEST_VERSION };
}
