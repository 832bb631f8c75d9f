// Writes a snapshot of a random tree: wide and deep places, names that are not ASCII, quotas, sessions with ephemerals,
// containers, siblings in no order. By seed; the same tree with small changes for a comparison.

import { Prng } from '../../../src/base/prng.js';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import { JuteWriter } from '../../../src/jute/jute-writer.js';
import { NodeFileStore } from '../../../src/persistence/node-file-store.js';
import { SnapshotWriter } from '../../../src/persistence/snapshot-writer.js';
import { OPEN_ACL_UNSAFE } from '../../../src/protocol/acl.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { encodeTxnEntry, type TxnBody } from '../../../src/protocol/txns.js';
import { DataTree } from '../../../src/store/data-tree.js';
import { createTreeMemory } from '../../../src/store/tree-memory.js';
import { TxnApplier } from '../../../src/store/txn-applier.js';

const WORDS = ['app', 'lock-', 'ünïcode', '日本', 'a"b\\c', 'tab\there', 'member_', 'x', 'AaBB', 'BBAa', "q'"];
const QUOTA = '/zookeeper/quota';

export interface GeneratedSnapshot {
  readonly directory: string;
  readonly seed: number;
  readonly nodeCount: number;
  /** Nodes changed or added behind the same random tree. */
  readonly changes?: number;
}

/** Returns the file's path. */
export function writeGeneratedSnapshot({ directory, seed, nodeCount, changes = 0 }: GeneratedSnapshot): string {
  const tree = new DataTree(createTreeMemory(1, 2), () => undefined);
  const maker = new TreeMaker(tree, new Prng(seed));
  tree.beginWrite();
  for (let i = 0; i < nodeCount; i++) maker.addNode();
  maker.addQuota();
  for (let i = 0; i < changes; i++) maker.change();
  tree.endWrite(0, maker.zxid);
  const writer = new SnapshotWriter({
    fileStore: new NodeFileStore(),
    directory,
    reader: tree.reader,
    backOff: () => undefined,
    collectSessions: (add) => {
      for (let id = 1; id <= 20; id++) add(0x1000000 + seed, id * 0x12345, 1000 * id);
    },
    waitUntilDurable: () => undefined,
    loaded: null,
    treeDigest: null,
  });
  const written = writer.write();
  if (written === null) throw new Error('nothing was written');
  return `${directory}/${written.name}`;
}

class TreeMaker {
  zxid = 0;
  private readonly paths = [''];
  private readonly applier: TxnApplier;
  private readonly prng: Prng;

  constructor(tree: DataTree, prng: Prng) {
    this.applier = new TxnApplier(tree);
    this.prng = prng;
  }

  /** Half of them below one of the first nodes, so that some have hundreds of children. */
  addNode(): void {
    const { prng, paths } = this;
    const parent = paths[prng.below(prng.below(2) === 0 ? Math.min(5, paths.length) : paths.length)];
    const path = `${parent}/${WORDS[prng.below(WORDS.length)]}${prng.below(1 << 20)}`;
    const data = prng.below(9) === 0 ? null : Uint8Array.from({ length: prng.below(40) }, () => prng.below(256));
    const kind = prng.below(8);
    if (kind === 0) {
      this.apply({ type: OpCode.createContainer, txn: { path, data, acl: OPEN_ACL_UNSAFE, parentCVersion: -1 } });
    } else {
      this.create(path, data, kind === 1);
    }
    if (kind !== 1) paths.push(path);
  }

  addQuota(): void {
    const path = this.paths[1];
    const [, top] = path.split('/');
    this.create(`${QUOTA}/${top}`, null, false);
    this.create(`${QUOTA}/${top}/zookeeper_limits`, encodeUtf8('count=1000,bytes=-1'), false);
    this.create(`${QUOTA}/${top}/zookeeper_stats`, encodeUtf8('count=0,bytes=0'), false);
  }

  change(): void {
    const { prng, paths } = this;
    const path = paths[1 + prng.below(paths.length - 1)];
    if (prng.below(2) === 0) {
      const data = new Uint8Array(prng.below(300));
      this.apply({ type: OpCode.setData, txn: { path, data, version: prng.below(100) } });
    } else {
      this.create(`${path}/more${prng.below(1000)}`, encodeUtf8('more'), false);
    }
  }

  private create(path: string, data: Uint8Array | null, ephemeral: boolean): void {
    this.apply({ type: OpCode.create, txn: { path, data, acl: OPEN_ACL_UNSAFE, ephemeral, parentCVersion: -1 } });
  }

  private apply(body: TxnBody): void {
    this.zxid++;
    const entry = new JuteWriter();
    encodeTxnEntry(entry, {
      header: {
        clientId: (0x1000000n << 32n) | BigInt(this.prng.below(30) * 0x12345),
        cxid: 1,
        zxid: BigInt(this.zxid),
        time: BigInt(this.prng.below(1 << 30)) * 3701n,
        type: body.type,
      },
      body,
      digest: null,
    });
    const bytes = entry.toBytes();
    this.applier.apply(bytes, 0, bytes.length, null);
  }
}
