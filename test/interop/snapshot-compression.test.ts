// Compressed snapshots both ways between us and Apache ZooKeeper (Debian's 3.8): its server loads what we wrote and nothing
// else, and writes its own of it, which we read. Snappy blocks against Google's library, random and broken ones.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, statSync, unlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Prng } from '../../src/base/prng.js';
import { NodeFileStore } from '../../src/persistence/node-file-store.js';
import { publishedDigest } from '../../src/persistence/published-digest.js';
import type { RecoveredDatabase } from '../../src/persistence/recovery.js';
import {
  decompressSnappy,
  SnappyCompressor,
  snappyBytesMax,
  snappyContentLength,
} from '../../src/persistence/snappy-block.js';
import { SnapshotWriter } from '../../src/persistence/snapshot-writer.js';
import { OpCode } from '../../src/protocol/op-code.js';
import { TxnApplier } from '../../src/store/txn-applier.js';
import { startApache } from '../testing/apache-server.js';
import { repositoryRoot } from '../testing/repository-root.js';
import { requireTool } from '../testing/run-tool.js';
import { makeTempDir } from '../testing/temp-dir.js';
import { recoverFrom, stateOf } from '../unit/persistence/persistence-fixture.js';
import { entryOf } from '../unit/persistence/txn-entries.js';

const SNAPPY_JAR = '/usr/share/java/snappy-java.jar';
const LIBSNAPPY = '/usr/lib/x86_64-linux-gnu/libsnappy.so.1';
const NODE_COUNT = 2000;
/** Apache writes in place: a file that is younger than this is its own. */
const LONG_AGO_SECONDS = 1_000_000_000;

const fileStore = new NodeFileStore();

function openDatabase(dataDir: string): RecoveredDatabase {
  return recoverFrom(fileStore, { dataDir, dataLogDir: dataDir });
}

/** Small nodes that compress well, and some large ones that do not. */
function fill(database: RecoveredDatabase): void {
  const applier = new TxnApplier(database.tree);
  const prng = new Prng(12);
  const acl = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }];
  for (let i = 1; i <= NODE_COUNT; i++) {
    const data = new Uint8Array(i % 100 === 0 ? 60_000 : prng.below(200));
    for (let at = 0; at < data.length; at++) data[at] = i % 100 === 0 ? prng.below(256) : 97 + prng.below(3);
    const txn = { path: `/node-${i}`, data, acl, ephemeral: false, parentCVersion: i };
    const entry = entryOf(BigInt(i), { type: OpCode.create, txn });
    database.tree.beginWrite();
    applier.apply(entry, 0, entry.length, null);
    database.tree.endWrite(0, i);
  }
}

describe.each(['gz', 'snappy'] as const)('%s', (method) => {
  test("Apache's server loads our snapshot, and we load the one it writes of it", async () => {
    requireTool(SNAPPY_JAR, 'libsnappy-java');
    using directory = makeTempDir(`snapshot-${method}`);
    const database = openDatabase(directory.path);
    fill(database);
    const { reader } = database.tree;
    const snapshots = join(directory.path, 'version-2');
    const written = new SnapshotWriter({
      fileStore,
      directory: snapshots,
      reader,
      backOff: () => undefined,
      collectSessions: () => undefined,
      waitUntilDurable: () => undefined,
      loaded: null,
      treeDigest: reader.keepsDigest() ? () => publishedDigest(reader, () => undefined) : null,
      compression: method,
    }).write();
    const name = `snapshot.7d0.${method}`;
    expect(written?.name).toBe(name);
    const path = join(snapshots, name);
    for (const other of readdirSync(snapshots)) if (other !== name) unlinkSync(join(snapshots, other));
    utimesSync(path, LONG_AGO_SECONDS, LONG_AGO_SECONDS);

    const server = await startApache({ dataDir: directory.path, cfg: { 'snapshot.compression.method': method } });
    await server.stop();
    expect(statSync(path).mtimeMs).toBeGreaterThan(LONG_AGO_SECONDS * 1000);
    const theirs = join(directory.path, 'theirs');
    mkdirSync(join(theirs, 'version-2'), { recursive: true });
    copyFileSync(path, join(theirs, 'version-2', name));
    const loaded = openDatabase(theirs);
    expect(loaded.snapshot?.name).toBe(name);
    expect(stateOf({ ...loaded, sessions: [] })).toEqual(stateOf({ ...database, lastZxidLo: NODE_COUNT }));
  });
});

function libsnappy(work: 'compress' | 'uncompress', records: readonly Uint8Array[]): (Uint8Array | null)[] {
  requireTool(LIBSNAPPY, 'libsnappy1v5');
  const input = records.flatMap((record) => {
    const head = Buffer.alloc(4);
    head.writeInt32BE(record.length);
    return [head, record];
  });
  const script = join(repositoryRoot, 'test/interop/snappy/libsnappy.py');
  const options = { input: Buffer.concat(input), maxBuffer: 1 << 28, timeout: 20_000 };
  const run = spawnSync('/usr/bin/python3', [script, work], options);
  if (run.status !== 0) throw new Error(`libsnappy.py: ${run.stderr}`);
  const answers: (Uint8Array | null)[] = [];
  for (let at = 0; at < run.stdout.length; ) {
    const length = run.stdout.readInt32BE(at);
    answers.push(length < 0 ? null : run.stdout.subarray(at + 4, at + 4 + length));
    at += 4 + Math.max(length, 0);
  }
  expect(answers.length).toBe(records.length);
  return answers;
}

function someContent(prng: Prng): Uint8Array {
  const bytes = new Uint8Array(prng.below(32_769));
  const alphabet = 1 + prng.below(256);
  for (let at = 0; at < bytes.length; ) {
    const length = Math.min(1 + prng.below(100), bytes.length - at);
    const back = 1 + prng.below(20_000);
    if (prng.below(2) === 0 && back <= at) for (let i = 0; i < length; i++) bytes[at + i] = bytes[at + i - back];
    else for (let i = 0; i < length; i++) bytes[at + i] = prng.below(alphabet);
    at += length;
  }
  return bytes;
}

function compressed(content: Uint8Array): Uint8Array {
  const out = new Uint8Array(snappyBytesMax(content.length));
  return out.slice(0, new SnappyCompressor().compress(content, 0, content.length, out, 0));
}

/** Null when it is refused. */
function decompressed(block: Uint8Array): Uint8Array | null {
  try {
    const out = new Uint8Array(snappyContentLength(block, 0, block.length));
    decompressSnappy(block, 0, block.length, out, out.length);
    return out;
  } catch {
    return null;
  }
}

function isSame(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : Buffer.compare(a, b) === 0;
}

describe("Google's snappy", () => {
  test('reads our blocks, and we read its', () => {
    const prng = new Prng(21);
    const contents = Array.from({ length: 400 }, () => someContent(prng));
    const ours = contents.map(compressed);
    libsnappy('uncompress', ours).forEach((content, i) => {
      expect(isSame(content, contents[i]), `block ${i}`).toBe(true);
    });
    const theirs = libsnappy('compress', contents);
    theirs.forEach((block, i) => {
      expect(block !== null && isSame(decompressed(block), contents[i]), `block ${i}`).toBe(true);
    });
    const total = (blocks: readonly (Uint8Array | null)[]) =>
      blocks.reduce((sum, block) => sum + (block?.length ?? 0), 0);
    expect(total(ours)).toBeLessThan(total(theirs) * 1.1);
  });

  test('refuses the broken blocks that we refuse, and makes the same of the others', () => {
    const prng = new Prng(22);
    const blocks = Array.from({ length: 1500 }, () => {
      const block = compressed(someContent(prng).subarray(0, 1 + prng.below(3000)));
      for (let i = prng.below(3); i >= 0; i--) block[prng.below(block.length)] = prng.below(256);
      return prng.below(4) === 0 ? block.subarray(0, prng.below(block.length)) : block;
    });
    const theirs = libsnappy('uncompress', blocks);
    blocks.forEach((block, i) => {
      if (!isSame(theirs[i], decompressed(block))) expect.fail(`block ${i}: ${Buffer.from(block).toString('hex')}`);
    });
    expect(theirs.filter((content) => content === null).length).toBeGreaterThan(200);
  });
});
