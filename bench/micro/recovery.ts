/**
 * Snapshot and recovery alone: writes a snapshot of a tree of znodes (100 bytes of data, 64 parents) and a log of
 * transactions behind it, then recovers both.
 *
 *   npm run bench:recovery -- [--nodes 1000000] [--txns 100000] [--rounds 3] [--keep directory]
 *
 * Prints the milliseconds of each part and the sizes of the files; of each recovery also the CPU time of the loading thread and
 * of the whole process, which a busy machine does not blur as it does the clock. Alternates between one thread and two (one
 * that reads ahead). With --keep the data directory stays, for other servers to be started on. Half of the transactions set
 * data, half create nodes, so that each recovery does both.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { SystemClock } from '../../src/actor/system-clock.js';
import { JuteWriter } from '../../src/jute/jute-writer.js';
import { NodeFileStore } from '../../src/persistence/node-file-store.js';
import { recover } from '../../src/persistence/recovery.js';
import { SnapshotWriter } from '../../src/persistence/snapshot-writer.js';
import { TxnLogWriter } from '../../src/persistence/txn-log-writer.js';
import { OPEN_ACL_UNSAFE } from '../../src/protocol/acl.js';
import { OpCode } from '../../src/protocol/op-code.js';
import { encodeTxnEntry, type TxnBody } from '../../src/protocol/txns.js';
import { threadReadAhead } from '../../src/server/read-ahead-thread.js';
import { DataTree } from '../../src/store/data-tree.js';
import { createTreeMemory } from '../../src/store/tree-memory.js';
import { TxnApplier } from '../../src/store/txn-applier.js';
import { makeTempDir } from '../../test/testing/temp-dir.js';

const PARENTS = 64;
const DATA = new Uint8Array(100).fill(0x64);

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '1000000' },
    txns: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '3' },
    keep: { type: 'string' },
  },
});
const nodeCount = Number(values.nodes);
const txnCount = Number(values.txns);

const fileStore = new NodeFileStore();
const temporary = makeTempDir('recovery-bench');
const dataDir = values.keep ?? temporary.path;
const version2 = join(dataDir, 'version-2');
mkdirSync(version2, { recursive: true });

function newTree(): DataTree {
  return new DataTree(createTreeMemory(1, 2), () => undefined);
}

function timed<T>(what: string, run: () => T): T {
  const start = performance.now();
  const result = run();
  console.log(`${what.padEnd(44)}${(performance.now() - start).toFixed(0).padStart(8)} ms`);
  return result;
}

/** Of the calling thread, on Linux; 0 elsewhere. */
function threadCpuMs(): number {
  if (process.platform !== 'linux') return 0;
  return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e6;
}

function recoverAll(byTwo: boolean): { recordsReplayed: number; tree: DataTree } {
  return recover({
    fileStore,
    dataDir,
    dataLogDir: dataDir,
    tree: newTree(),
    datadirAutocreate: true,
    dbAutocreate: true,
    trustEmptySnapshot: false,
    emulate353TtlNodes: false,
    warn: (message) => console.log(message),
    ...(byTwo ? { readAhead: threadReadAhead((error) => console.error(error)) } : {}),
  });
}

const tree = newTree();
const applier = new TxnApplier(tree);
const out = new JuteWriter();
let zxid = 0;

function makeEntry(body: TxnBody): void {
  out.reset();
  zxid++;
  const header = { clientId: 1n, cxid: zxid, zxid: BigInt(zxid), time: 1_700_000_000_000n, type: body.type };
  encodeTxnEntry(out, { header, body, digest: null });
}

function create(path: string, parentCVersion: number): TxnBody {
  return { type: OpCode.create, txn: { path, data: DATA, acl: OPEN_ACL_UNSAFE, ephemeral: false, parentCVersion } };
}

function parentOfNode(index: number): string {
  return `/app-${String(index % PARENTS).padStart(2, '0')}`;
}

function nodePath(index: number): string {
  return `${parentOfNode(index)}/node-${String(index).padStart(10, '0')}`;
}

timed(`build a tree of ${nodeCount} znodes`, () => {
  for (let i = 0; i < nodeCount; i++) {
    makeEntry(create(i < PARENTS ? parentOfNode(i) : nodePath(i), -1));
    tree.beginWrite();
    applier.apply(out.bytes, 0, out.length, null);
    tree.endWrite(0, zxid);
  }
});

const written = timed('write the snapshot', () =>
  new SnapshotWriter({
    fileStore,
    directory: version2,
    reader: tree.reader,
    backOff: () => undefined,
    collectSessions: () => undefined,
    waitUntilDurable: () => undefined,
    loaded: null,
    treeDigest: null,
  }).write(),
);

const log = new TxnLogWriter({
  fileStore,
  directory: version2,
  clock: new SystemClock(),
  preAllocBytes: 64 << 20,
  forceSync: true,
  sizeLimitBytes: 0,
  syncWarningThresholdMs: 1000,
  onSync: () => undefined,
  onSlowSync: () => undefined,
  warn: () => undefined,
});
timed(`log ${txnCount} transactions`, () => {
  for (let i = 0; i < txnCount; i++) {
    const index = (i * 7919) % nodeCount;
    if (i % 2 === 0 && index >= PARENTS)
      makeEntry({ type: OpCode.setData, txn: { path: nodePath(index), data: DATA, version: i } });
    else makeEntry(create(nodePath(nodeCount + i), nodeCount + i));
    log.append(out.bytes, 0, out.length, 0, zxid);
    if (i % 1000 === 999) log.commit();
  }
  log.close();
});
const logBytes = fileStore
  .list(version2)
  .filter((name) => name.startsWith('log.'))
  .reduce((sum, name) => sum + fileStore.sizeOf(join(version2, name)), 0);
console.log(`snapshot ${((written?.fileBytes ?? 0) / 1e6).toFixed(0)} MB, log ${(logBytes / 1e6).toFixed(0)} MB`);

for (let round = 0; round < Number(values.rounds); round++) {
  for (const byTwo of [false, true]) {
    const threadMs = threadCpuMs();
    const cpu = process.cpuUsage();
    const recovered = timed(`recover snapshot and log, ${byTwo ? 'two threads' : 'one thread'}`, () =>
      recoverAll(byTwo),
    );
    const { user, system } = process.cpuUsage(cpu);
    const loading = Math.round(threadCpuMs() - threadMs);
    console.log(`  CPU: loading thread ${loading} ms, process ${Math.round((user + system) / 1000)} ms`);
    if (recovered.recordsReplayed !== txnCount) throw new Error(`replayed ${recovered.recordsReplayed}`);
  }
}
