// The real and the simulated file store keep the same contract; the simulated one also loses what a crash loses.

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { errorCodeOf, type FileStore, joinPath, parentOf } from '../../../src/persistence/file-store.js';
import { NodeFileStore } from '../../../src/persistence/node-file-store.js';
import { SimCrashError, SimFileStore } from '../../../src/persistence/sim-file-store.js';
import { makeTempDir } from '../../testing/temp-dir.js';

function codeOf(run: () => void): string {
  try {
    run();
  } catch (error) {
    return errorCodeOf(error);
  }
  return 'no error';
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.of(...values);

function contentOf(store: FileStore, path: string): number[] {
  const file = store.openForRead(path);
  const content = new Uint8Array(file.size() + 10);
  const count = file.read(content, 0, content.length, 0);
  file.close();
  return [...content.subarray(0, count)];
}

const stores = {
  NodeFileStore: () => {
    const directory = makeTempDir('file-store');
    return {
      store: new NodeFileStore() as FileStore,
      root: directory.path,
      [Symbol.dispose]: () => directory.remove(),
    };
  },
  SimFileStore: () => ({
    store: new SimFileStore(new Prng(1)) as FileStore,
    root: '/root',
    [Symbol.dispose]: () => undefined,
  }),
};

describe.each(Object.entries(stores))('%s', (_, open) => {
  test('keeps the contract of the port', () => {
    using opened = open();
    const { store } = opened;
    const directory = join(opened.root, 'a/b');
    expect(store.exists(directory)).toBe(false);
    store.makeDirectories(directory);
    store.makeDirectories(directory);
    expect(store.isDirectory(directory)).toBe(true);
    expect(store.canWrite(directory)).toBe(true);

    const path = joinPath(directory, 'log.1');
    const file = store.createNew(path);
    expect(file.path).toBe(path);
    file.write(bytes(9, 1, 2, 3, 9), 1, 3, 0);
    file.write(bytes(4), 0, 1, 5);
    file.syncData();
    expect(contentOf(store, path)).toEqual([1, 2, 3, 0, 0, 4]);
    file.truncate(2);
    file.truncate(4);
    file.sync();
    expect(file.size()).toBe(4);
    file.close();
    store.syncDirectory(directory);
    expect(contentOf(store, path)).toEqual([1, 2, 0, 0]);
    expect(store.sizeOf(path)).toBe(4);

    expect(codeOf(() => store.createNew(path))).toBe('EEXIST');
    expect(codeOf(() => store.openForRead(joinPath(directory, 'none')))).toBe('ENOENT');
    expect(codeOf(() => store.openForWrite(joinPath(directory, 'none')))).toBe('ENOENT');
    expect(codeOf(() => store.sizeOf(joinPath(directory, 'none')))).toBe('ENOENT');
    expect(codeOf(() => store.unlink(joinPath(directory, 'none')))).toBe('ENOENT');
    expect(codeOf(() => store.list(joinPath(directory, 'none')))).toBe('ENOENT');
    expect(codeOf(() => store.makeDirectories(joinPath(path, 'below')))).not.toBe('no error');

    const again = store.openForWrite(path);
    again.write(bytes(7), 0, 1, 1);
    again.close();
    store.createNew(joinPath(directory, 'b')).close();
    store.rename(path, joinPath(directory, 'b'));
    expect(store.list(directory)).toEqual(['b']);
    expect(contentOf(store, joinPath(directory, 'b'))).toEqual([1, 7, 0, 0]);
    const below = joinPath(directory, 'below');
    store.makeDirectories(below);
    store.rename(joinPath(directory, 'b'), joinPath(below, 'c'));
    expect([store.list(directory), store.list(below)]).toEqual([['below'], ['c']]);
    expect(contentOf(store, joinPath(below, 'c'))).toEqual([1, 7, 0, 0]);
    store.unlink(joinPath(below, 'c'));
    expect(store.list(below)).toEqual([]);
  });
});

describe('SimFileStore after a crash', () => {
  test('knows a file that was moved by the directory that was synced, or by both', () => {
    const left = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const store = new SimFileStore(new Prng(seed));
      store.makeDirectories('/d/below');
      store.place('/d/f', bytes(1, 2));
      store.rename('/d/f', '/d/below/g');
      store.syncDirectory('/d/below');
      store.crash();
      expect(contentOf(store, '/d/below/g')).toEqual([1, 2]);
      left.add(store.list('/d').join());
    }
    expect(left).toEqual(new Set(['below', 'below,f']));
  });

  test('keeps what was synced, and of the rest a part that differs with the seed', () => {
    const left = new Set<string>();
    for (let seed = 0; seed < 50; seed++) {
      const store = new SimFileStore(new Prng(seed));
      store.makeDirectories('/d');
      const file = store.createNew('/d/f');
      file.write(bytes(1, 2, 3), 0, 3, 0);
      file.syncData();
      store.syncDirectory('/d');
      file.write(bytes(4, 5, 6), 0, 3, 3);
      file.write(bytes(7), 0, 1, 6);
      store.crash();
      const content = contentOf(store, '/d/f');
      expect(content).toEqual([1, 2, 3, 4, 5, 6, 7].slice(0, Math.max(3, content.length)));
      left.add(content.join());
      expect(() => file.size()).toThrow('opened before the crash');
    }
    expect(left.size).toBe(5);
  });

  test('may have lost a name that was not synced with its directory, and may have kept one that was removed', () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 50; seed++) {
      const store = new SimFileStore(new Prng(seed));
      store.place('/d/old', bytes(1));
      store.createNew('/d/new').sync();
      store.unlink('/d/old');
      store.crash();
      seen.add(store.list('/d').join());
    }
    expect([...seen].sort()).toEqual(['new', 'new,old', 'old']);
  });

  test('a failed sync may drop what it should have written, for good', () => {
    let dropped = 0;
    for (let seed = 0; seed < 20; seed++) {
      const store = new SimFileStore(new Prng(seed));
      store.place('/d/f', bytes(1));
      const file = store.openForWrite('/d/f');
      file.write(bytes(2), 0, 1, 1);
      store.onCall = () => 'EIO';
      expect(codeOf(() => file.syncData())).toBe('EIO');
      store.onCall = () => 'ok';
      file.syncData();
      expect(contentOf(store, '/d/f')).toEqual([1, 2]);
      store.crash();
      if (contentOf(store, '/d/f').length === 1) dropped++;
    }
    expect(dropped).toBeGreaterThan(0);
    expect(dropped).toBeLessThan(20);
  });

  test('while the machine is off no call works', () => {
    const store = new SimFileStore(new Prng(1));
    store.place('/d/f', bytes(1));
    store.onCall = () => 'crash';
    expect(() => store.unlink('/d/f')).toThrow(SimCrashError);
    store.onCall = () => 'ok';
    expect(() => store.list('/d')).toThrow(SimCrashError);
    store.crash();
    expect(store.list('/d')).toBeDefined();
  });
});

test('a file that cannot be looked for is not said to be missing', () => {
  const store = new NodeFileStore();
  expect(codeOf(() => store.exists(`/${'n'.repeat(300)}`))).toBe('ENAMETOOLONG');
  expect(store.exists('/dev/null/nothing')).toBe(false);
});

test('parentOf', () => {
  expect(['/a/b', '/a', '/', 'a', 'a/b/', '/a/'].map(parentOf)).toEqual(['/a', '/', '/', '.', 'a', '/']);
});

test('a full quota has its POSIX name, though Node knows only its number', () => {
  // As fsync and write tell it on Linux, and as macOS would.
  for (const [code, errno] of [
    ['Unknown system error -122', -122],
    ['UNKNOWN', -122],
    ['Unknown system error -69', -69],
  ] as const) {
    expect(errorCodeOf(Object.assign(new Error(code), { code, errno }))).toBe('EDQUOT');
  }
  expect(errorCodeOf(Object.assign(new Error('UNKNOWN'), { code: 'UNKNOWN', errno: -4094 }))).toBe('UNKNOWN');
  expect(errorCodeOf(Object.assign(new Error('EIO: i/o error'), { code: 'EIO' }))).toBe('EIO');
  expect(errorCodeOf(new Error('no file'))).toBe('');
});
