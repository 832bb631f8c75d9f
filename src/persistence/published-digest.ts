// The tree digest with the transaction it belongs to, as the tree's writer has published them together: what a snapshot
// carries behind its nodes. Any thread with a reader of the tree; waits for the writer, never holds it up.
// It must never be put together of two looks: a digest with the zxid of another moment would be a mismatch at the next start.

import type { TreeReader } from '../store/tree-reader.js';
import type { TreeDigest } from './snapshot-writer.js';

/** backOff: called when the writer spoils a try; may block a little. */
export function publishedDigest(reader: TreeReader, backOff: () => void): TreeDigest {
  for (;;) {
    const sequence = reader.begin();
    const zxidHi = reader.zxidHi();
    const zxidLo = reader.zxidLo();
    const digestHi = reader.treeDigestHi();
    const digestLo = reader.treeDigestLo();
    if (sequence >= 0 && reader.valid(sequence)) return { zxidHi, zxidLo, digestHi, digestLo };
    backOff();
  }
}
