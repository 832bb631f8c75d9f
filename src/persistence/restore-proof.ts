// Proves that a snapshot can become the database, before anything is touched: every seal and length, every parent and ACL, by
// building a tree of its own from it, the way the real one will be. Runs on a thread that may block and has memory for a second
// tree; reads the whole file twice, and changes nothing.

import { adler32 } from '../base/adler32.js';
import { readInt32 } from '../base/bytes.js';
import { compareSigned } from '../base/int64.js';
import { DataTree } from '../store/data-tree.js';
import { createTreeMemory } from '../store/tree-memory.js';
import { type FileStore, joinPath } from './file-store.js';
import { RecoveredSessions } from './recovered-sessions.js';
import { RESTORE_NAME, type RestorePlan } from './restore-plan.js';
import type { SnapshotSink } from './snapshot-content-decoder.js';
import { DIGEST_VERSION } from './snapshot-format.js';
import { BrokenSnapshot, SnapshotReader } from './snapshot-reader.js';
import { TreeLoader } from './tree-loader.js';

const WINDOW_BYTES = 1 << 20;
/** czxid, mzxid, pzxid in StatPersisted. */
const STAT_ZXID_OFFSETS = [0, 8, 52] as const;
const ZXID_HI_MAX = 0x7fffffff;

export interface ProvenRestore {
  readonly plan: RestorePlan;
  /** No zxid in it is above this one, of a section or of a node; the section's, where there is one. */
  readonly lastZxidHi: number;
  readonly lastZxidLo: number;
  readonly nodeCount: number;
  readonly sessionCount: number;
  /** False: the file names another tree digest, as one does that was taken while the tree was changing. */
  readonly digestAgrees: boolean;
}

/** Throws BrokenSnapshot, UnreadableSnapshot, or what the file store throws; changes nothing. */
export function proveRestore(
  fileStore: FileStore,
  directory: string,
  emulate353TtlNodes: boolean,
  keepsDigest: boolean,
): ProvenRestore {
  const path = joinPath(directory, RESTORE_NAME);
  if (isCompressed(fileStore, path)) throw new BrokenSnapshot(`${path} is compressed: unpack the snapshot before`);
  const slabs: SharedArrayBuffer[] = [];
  const tree = new DataTree(createTreeMemory(0, 0), (_index, slab) => slabs.push(slab), keepsDigest);
  tree.beginWrite();
  tree.clear();
  const loader = new ProvingLoader(new TreeLoader(tree, new RecoveredSessions(), emulate353TtlNodes));
  const reader = new SnapshotReader(fileStore, directory, RESTORE_NAME, loader);
  const tail = reader.read();
  tree.recountQuotas();
  tree.endWrite(0, 0);
  if (tree.unresolvedAclCount > 0) {
    throw new BrokenSnapshot(`${path} has ${tree.unresolvedAclCount} nodes with an ACL that it does not hold`);
  }
  loader.sawZxid(tail.digestZxidHi, tail.digestZxidLo);
  loader.sawZxid(tail.lastZxidHi, tail.lastZxidLo);
  if (loader.lastZxidHi === ZXID_HI_MAX) throw new BrokenSnapshot(`${path} leaves no zxid for what comes after it`);
  const { digestHi, digestLo } = tree;
  const file = fileStore.openForRead(path);
  try {
    const contentBytes = file.size() - tail.tailBytes;
    const bytes = new Uint8Array(WINDOW_BYTES);
    let sum = 1;
    for (let position = 0; position < contentBytes; ) {
      const count = file.read(bytes, 0, Math.min(bytes.length, contentBytes - position), position);
      sum = adler32(bytes, 0, count, sum);
      position += count;
    }
    return {
      plan: { contentBytes, contentSum: sum, digestVersion: keepsDigest ? DIGEST_VERSION : 0, digestHi, digestLo },
      lastZxidHi: loader.lastZxidHi,
      lastZxidLo: loader.lastZxidLo,
      nodeCount: reader.nodeCount,
      sessionCount: reader.sessionCount,
      digestAgrees:
        !keepsDigest ||
        tail.digestVersion !== DIGEST_VERSION ||
        (tail.digestZxidHi === 0 && tail.digestZxidLo === 0) ||
        (tail.digestHi === digestHi && tail.digestLo === digestLo),
    };
  } finally {
    file.close();
  }
}

/** The bytes say so: the name it was given here does not. */
function isCompressed(fileStore: FileStore, path: string): boolean {
  const file = fileStore.openForRead(path);
  try {
    const head = new Uint8Array(2);
    file.read(head, 0, head.length, 0);
    const [first, second] = head;
    return (first === 0x1f && second === 0x8b) || (first === 0x82 && second === 0x53);
  } finally {
    file.close();
  }
}

/** Loads, and keeps the highest zxid that it has met: a file without a last-zxid section names none for the whole. */
class ProvingLoader implements SnapshotSink {
  lastZxidHi = 0;
  lastZxidLo = 0;
  private readonly loader: TreeLoader;

  constructor(loader: TreeLoader) {
    this.loader = loader;
  }

  sawZxid(hi: number, lo: number): void {
    if (compareSigned(hi, lo, this.lastZxidHi, this.lastZxidLo) <= 0) return;
    this.lastZxidHi = hi;
    this.lastZxidLo = lo;
  }

  onSession(idHi: number, idLo: number, timeoutMs: number): void {
    this.loader.onSession(idHi, idLo, timeoutMs);
  }

  onNode(
    bytes: Uint8Array,
    pathOffset: number,
    pathLength: number,
    dataOffset: number,
    dataLength: number,
    statOffset: number,
    acl: Uint8Array,
  ): boolean {
    for (const offset of STAT_ZXID_OFFSETS) {
      this.sawZxid(readInt32(bytes, statOffset + offset), readInt32(bytes, statOffset + offset + 4));
    }
    return this.loader.onNode(bytes, pathOffset, pathLength, dataOffset, dataLength, statOffset, acl);
  }
}
