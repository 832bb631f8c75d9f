/**
 * Stress of the data tree on real threads: one writer, two readers and a snapshot cursor, each in a worker of its own.
 * Every node's data tells its own id, version, length and a checksum over them and the payload, so a reader can prove of
 * what it has read that it comes from one moment. Nodes come, go, grow and shrink through all size classes; two nodes
 * far apart always change in one section and must never be seen with different versions. Ballast fills most of slab 0, so
 * that the nodes lie in slabs of which the readers hear while they are already reading.
 *
 *   node dist/test/stress/seqlock-stress.js [--seconds 5] [--seed 1] [--unchecked]
 *
 * Prints reads, retries and torn reads; exits 1 when anything was torn. --unchecked ignores what valid() says, to show
 * that the stress does tear reads when nobody checks (it then exits 0 only if something was torn).
 */
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import type { MessagePort } from 'node:worker_threads';
import { isMainThread, MessageChannel, receiveMessageOnPort, Worker, workerData } from 'node:worker_threads';
import { Prng } from '../../src/base/prng.js';
import { DataTree } from '../../src/store/data-tree.js';
import { NodeKind } from '../../src/store/node-layout.js';
import { SnapshotCursor } from '../../src/store/snapshot-cursor.js';
import { SubtreeCounter } from '../../src/store/subtree-counter.js';
import type { TreeMemory } from '../../src/store/tree-memory.js';
import { createTreeMemory } from '../../src/store/tree-memory.js';
import { TreeReader } from '../../src/store/tree-reader.js';

const PARENTS = 8;
const NODES = 4000;
/** Nodes below this id are never deleted: every walk of the cursor must meet them. */
const PERMANENT = 400;
const HEADER_BYTES = 16;
const DATA_BYTES_MAX = 60_000;
const BALLAST_BYTES = 508 * 65536;
const ALARM_TRIES = 200_000;
/** Owner of all ephemerals. */
const SESSION = 77;

interface Task {
  readonly role: 'writer' | 'reader' | 'cursor';
  readonly memory: TreeMemory;
  readonly seconds: number;
  readonly seed: number;
  readonly unchecked: boolean;
  /** The writer tells new slabs on all of these; a reader hears of them on its own. */
  readonly ports: readonly MessagePort[];
}

interface Report {
  readonly role: Task['role'];
  readonly done: number;
  readonly retries: number;
  readonly torn: number;
  readonly complaint: string;
}

function pathOf(id: number): Uint8Array {
  return new TextEncoder().encode(`/p${id % PARENTS}/node-${String(id).padStart(6, '0')}`);
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const PAIR = [encode('/pair-a'), encode('/pair-b')] as const;

/** id, version, length, checksum; then a payload that follows from id and version. */
function fill(bytes: Uint8Array, id: number, version: number, length: number): void {
  const view = new DataView(bytes.buffer);
  view.setInt32(0, id);
  view.setInt32(4, version);
  view.setInt32(8, length);
  let x = Math.imul(id, 0x9e3779b1) ^ version;
  let sum = 1;
  for (let i = HEADER_BYTES; i < length; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) | 0;
    bytes[i] = x >>> 24;
    sum = (Math.imul(sum, 31) + bytes[i]) | 0;
  }
  view.setInt32(12, sum ^ id ^ Math.imul(version, 7) ^ length);
}

/** What is wrong with the data, or ''. */
function inspect(bytes: Uint8Array, length: number, id: number, version: number): string {
  const view = new DataView(bytes.buffer);
  if (length < HEADER_BYTES) return `data of ${length} bytes`;
  if (view.getInt32(0) !== id) return `data of node ${view.getInt32(0)} in node ${id}`;
  if (view.getInt32(4) !== version) return `data of version ${view.getInt32(4)} under version ${version}`;
  if (view.getInt32(8) !== length) return `data of length ${view.getInt32(8)} read as ${length}`;
  let sum = 1;
  for (let i = HEADER_BYTES; i < length; i++) sum = (Math.imul(sum, 31) + bytes[i]) | 0;
  return (sum ^ id ^ Math.imul(version, 7) ^ length) === view.getInt32(12) ? '' : 'checksum';
}

function write(task: Task): Report {
  const prng = new Prng(task.seed);
  const tree = new DataTree(task.memory, (index, slab) => {
    for (const port of task.ports) port.postMessage({ index, slab });
  });
  const paths = Array.from({ length: NODES }, (_, id) => pathOf(id));
  const versions = new Int32Array(NODES).fill(-1);
  const data = new Uint8Array(DATA_BYTES_MAX);
  let zxid = 1;
  let pairVersion = 0;
  const create = (path: Uint8Array, length: number, kind: NodeKind): number =>
    tree.create(
      path,
      0,
      path.length,
      data,
      0,
      length,
      null,
      0,
      -1,
      kind,
      0,
      kind === NodeKind.ephemeral ? SESSION : 0,
      -1,
      0,
      zxid,
      0,
      zxid,
    );
  const randomLength = (): number => {
    const dice = prng.below(1000);
    return HEADER_BYTES + prng.below(dice < 800 ? 200 : dice < 995 ? 2000 : DATA_BYTES_MAX - HEADER_BYTES);
  };
  const ballast = new Uint8Array(BALLAST_BYTES).fill(0xba);
  for (const path of [encode('/ballast-a'), encode('/ballast-b')]) {
    tree.beginWrite();
    tree.create(
      path,
      0,
      path.length,
      ballast,
      0,
      BALLAST_BYTES,
      null,
      0,
      -1,
      NodeKind.persistent,
      0,
      0,
      -1,
      0,
      1,
      0,
      1,
    );
    tree.endWrite(0, 1);
  }
  tree.beginWrite();
  for (let i = 0; i < PARENTS; i++) create(encode(`/p${i}`), 0, NodeKind.persistent);
  fill(data, -1, 0, 100);
  for (const path of PAIR) create(path, 100, NodeKind.persistent);
  for (let id = 0; id < PERMANENT; id++) {
    const length = randomLength();
    fill(data, id, 0, length);
    create(paths[id], length, NodeKind.persistent);
    versions[id] = 0;
  }
  tree.endWrite(0, zxid);
  const deadline = performance.now() + task.seconds * 1000;
  let writes = 0;
  let pause = 0;
  while ((writes & 63) !== 0 || performance.now() < deadline) {
    writes++;
    zxid++;
    const id = prng.below(NODES);
    const path = paths[id];
    const dice = prng.below(100);
    const length = randomLength();
    if (dice < 5) {
      pairVersion++;
      fill(data, -1, pairVersion, 100);
      tree.beginWrite();
      for (const p of PAIR) tree.setData(p, 0, p.length, data, 0, 100, pairVersion, 0, zxid, 0, zxid);
      tree.endWrite(0, zxid);
    } else if (versions[id] < 0) {
      fill(data, id, 0, length);
      tree.beginWrite();
      create(path, length, dice < 30 ? NodeKind.ephemeral : NodeKind.persistent);
      tree.endWrite(0, zxid);
      versions[id] = 0;
    } else if (dice < 55 && id >= PERMANENT) {
      tree.beginWrite();
      tree.delete(path, 0, path.length, 0, zxid);
      tree.endWrite(0, zxid);
      versions[id] = -1;
    } else {
      const version = versions[id] + 1;
      fill(data, id, version, length);
      tree.beginWrite();
      tree.setData(path, 0, path.length, data, 0, length, version, 0, zxid, 0, zxid);
      tree.endWrite(0, zxid);
      versions[id] = version;
    }
    // Sometimes nothing for a while, so that readers of long lists get through.
    if (prng.below(50) === 0) for (let spin = prng.below(20_000); spin > 0; spin--) pause = (pause + spin) | 0;
  }
  tree.checkInvariants();
  return { role: 'writer', done: writes, retries: 0, torn: 0, complaint: pause === 0.5 ? '?' : '' };
}

function newReader(task: Task): TreeReader {
  const slabs = new Map<number, SharedArrayBuffer>();
  return new TreeReader(task.memory, {
    load(index) {
      for (
        let got = receiveMessageOnPort(task.ports[0]);
        got !== undefined;
        got = receiveMessageOnPort(task.ports[0])
      ) {
        const { index: at, slab } = got.message as { index: number; slab: SharedArrayBuffer };
        slabs.set(at, slab);
      }
      return slabs.get(index);
    },
  });
}

/** Until the writer has put the permanent nodes in place. */
function waitForNodes(reader: TreeReader): void {
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    const sequence = reader.begin();
    const there = sequence >= 0 && reader.find(PAIR[1], 0, PAIR[1].length) !== 0;
    if (there && reader.valid(sequence)) return;
    Atomics.wait(sleeper, 0, 0, 1);
  }
}

function read(task: Task): Report {
  const prng = new Prng(task.seed);
  const reader = newReader(task);
  waitForNodes(reader);
  const paths = Array.from({ length: NODES }, (_, id) => pathOf(id));
  const parents = Array.from({ length: PARENTS }, (_, i) => encode(`/p${i}`));
  const out = new Uint8Array(1 << 18);
  const view = new DataView(out.buffer);
  const STAT_AT = DATA_BYTES_MAX;
  let reads = 0;
  let retries = 0;
  let torn = 0;
  let complaint = '';
  const complain = (text: string): void => {
    torn++;
    if (complaint === '') complaint = text;
  };
  const getData = (path: Uint8Array, id: number): boolean => {
    const sequence = reader.begin();
    if (sequence < 0 && !task.unchecked) return false;
    const ref = reader.find(path, 0, path.length);
    const length = Math.min(reader.dataLength(ref), DATA_BYTES_MAX);
    if (ref !== 0) {
      reader.copyData(ref, out, 0, length);
      reader.copyStat(ref, out, STAT_AT);
    }
    if (!reader.valid(sequence) && !task.unchecked) return false;
    if (ref === 0) {
      if (id < PERMANENT) complain('a permanent node is missing');
      return true;
    }
    const wrong = inspect(out, length, id, view.getInt32(STAT_AT + 32));
    if (wrong !== '') complain(wrong);
    else if (view.getInt32(STAT_AT + 52) !== length) complain('wire dataLength');
    return true;
  };
  const getPair = (): boolean => {
    const sequence = reader.begin();
    if (sequence < 0 && !task.unchecked) return false;
    const a = reader.version(reader.find(PAIR[0], 0, PAIR[0].length));
    const b = reader.version(reader.find(PAIR[1], 0, PAIR[1].length));
    if (!reader.valid(sequence) && !task.unchecked) return false;
    if (a !== b) complain(`one half of a section: ${a} and ${b}`);
    return true;
  };
  const getChildren = (index: number): boolean => {
    const sequence = reader.begin();
    if (sequence < 0 && !task.unchecked) return false;
    const ref = reader.find(parents[index], 0, parents[index].length);
    const length = Math.min(reader.childNamesLength(ref), STAT_AT);
    const count = reader.childCount(ref);
    const written = reader.copyChildNames(ref, out, 0, length);
    reader.copyStat(ref, out, STAT_AT);
    if (!reader.valid(sequence) && !task.unchecked) return false;
    let names = 0;
    for (let at = 0; at < written; at += 15) {
      let id = 0;
      for (let i = at + 9; i < at + 15; i++) id = id * 10 + out[i] - 0x30;
      if (view.getInt32(at) !== 11 || id % PARENTS !== index || !(id < NODES)) {
        complain(`a child's name in /p${index}`);
        return true;
      }
      names++;
    }
    if (names !== count || written !== length || view.getInt32(STAT_AT + 56) !== count) complain('number of children');
    return true;
  };
  const subtree = new SubtreeCounter(reader);
  const getAllChildrenNumber = (index: number): boolean => {
    const sequence = reader.begin();
    if (sequence < 0 && !task.unchecked) return false;
    const ref = reader.find(parents[index], 0, parents[index].length);
    const below = subtree.count(ref, NODES);
    const children = reader.childCount(ref);
    if (!reader.valid(sequence) && !task.unchecked) return false;
    // Nobody has grandchildren.
    if (below !== children) complain(`${below} nodes below a node with ${children} children`);
    return true;
  };
  const getEphemerals = (): boolean => {
    const sequence = reader.begin();
    if (sequence < 0 && !task.unchecked) return false;
    const count = reader.ephemeralCountOf(0, SESSION);
    let met = 0;
    let others = 0;
    for (let ref = reader.firstEphemeralOf(0, SESSION); ref !== 0 && met < count; ref = reader.nextEphemeral(ref)) {
      met++;
      if (reader.ownerLo(ref) !== SESSION || reader.pathLength(ref) !== paths[0].length) others++;
      reader.copyPath(ref, out, 0, paths[0].length);
    }
    if (!reader.valid(sequence) && !task.unchecked) return false;
    if (met !== count || others > 0) complain(`${met} of ${count} ephemerals, ${others} of them of somebody else`);
    return true;
  };
  const once = (dice: number, id: number): boolean => {
    if (dice < 88) return getData(paths[id], id);
    if (dice < 96) return getPair();
    if (dice < 98) return getChildren(id % PARENTS);
    return dice < 99 ? getAllChildrenNumber(id % PARENTS) : getEphemerals();
  };
  const deadline = performance.now() + task.seconds * 1000;
  while ((reads & 63) !== 0 || performance.now() < deadline) {
    reads++;
    const dice = prng.below(100);
    const id = prng.below(NODES);
    for (let tries = 1; ; tries++) {
      if (once(dice, id)) break;
      retries++;
      if (tries > ALARM_TRIES) {
        complain('a read never came through');
        break;
      }
    }
  }
  return { role: 'reader', done: reads, retries, torn, complaint };
}

function isBallast(data: Uint8Array): boolean {
  for (let i = 0; i < BALLAST_BYTES; i += 997) if (data[i] !== 0xba) return false;
  return data[BALLAST_BYTES - 1] === 0xba;
}

function walk(task: Task): Report {
  const reader = newReader(task);
  waitForNodes(reader);
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  const decoder = new TextDecoder();
  const deadline = performance.now() + task.seconds * 1000;
  let walked = 0;
  let retries = 0;
  let torn = 0;
  let complaint = '';
  const complain = (text: string): void => {
    torn++;
    if (complaint === '') complaint = text;
  };
  while (performance.now() < deadline) {
    const cursor = new SnapshotCursor(reader, () => Atomics.wait(sleeper, 0, 0, 0.2));
    const seen = new Set<string>();
    let permanent = 0;
    while (cursor.next()) {
      walked++;
      const path = decoder.decode(cursor.path.subarray(0, cursor.pathLength));
      if (path !== '' && !seen.has(path.slice(0, path.lastIndexOf('/')))) complain(`${path} before its parent`);
      seen.add(path);
      if (path.startsWith('/ballast') && (cursor.dataLength !== BALLAST_BYTES || !isBallast(cursor.data)))
        complain('ballast');
      if (!path.includes('node-')) continue;
      const id = Number(path.slice(-6));
      const version = new DataView(cursor.stat.buffer).getInt32(32);
      const wrong = inspect(cursor.data, cursor.dataLength, id, version);
      if (wrong !== '') complain(`cursor: ${wrong}`);
      if (id < PERMANENT) permanent++;
    }
    if (permanent !== PERMANENT) complain(`a walk met ${permanent} of ${PERMANENT} permanent nodes`);
    retries += cursor.retryCount;
  }
  return { role: 'cursor', done: walked, retries, torn, complaint };
}

function option(name: string, otherwise: number): number {
  const at = process.argv.indexOf(name);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
}

async function main(): Promise<void> {
  const seconds = option('--seconds', 5);
  const seed = option('--seed', 1);
  const unchecked = process.argv.includes('--unchecked');
  const memory = createTreeMemory(seed, 0x5eed);
  const readers: { role: Task['role']; port: MessagePort }[] = [];
  const writerPorts: MessagePort[] = [];
  for (const role of ['reader', 'reader', 'cursor'] as const) {
    const { port1, port2 } = new MessageChannel();
    readers.push({ role, port: port2 });
    writerPorts.push(port1);
  }
  const start = (role: Task['role'], ports: MessagePort[], salt: number): Promise<Report> =>
    new Promise((resolve, reject) => {
      const task: Task = { role, memory, seconds, seed: seed * 100 + salt, unchecked, ports };
      const worker = new Worker(fileURLToPath(import.meta.url), { workerData: task, transferList: ports });
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  const started = [start('writer', writerPorts, 0), ...readers.map(({ role, port }, i) => start(role, [port], i + 1))];
  const reports = await Promise.all(started);
  const [writer, ...others] = reports;
  const total = (list: Report[], field: 'done' | 'retries' | 'torn'): number =>
    list.reduce((sum, r) => sum + r[field], 0);
  const read = others.filter((r) => r.role === 'reader');
  const walked = others.filter((r) => r.role === 'cursor');
  const torn = total(others, 'torn');
  console.log(
    `${(writer.done / 1e6).toFixed(3)} million writes, ${(total(read, 'done') / 1e6).toFixed(3)} million reads ` +
      `(${total(read, 'retries')} retries), ${(total(walked, 'done') / 1e6).toFixed(3)} million nodes walked ` +
      `(${total(walked, 'retries')} retries), torn ${torn}`,
  );
  for (const report of others) if (report.complaint !== '') console.log(`${report.role}: ${report.complaint}`);
  process.exitCode = torn > 0 === unchecked ? 0 : 1;
}

if (isMainThread) {
  await main();
} else {
  const { parentPort } = await import('node:worker_threads');
  const task = workerData as Task;
  const report = task.role === 'writer' ? write(task) : task.role === 'reader' ? read(task) : walk(task);
  parentPort?.postMessage(report);
}
