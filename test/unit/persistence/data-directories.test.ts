// The checks a start makes before it reads anything, with the sentences operators search for.

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { DataDirectoryError, openDataDirectories } from '../../../src/persistence/data-directories.js';
import { NodeFileStore } from '../../../src/persistence/node-file-store.js';
import { SimFileStore } from '../../../src/persistence/sim-file-store.js';
import { makeTempDir } from '../../testing/temp-dir.js';
import { recoverFrom } from './persistence-fixture.js';

function newStore(): SimFileStore {
  return new SimFileStore(new Prng(1));
}

function errorOf(run: () => void): DataDirectoryError {
  try {
    run();
  } catch (error) {
    if (error instanceof DataDirectoryError) return error;
    throw error;
  }
  throw new Error('the directories were accepted');
}

describe('openDataDirectories', () => {
  test('makes what is missing, with parents', () => {
    const store = newStore();
    expect(openDataDirectories(store, '/a/data', '/b/log/', true)).toEqual({
      snapshotDirectory: '/a/data/version-2',
      logDirectory: '/b/log/version-2',
    });
    expect(store.isDirectory('/a/data/version-2')).toBe(true);
    expect(store.isDirectory('/b/log/version-2')).toBe(true);
  });

  test('makes nothing when it may not, and says so; the log directory comes first', () => {
    const store = newStore();
    const missing = errorOf(() => openDataDirectories(store, '/data', '/log', false));
    expect(missing.exitCode).toBe(3);
    expect(missing.message).toBe(
      'Missing data directory /log/version-2, automatic data directory creation is disabled ' +
        '(zookeeper.datadir.autocreate is false). Please create this directory manually.',
    );
    store.makeDirectories('/log/version-2');
    expect(errorOf(() => openDataDirectories(store, '/data', '/log', false)).message).toBe(
      'Missing snap directory /data/version-2, automatic data directory creation is disabled ' +
        '(zookeeper.datadir.autocreate is false).Please create this directory manually.',
    );
    expect(store.exists('/data')).toBe(false);
  });

  test('a parent that is a file, a directory that cannot be written', () => {
    using directory = makeTempDir('data-directories');
    const store = new NodeFileStore();
    const file = join(directory.path, 'file');
    writeFileSync(file, '');
    expect(errorOf(() => openDataDirectories(store, file, file, true)).message).toBe(
      `Unable to create data directory ${file}/version-2`,
    );
    mkdirSync(join(directory.path, 'data'));
    writeFileSync(join(directory.path, 'data/version-2'), '');
    const data = join(directory.path, 'data');
    expect(errorOf(() => openDataDirectories(store, data, data, true)).message).toBe(
      `Cannot write to data directory ${data}/version-2`,
    );
    const locked = join(directory.path, 'locked');
    mkdirSync(join(locked, 'version-2'), { recursive: true });
    chmodSync(join(locked, 'version-2'), 0o500);
    // The superuser may write anywhere, so only an ordinary user meets this.
    if (process.getuid?.() !== 0) {
      expect(errorOf(() => openDataDirectories(store, locked, locked, true)).message).toContain('Cannot write to');
    }
  });

  test('mixed up directories are told apart as strings', () => {
    const store = newStore();
    store.place('/data/version-2/log.1', new Uint8Array(0));
    store.place('/log/version-2/snapshot.0', new Uint8Array(0));
    expect(errorOf(() => openDataDirectories(store, '/data', '/log', true)).message).toBe(
      'Log directory has snapshot files. Check if dataLogDir and dataDir configuration is correct.',
    );
    store.unlink('/log/version-2/snapshot.0');
    expect(errorOf(() => openDataDirectories(store, '/data', '/log', true)).message).toBe(
      'Snapshot directory has log files. Check if dataLogDir and dataDir configuration is correct.',
    );
    expect(openDataDirectories(store, '/data', '//data/', true).logDirectory).toBe('/data/version-2');
  });
});

describe('an empty database', () => {
  test('ZOOKEEPER-2325: gets its first snapshot, so that logs are never found without one', () => {
    const store = newStore();
    const database = recoverFrom(store);
    expect(database).toMatchObject({ lastZxidHi: 0, lastZxidLo: 0, snapshot: { name: 'snapshot.0' }, sessions: [] });
    expect(store.list('/data/version-2')).toEqual(['snapshot.0']);
    store.crash();
    expect(recoverFrom(store).snapshot?.name).toBe('snapshot.0');
  });

  test('is not made when db.autocreate is off, unless the mark is there; the mark goes either way', () => {
    const store = newStore();
    const without = recoverFrom(store, { dbAutocreate: false });
    expect(without).toMatchObject({ lastZxidHi: -1, lastZxidLo: -1, snapshot: null });
    expect(store.list('/data/version-2')).toEqual([]);
    for (const mark of ['/data/initialize', '/log/initialize']) {
      const marked = newStore();
      marked.place(mark, new Uint8Array(0));
      const database = recoverFrom(marked, { dbAutocreate: false, dataLogDir: '/log' });
      expect(database.snapshot?.name).toBe('snapshot.0');
      expect(marked.exists(mark)).toBe(false);
      marked.place(mark, new Uint8Array(0));
      recoverFrom(marked, { dbAutocreate: false, dataLogDir: '/log' });
      expect(marked.exists(mark)).toBe(false);
    }
  });
});
