// A snapshot of many megabytes read by one thread and loaded by another, as a server does it at start: the same tree as with
// one thread; damage near the end, when most of it is loaded already, sends the start to the older snapshot.

import { mkdirSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { encodeUtf8 } from '../../src/base/utf8.js';
import { NodeFileStore } from '../../src/persistence/node-file-store.js';
import { type RecoveredDatabase, recover } from '../../src/persistence/recovery.js';
import { SnapshotWriter } from '../../src/persistence/snapshot-writer.js';
import { threadReadAhead } from '../../src/server/read-ahead-thread.js';
import { DataTree } from '../../src/store/data-tree.js';
import { createTreeMemory } from '../../src/store/tree-memory.js';
import { repositoryRoot } from '../testing/repository-root.js';
import { makeTempDir } from '../testing/temp-dir.js';
import { stateOf } from '../unit/persistence/persistence-fixture.js';
import { append, errorEntry, newWriter } from '../unit/persistence/txn-entries.js';

/** A snapshot of some 25 MB, so that the queue of 4 MB goes round several times and the writer has to wait. */
const NODES = 20_000;
const DATA_BYTES = 1000;
/** One node that no piece of the queue can hold. */
const LARGE_BYTES = 900_000;
/** Workers start from built code only. */
const TASK = new URL(`file://${join(repositoryRoot, 'dist/src/server/read-ahead-task.js')}`);

function newTree(): DataTree {
  return new DataTree(createTreeMemory(1, 2), () => undefined);
}

function create(tree: DataTree, name: string, length: number, zxid: number): void {
  const path = encodeUtf8(name);
  const data = new Uint8Array(length).fill(zxid);
  tree.create(path, 0, path.length, data, 0, length, null, 0, -1, 0, 0, 0, -1, 0, zxid, 0, zxid);
}

function writeSnapshot(tree: DataTree, directory: string): string {
  const written = new SnapshotWriter({
    fileStore: new NodeFileStore(),
    directory,
    reader: tree.reader,
    backOff: () => undefined,
    collectSessions: (add) => add(1, 2, 30_000),
    waitUntilDurable: () => undefined,
    loaded: null,
    treeDigest: null,
  }).write();
  return join(directory, written?.name ?? '');
}

function recoverFrom(dataDir: string, byTwo: boolean, warn: (message: string) => void): RecoveredDatabase {
  return recover({
    fileStore: new NodeFileStore(),
    dataDir,
    dataLogDir: dataDir,
    tree: newTree(),
    datadirAutocreate: true,
    dbAutocreate: true,
    trustEmptySnapshot: false,
    emulate353TtlNodes: false,
    warn,
    ...(byTwo ? { readAhead: threadReadAhead((error) => warn(`thread: ${error.message}`), TASK) } : {}),
  });
}

test('two threads load what one does, and fall back to the older snapshot when the newest is damaged near its end', () => {
  using directory = makeTempDir('read-ahead');
  const version2 = join(directory.path, 'version-2');
  mkdirSync(version2);
  const tree = newTree();
  tree.beginWrite();
  for (let i = 0; i < 50; i++) create(tree, `/p${i}`, 10, i + 1);
  tree.endWrite(0, 50);
  writeSnapshot(tree, version2);
  tree.beginWrite();
  create(tree, '/p0/large', LARGE_BYTES, 51);
  for (let i = 52; i <= NODES; i++) create(tree, `/p${i % 50}/node-${i}`, DATA_BYTES, i);
  tree.endWrite(0, NODES);
  const newest = writeSnapshot(tree, version2);
  // An older snapshot stands in only where the log leads as far as the newest one's name; errors leave the tree as it is.
  const log = newWriter(new NodeFileStore(), { directory: version2 });
  for (let i = 51; i <= NODES; i++) append(log, errorEntry(BigInt(i), -101), BigInt(i));
  log.close();

  const warnings: string[] = [];
  const warn = (message: string): void => {
    warnings.push(message);
  };
  const alone = stateOf(recoverFrom(directory.path, false, warn));
  const byTwo = recoverFrom(directory.path, true, warn);
  byTwo.tree.checkInvariants();
  expect(stateOf(byTwo)).toEqual(alone);
  expect(warnings).toEqual([]);

  const size = statSync(newest).size;
  const file = openSync(newest, 'r+');
  const byte = new Uint8Array(1);
  readSync(file, byte, 0, 1, size - 1000);
  byte[0] ^= 1;
  writeSync(file, byte, 0, 1, size - 1000);
  const older = recoverFrom(directory.path, true, warn);
  expect(older.snapshot?.name).toBe('snapshot.32');
  expect(stateOf(older).nodes.length).toBe(54);
  expect(warnings.length).toBe(1);
  expect(warnings[0]).toContain('its checksum is wrong');
});
