// Judges the digests in a log: every entry is applied to a tree that keeps none, and after each the digest of that tree,
// computed from scratch over all its nodes, must be the one that the entry predicted.
import { readInt32 } from '../../../src/base/bytes.js';
import { hexOf, int64FromHalves } from '../../../src/base/int64.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { DataTree } from '../../../src/store/data-tree.js';
import { createTreeMemory } from '../../../src/store/tree-memory.js';
import { TxnApplier } from '../../../src/store/txn-applier.js';
import { digestFromScratch } from '../tree-digest-from-scratch.js';
import type { LoggedTxn } from './recorded-log.js';

/** From the first transaction on. Returns how many digests were compared; throws at the first that is missing or wrong. */
export function judgeDigests(logged: readonly LoggedTxn[]): number {
  const tree = new DataTree(createTreeMemory(5, 6), () => undefined, false);
  const applier = new TxnApplier(tree);
  let compared = 0;
  for (const { entry, type, zxid } of logged) {
    tree.beginWrite();
    applier.apply(entry, 0, entry.length, null);
    tree.endWrite(applier.zxidHi, applier.zxidLo);
    const at = applier.digestOffset;
    if (at < 0 !== (type === OpCode.error)) throw new Error(`0x${hexOf(zxid)} (type ${type}): digest at ${at}`);
    if (at < 0) continue;
    compared++;
    const version = readInt32(entry, at);
    const predicted = int64FromHalves(readInt32(entry, at + 4), readInt32(entry, at + 8));
    const actual = digestFromScratch(tree.reader);
    if (version === 2 && at + 12 === entry.length && predicted === actual) continue;
    throw new Error(
      `0x${hexOf(zxid)} (type ${type}) predicts ${predicted} (version ${version}), the tree has ${actual}`,
    );
  }
  return compared;
}
