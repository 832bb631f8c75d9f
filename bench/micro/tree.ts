/**
 * The data tree in shared slabs against plain objects in a Map, at the same number of znodes: memory per znode, create,
 * look-up (find, stat, data), setData, and the longest pauses of the garbage collector while that runs.
 *
 *   node dist/bench/micro/tree.js [--nodes 1000000] [--only slabs|map]
 *
 * Each side runs in a process of its own, so that neither pays for the other's garbage. Paths are /app-NN/node-0000000NN
 * (24 bytes), 64 parents, 100 bytes of data; look-ups are in random order, so at a million nodes nearly each misses the
 * caches. Prints one line per figure; read and setData are the better of two passes after a warm-up on a small tree.
 */
import { spawnSync } from 'node:child_process';
import { PerformanceObserver, performance } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Prng } from '../../src/base/prng.js';
import { DataTree } from '../../src/store/data-tree.js';
import { NodeKind } from '../../src/store/node-layout.js';
import { createTreeMemory } from '../../src/store/tree-memory.js';
import { TreeReader } from '../../src/store/tree-reader.js';

const PARENTS = 64;
const PATH_BYTES = 24;
const DATA_BYTES = 100;

interface Side {
  create(path: Uint8Array, zxid: number): void;
  /** Answers one getData: returns the bytes written to the reply. */
  read(path: Uint8Array): number;
  setData(path: Uint8Array, version: number): void;
  memoryBytes?(): number;
}

const data = new Uint8Array(512);
const reply = new Uint8Array(1 << 16);

function slabSide(guarded: boolean): Side {
  const memory = createTreeMemory(0x01020304, 0x05060708);
  const slabs = new Map<number, SharedArrayBuffer>();
  const tree = new DataTree(memory, (index, slab) => slabs.set(index, slab));
  const reader = guarded ? new TreeReader(memory, { load: (index) => slabs.get(index) }) : tree.reader;
  for (let i = 0; i < PARENTS; i++) {
    const path = new TextEncoder().encode(parentPath(i));
    tree.beginWrite();
    tree.create(path, 0, path.length, data, 0, 0, null, 0, -1, NodeKind.persistent, 0, 0, -1, 0, 1, 0, 1);
    tree.endWrite(0, 1);
  }
  let cursor = 0;
  return {
    create(path, zxid) {
      tree.beginWrite();
      tree.create(
        path,
        0,
        PATH_BYTES,
        data,
        3,
        DATA_BYTES,
        null,
        0,
        -1,
        NodeKind.persistent,
        0,
        0,
        -1,
        0,
        zxid,
        0,
        zxid,
      );
      tree.endWrite(0, zxid);
    },
    read(path) {
      // As a getData reply is written: length, data, stat.
      cursor = (cursor + 11) & 0x3fff;
      for (;;) {
        const sequence = reader.begin();
        if (sequence < 0) continue;
        const ref = reader.find(path, 0, PATH_BYTES);
        if (ref === 0) throw new Error('a node is missing');
        const length = reader.dataLength(ref);
        reader.copyData(ref, reply, cursor, length);
        reader.copyStat(ref, reply, cursor + length);
        if (reader.valid(sequence)) return length + 68;
      }
    },
    setData(path, version) {
      tree.beginWrite();
      tree.setData(path, 0, PATH_BYTES, data, version & 127, DATA_BYTES, version, 0, version, 0, version);
      tree.endWrite(0, version);
    },
    memoryBytes: () => tree.memoryStats().usedBytes,
  };
}

/** What a careful server with objects would keep: stat fields as numbers, children as a Set of names. */
class PlainNode {
  data: Uint8Array;
  children: Set<string> | null = null;
  acl = 0;
  czxidHi = 0;
  czxidLo: number;
  mzxidHi = 0;
  mzxidLo: number;
  pzxidHi = 0;
  pzxidLo: number;
  ctime: number;
  mtime: number;
  version = 0;
  cversion = 0;
  aversion = 0;
  owner = 0;

  constructor(bytes: Uint8Array, zxid: number) {
    this.data = bytes;
    this.czxidLo = zxid;
    this.mzxidLo = zxid;
    this.pzxidLo = zxid;
    this.ctime = zxid;
    this.mtime = zxid;
  }
}

function mapSide(): Side {
  const nodes = new Map<string, PlainNode>();
  const decoder = new TextDecoder('latin1');
  for (let i = 0; i < PARENTS; i++) nodes.set(parentPath(i), new PlainNode(new Uint8Array(0), 1));
  const view = new DataView(reply.buffer);
  let cursor = 0;
  const get = (path: Uint8Array): PlainNode => {
    const node = nodes.get(decoder.decode(path));
    if (node === undefined) throw new Error('a node is missing');
    return node;
  };
  return {
    create(path, zxid) {
      const key = decoder.decode(path);
      const slash = key.lastIndexOf('/');
      const parent = nodes.get(key.slice(0, slash));
      if (parent === undefined) throw new Error('a parent is missing');
      nodes.set(key, new PlainNode(data.slice(3, 3 + DATA_BYTES), zxid));
      parent.children ??= new Set();
      parent.children.add(key.slice(slash + 1));
      parent.cversion++;
      parent.pzxidLo = zxid;
    },
    read(path) {
      cursor = (cursor + 11) & 0x3fff;
      const node = get(path);
      reply.set(node.data, cursor);
      let at = cursor + node.data.length;
      for (const word of [
        node.czxidHi,
        node.czxidLo,
        node.mzxidHi,
        node.mzxidLo,
        0,
        node.ctime,
        0,
        node.mtime,
        node.version,
        2 * node.cversion - (node.children?.size ?? 0),
        node.aversion,
        0,
        node.owner,
        node.data.length,
        node.children?.size ?? 0,
        node.pzxidHi,
        node.pzxidLo,
      ]) {
        view.setInt32(at, word);
        at += 4;
      }
      return at - cursor;
    },
    setData(path, version) {
      const node = get(path);
      node.data = data.slice(version & 127, (version & 127) + DATA_BYTES);
      node.version = version;
      node.mzxidLo = version;
      node.mtime = version;
    },
  };
}

function parentPath(i: number): string {
  return `/app-${String(i).padStart(2, '0')}`;
}

/** The path of znode i, written over the one before: as in a server, the request's bytes are in the caches. */
class PathWriter {
  readonly bytes = new TextEncoder().encode(`${parentPath(0)}/node-00000000000`);

  write(i: number): Uint8Array {
    const parent = i % PARENTS;
    this.bytes[5] = 0x30 + ((parent / 10) | 0);
    this.bytes[6] = 0x30 + (parent % 10);
    let rest = i;
    for (let at = PATH_BYTES - 1; at >= PATH_BYTES - 8; at--) {
      this.bytes[at] = 0x30 + (rest % 10);
      rest = (rest / 10) | 0;
    }
    return this.bytes;
  }
}

function shuffled(count: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  const prng = new Prng(42);
  for (let i = count - 1; i > 0; i--) {
    const j = prng.below(i + 1);
    const x = order[i];
    order[i] = order[j];
    order[j] = x;
  }
  return order;
}

/** When something was measured; collections between (forced ones) do not count. */
const measured: { start: number; end: number }[] = [];

/** Nanoseconds per call. The processor's time is of the whole process, the collector's threads included. */
interface Timing {
  readonly wallNs: number;
  readonly cpuNs: number;
}

const NEVER: Timing = { wallNs: Number.POSITIVE_INFINITY, cpuNs: Number.POSITIVE_INFINITY };

function timed(count: number, run: () => void): Timing {
  const cpu = process.cpuUsage();
  const start = performance.now();
  run();
  const end = performance.now();
  const { user, system } = process.cpuUsage(cpu);
  measured.push({ start, end });
  return { wallNs: ((end - start) * 1e6) / count, cpuNs: ((user + system) * 1000) / count };
}

function better(a: Timing, b: Timing): Timing {
  return { wallNs: Math.min(a.wallNs, b.wallNs), cpuNs: Math.min(a.cpuNs, b.cpuNs) };
}

function exercise(side: Side, order: Uint32Array): { create: Timing; read: Timing; setData: Timing; rss: number } {
  const count = order.length;
  const paths = new PathWriter();
  globalThis.gc?.();
  const rssBefore = process.memoryUsage().rss;
  const create = timed(count, () => {
    for (let i = 0; i < count; i++) side.create(paths.write(i), i + 2);
  });
  globalThis.gc?.();
  const rss = process.memoryUsage().rss - rssBefore;
  let read = NEVER;
  let setData = NEVER;
  for (let pass = 0; pass < 2; pass++) {
    read = better(
      read,
      timed(count, () => {
        let bytes = 0;
        for (let i = 0; i < count; i++) bytes += side.read(paths.write(order[i]));
        if (bytes !== count * (DATA_BYTES + 68)) throw new Error('a reply has a wrong length');
      }),
    );
    setData = better(
      setData,
      timed(count, () => {
        for (let i = 0; i < count; i++) side.setData(paths.write(order[i]), i);
      }),
    );
  }
  return { create, read, setData, rss };
}

async function runSide(name: string, count: number): Promise<void> {
  const pauses: { start: number; ms: number }[] = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) pauses.push({ start: entry.startTime, ms: entry.duration });
  }).observe({ entryTypes: ['gc'] });
  const make = (): Side => (name === 'map' ? mapSide() : slabSide(name === 'slabs'));
  exercise(make(), shuffled(20_000));
  const order = shuffled(count);
  const side = make();
  measured.length = 0;
  const figures = exercise(side, order);
  for (let i = 0; i < 10; i++) await turn();
  const perNode = (bytes: number): string => `${(bytes / count).toFixed(0).padStart(6)} B/znode`;
  const line = (what: string, text: string): void => console.log(`${name.padEnd(14)} ${what.padEnd(22)} ${text}`);
  line('memory (RSS)', perNode(figures.rss));
  if (side.memoryBytes !== undefined) line('memory (slab bytes)', perNode(side.memoryBytes()));
  const ns = ({ wallNs, cpuNs }: Timing): string =>
    `${wallNs.toFixed(0).padStart(6)} ns (processor ${cpuNs.toFixed(0)} ns)`;
  line('create', ns(figures.create));
  line('find + data + stat', ns(figures.read));
  line('setData', ns(figures.setData));
  const within = pauses.filter((pause) => measured.some(({ start, end }) => pause.start >= start && pause.start < end));
  const total = within.reduce((sum, pause) => sum + pause.ms, 0);
  const longest = within.reduce((max, pause) => Math.max(max, pause.ms), 0);
  line(
    'gc',
    `${String(within.length).padStart(6)} pauses, ${total.toFixed(0)} ms in all, longest ${longest.toFixed(1)} ms`,
  );
}

const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
};
const nodeCount = Number(option('--nodes') ?? 1_000_000);
const only = option('--only');
if (only !== undefined) {
  await runSide(only, nodeCount);
} else {
  console.log(
    `${nodeCount} znodes, ${PATH_BYTES}-byte paths, ${DATA_BYTES} bytes of data; "slabs" reads under the seqlock`,
  );
  for (const name of ['slabs', 'slabs-unguarded', 'map']) {
    const args = [
      '--expose-gc',
      '--max-old-space-size=8000',
      fileURLToPath(import.meta.url),
      '--only',
      name,
      '--nodes',
      String(nodeCount),
    ];
    spawnSync(process.execPath, args, { stdio: 'inherit' });
  }
}
