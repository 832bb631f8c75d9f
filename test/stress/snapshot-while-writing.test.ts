// Snapshots written on one thread while another changes the tree and its log as fast as it can: each of them, with the log
// behind it, must give the very tree that the writer ended with.

import { linkSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { SystemClock } from '../../src/actor/system-clock.js';
import { Prng } from '../../src/base/prng.js';
import { JuteWriter } from '../../src/jute/jute-writer.js';
import { NodeFileStore } from '../../src/persistence/node-file-store.js';
import { type RecoveredDatabase, recover } from '../../src/persistence/recovery.js';
import { TxnLogWriter } from '../../src/persistence/txn-log-writer.js';
import { OpCode } from '../../src/protocol/op-code.js';
import { encodeTxnEntry, type TxnBody } from '../../src/protocol/txns.js';
import { DataTree } from '../../src/store/data-tree.js';
import { createTreeMemory } from '../../src/store/tree-memory.js';
import { TxnApplier } from '../../src/store/txn-applier.js';
import { makeTempDir } from '../testing/temp-dir.js';
import { within } from '../testing/until.js';
import { stateOf } from '../unit/persistence/persistence-fixture.js';
import type { SnapshotThreadData, SnapshotThreadResult } from './snapshot-thread.js';

const RUN_MS = 2000;
const DEADLINE_MS = 20_000;
/** As many transactions are logged and applied before the thread looks up from its work. */
const BATCH = 50;
const SNAPSHOTS_CHECKED = 12;

/** Random changes in a small tree, so that the same nodes come, change and go while a snapshot passes over them. */
class Workload {
  zxid = 0;
  private readonly prng = new Prng(11);
  private readonly tree: DataTree;
  private readonly log: TxnLogWriter;
  private readonly applier: TxnApplier;
  private readonly out = new JuteWriter();
  private readonly live = new Set<string>();

  constructor(tree: DataTree, log: TxnLogWriter) {
    this.tree = tree;
    this.log = log;
    this.applier = new TxnApplier(tree);
  }

  /** Logged and durable first, then applied, as a server does it. */
  batch(count: number): void {
    const entries: Uint8Array[] = [];
    for (let i = 0; i < count; i++) entries.push(this.next());
    this.log.commit();
    let zxid = this.zxid - count;
    for (const entry of entries) {
      this.tree.beginWrite();
      this.applier.apply(entry, 0, entry.length, null);
      this.tree.endWrite(0, ++zxid);
    }
  }

  private next(): Uint8Array {
    this.zxid++;
    const body = this.draw();
    this.out.reset();
    const header = { clientId: 1n, cxid: 0, zxid: BigInt(this.zxid), time: BigInt(this.zxid), type: body.type };
    encodeTxnEntry(this.out, { header, body, digest: null });
    this.log.append(this.out.bytes, 0, this.out.length, 0, this.zxid);
    return this.out.toBytes();
  }

  /** Versions are all the transaction's own number: absolute and rising, as prep would make them. */
  private draw(): TxnBody {
    const path = this.drawPath();
    const data = new Uint8Array(this.prng.below(400)).fill(this.zxid);
    const acl = [{ perms: 1 + this.prng.below(30), id: { scheme: 'digest', id: `user${this.prng.below(40)}` } }];
    if (!this.live.has(path)) {
      this.live.add(path);
      return { type: OpCode.create, txn: { path, data, acl, ephemeral: false, parentCVersion: this.zxid } };
    }
    const what = this.prng.below(4);
    if (what === 0) return { type: OpCode.setData, txn: { path, data, version: this.zxid } };
    if (what === 1) return { type: OpCode.setACL, txn: { path, acl, version: this.zxid } };
    const isLeaf = path.length > 4 || ![...this.live].some((other) => other.startsWith(`${path}/`));
    if (!isLeaf) return { type: OpCode.setData, txn: { path, data, version: this.zxid } };
    this.live.delete(path);
    return { type: OpCode.delete, txn: { path } };
  }

  private drawPath(): string {
    const parent = `/p${this.prng.below(8)}`;
    if (!this.live.has(parent) || this.prng.below(50) === 0) return parent;
    return `${parent}/n${this.prng.below(300)}`;
  }
}

function recoverIn(dataDir: string): RecoveredDatabase {
  return recover({
    fileStore: new NodeFileStore(),
    dataDir,
    dataLogDir: dataDir,
    tree: new DataTree(createTreeMemory(3, 4), () => undefined),
    datadirAutocreate: true,
    dbAutocreate: true,
    trustEmptySnapshot: false,
    emulate353TtlNodes: false,
    warn: () => undefined,
  });
}

test('every snapshot, with the log behind it, is the tree', async () => {
  using directory = makeTempDir('snapshot-stress');
  const logDirectory = join(directory.path, 'log');
  const snapshotDirectory = join(directory.path, 'snapshots');
  mkdirSync(logDirectory);
  mkdirSync(snapshotDirectory);
  const memory = createTreeMemory(1, 2);
  const tree = new DataTree(memory, () => expect.unreachable('the tree fits its first slab'));
  const log = new TxnLogWriter({
    fileStore: new NodeFileStore(),
    directory: logDirectory,
    clock: new SystemClock(),
    preAllocBytes: 64 << 20,
    forceSync: true,
    sizeLimitBytes: 0,
    syncWarningThresholdMs: DEADLINE_MS,
    onSync: () => undefined,
    onSlowSync: () => undefined,
    warn: () => undefined,
  });
  const workload = new Workload(tree, log);
  workload.batch(2000);

  const progress = new SharedArrayBuffer(8);
  const words = new Int32Array(progress);
  Atomics.store(words, 0, workload.zxid);
  const workerData: SnapshotThreadData = { memory, directory: snapshotDirectory, progress };
  const worker = new Worker(new URL('../../dist/test/stress/snapshot-thread.js', import.meta.url), { workerData });
  const finished = new Promise<SnapshotThreadResult[]>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  const endMs = performance.now() + RUN_MS;
  while (performance.now() < endMs) {
    workload.batch(BATCH);
    Atomics.store(words, 0, workload.zxid);
    Atomics.notify(words, 0);
    await turn();
  }
  Atomics.store(words, 1, 1);
  const snapshots = await within('the last snapshot', DEADLINE_MS, finished);
  await worker.terminate();
  log.close();

  const expected = stateOf({ ...recoverIn(emptyDirectory(directory.path)), tree, lastZxidLo: workload.zxid });
  expect(expected.nodes.length).toBeGreaterThan(100);
  expect(snapshots.length).toBeGreaterThan(3);
  // It is only a test where the tree did change while one was written: of how many, the machine decides.
  const fuzzy = snapshots.filter((snapshot) => snapshot.lastZxid > snapshot.zxid);
  expect(fuzzy.length).toBeGreaterThan(SNAPSHOTS_CHECKED);
  const step = Math.ceil(fuzzy.length / SNAPSHOTS_CHECKED);
  for (let i = 0; i < fuzzy.length; i += step) {
    const { name, zxid } = fuzzy[i];
    const dataDir = join(directory.path, `only-${name}`);
    mkdirSync(join(dataDir, 'version-2'), { recursive: true });
    linkSync(join(snapshotDirectory, name), join(dataDir, 'version-2', name));
    linkSync(join(logDirectory, 'log.1'), join(dataDir, 'version-2', 'log.1'));
    const recovered = recoverIn(dataDir);
    expect(recovered.snapshot?.name).toBe(name);
    expect(recovered.digestMismatches).toBe(0);
    expect(recovered.recordsReplayed).toBe(workload.zxid - zxid);
    expect(stateOf(recovered)).toEqual(expected);
  }
});

function emptyDirectory(parent: string): string {
  const path = join(parent, 'empty');
  mkdirSync(path);
  return path;
}
