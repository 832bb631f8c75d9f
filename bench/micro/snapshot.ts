/**
 * What a snapshot costs, and what it costs the log: one thread writes snapshots of a tree of znodes (100 bytes of data, 64
 * parents), by each method, while another appends to a log as a server under a light load would, 30 records and one
 * fdatasync every 2 ms or so. The pieces in which the snapshot is synced can be made larger, up to one at the end.
 *
 *   node dist/bench/micro/snapshot.js [--nodes 1000000] [--methods none,gz,snappy] [--pieces 1,0] [--rounds 2]
 *
 * `pieces`: megabytes written before they are synced; 0: all at the end. Prints for each the time and the size of the
 * snapshot, and of the log's fdatasyncs meanwhile how many there were, the median, the slowest hundredth and the slowest.
 */
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { SystemClock } from '../../src/actor/system-clock.js';
import { JuteWriter } from '../../src/jute/jute-writer.js';
import type { FileStore, StoredFile } from '../../src/persistence/file-store.js';
import { NodeFileStore } from '../../src/persistence/node-file-store.js';
import type { SnapshotCompression } from '../../src/persistence/snapshot-compression.js';
import { SnapshotWriter } from '../../src/persistence/snapshot-writer.js';
import { TxnLogWriter } from '../../src/persistence/txn-log-writer.js';
import { OPEN_ACL_UNSAFE } from '../../src/protocol/acl.js';
import { OpCode } from '../../src/protocol/op-code.js';
import { encodeTxnEntry, type TxnBody } from '../../src/protocol/txns.js';
import { yieldToOtherThreads } from '../../src/server/thread-priority.js';
import { DataTree } from '../../src/store/data-tree.js';
import { createTreeMemory, type TreeMemory } from '../../src/store/tree-memory.js';
import { TreeReader } from '../../src/store/tree-reader.js';
import { TxnApplier } from '../../src/store/txn-applier.js';
import { makeTempDir } from '../../test/testing/temp-dir.js';

interface Job {
  readonly memory: TreeMemory;
  readonly slabs: readonly SharedArrayBuffer[];
  readonly directory: string;
  readonly compression: SnapshotCompression;
  /** Megabytes; 0: one sync at the end. */
  readonly pieceMb: number;
  /** Word 0: 1 when it is done. Then milliseconds, bytes, and the thread's own processor time in milliseconds. */
  readonly result: SharedArrayBuffer;
}

const PARENTS = 64;
const ALONE_MS = 4000;
const PAUSE_MS = 2;
const RECORDS_PER_SYNC = 30;

/** On a thread of its own. */
function takeSnapshot(job: Job): void {
  yieldToOtherThreads();
  const reader = new TreeReader(job.memory, { load: (index) => job.slabs[index] });
  const began = performance.now();
  const written = new SnapshotWriter({
    fileStore: withPieces(new NodeFileStore(), job.pieceMb),
    directory: job.directory,
    reader,
    backOff: () => undefined,
    collectSessions: () => undefined,
    waitUntilDurable: () => undefined,
    loaded: null,
    treeDigest: null,
    compression: job.compression,
  }).write();
  const figures = new Float64Array(job.result, 8);
  figures[0] = performance.now() - began;
  figures[1] = written?.fileBytes ?? 0;
  figures[2] = threadCpuMs();
  Atomics.store(new Int32Array(job.result), 0, 1);
}

/** User and system time of this thread, in steps of 10 ms; the start of the thread is in it. */
function threadCpuMs(): number {
  const stat = readFileSync('/proc/thread-self/stat', 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** The writer asks for a sync at each megabyte; only every so many of them are passed on. */
function withPieces(fileStore: FileStore, pieceMb: number): FileStore {
  let asked = 0;
  const passed = (file: StoredFile): StoredFile =>
    Object.assign(Object.create(file) as StoredFile, {
      syncData: () => {
        if (pieceMb > 0 && ++asked % pieceMb === 0) file.syncData();
      },
    });
  return Object.assign(Object.create(fileStore) as FileStore, {
    createNew: (path: string) => passed(fileStore.createNew(path)),
  });
}

function main(): void {
  const { values } = parseArgs({
    options: {
      nodes: { type: 'string', default: '1000000' },
      methods: { type: 'string', default: 'none,gz,snappy' },
      pieces: { type: 'string', default: '1,0' },
      rounds: { type: 'string', default: '2' },
    },
  });
  using temporary = makeTempDir('snapshot-bench');
  const memory = createTreeMemory(1, 2);
  const slabs: SharedArrayBuffer[] = [memory.slab0];
  const tree = new DataTree(memory, (index, slab) => {
    slabs[index] = slab;
  });
  fill(tree, Number(values.nodes));
  const log = new BenchLog(join(temporary.path, 'log'));
  const endMs = performance.now() + ALONE_MS;
  log.keepOnFor('log alone', () => performance.now() < endMs);
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const compression of values.methods.split(',') as SnapshotCompression[]) {
      for (const pieceMb of values.pieces.split(',').map(Number)) {
        const directory = join(temporary.path, 'snapshots');
        mkdirSync(directory);
        const result = new SharedArrayBuffer(32);
        const workerDataOfJob: Job = { memory, slabs, directory, compression, pieceMb, result };
        const worker = new Worker(new URL(import.meta.url), { workerData: workerDataOfJob });
        const isDone = new Int32Array(result);
        log.keepOnFor(`${compression}, synced ${pieceMb === 0 ? 'at the end' : `by ${pieceMb} MB`}`, () => {
          return Atomics.load(isDone, 0) === 0;
        });
        const [ms, bytes, cpuMs] = new Float64Array(result, 8);
        console.log(
          `${''.padEnd(28)}snapshot ${(ms / 1000).toFixed(2)} s, ${(bytes / 1e6).toFixed(1)} MB, ${(cpuMs / 1000).toFixed(2)} s of CPU`,
        );
        void once(worker, 'exit');
        rmSync(directory, { recursive: true });
      }
    }
  }
  log.close();
}

function fill(tree: DataTree, nodeCount: number): void {
  const applier = new TxnApplier(tree);
  const out = new JuteWriter();
  const data = new Uint8Array(100);
  tree.beginWrite();
  tree.reset();
  tree.endWrite(0, 0);
  for (let i = 0; i < nodeCount; i++) {
    const isParent = i < PARENTS;
    const path = isParent ? `/p${i}` : `/p${i % PARENTS}/n${i}`;
    // Some of each node's bytes differ, as they would: a compressor is not to be flattered.
    for (let at = 0; at < 40; at++) data[at] = Math.imul(i + at, 0x9e3779b1) >>> 24;
    const txn = { path, data, acl: OPEN_ACL_UNSAFE, ephemeral: false, parentCVersion: i + 1 };
    apply(tree, applier, out, i + 1, { type: OpCode.create, txn });
  }
}

function apply(tree: DataTree, applier: TxnApplier, out: JuteWriter, zxid: number, body: TxnBody): void {
  encode(out, zxid, body);
  tree.beginWrite();
  applier.apply(out.bytes, 0, out.length, null);
  tree.endWrite(0, zxid);
}

function encode(out: JuteWriter, zxid: number, body: TxnBody): void {
  out.reset();
  const header = {
    clientId: 1n,
    cxid: zxid,
    zxid: BigInt(zxid),
    time: BigInt(1_790_000_000_000 + zxid),
    type: body.type,
  };
  encodeTxnEntry(out, { header, body, digest: null });
}

/** A log that is written to and synced at a steady pace. */
class BenchLog {
  private readonly log: TxnLogWriter;
  private readonly out = new JuteWriter();
  private readonly bed = new Int32Array(new SharedArrayBuffer(4));
  private syncMs: number[] = [];
  private zxid = 0;

  constructor(directory: string) {
    mkdirSync(directory);
    this.log = new TxnLogWriter({
      fileStore: new NodeFileStore(),
      directory,
      clock: new SystemClock(),
      preAllocBytes: 64 << 20,
      forceSync: true,
      sizeLimitBytes: 0,
      syncWarningThresholdMs: 60_000,
      onSync: () => undefined,
      onSlowSync: () => undefined,
      warn: () => undefined,
    });
  }

  keepOnFor(what: string, isWanted: () => boolean): void {
    this.syncMs = [];
    const data = new Uint8Array(100);
    while (isWanted()) {
      for (let i = 0; i < RECORDS_PER_SYNC; i++) {
        this.zxid++;
        encode(this.out, this.zxid, { type: OpCode.setData, txn: { path: '/p1/n65', data, version: this.zxid } });
        this.log.append(this.out.bytes, 0, this.out.length, 0, this.zxid);
      }
      const began = performance.now();
      this.log.commit();
      this.syncMs.push(performance.now() - began);
      Atomics.wait(this.bed, 0, 0, PAUSE_MS);
    }
    if (this.syncMs.length > 0) this.tell(what);
  }

  close(): void {
    this.log.close();
  }

  private tell(what: string): void {
    const sorted = this.syncMs.sort((a, b) => a - b);
    const at = (part: number): string => `${sorted[Math.floor((sorted.length - 1) * part)].toFixed(1)} ms`;
    console.log(`${what.padEnd(28)}${sorted.length} fdatasyncs: p50 ${at(0.5)}, p99 ${at(0.99)}, slowest ${at(1)}`);
  }
}

if (isMainThread) main();
else takeSnapshot(workerData as Job);
