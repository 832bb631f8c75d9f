// WatchManager alone: two tables, three modes, both directions; who is addressed by a trigger and what is left after it;
// watchers that go while their entries are taken away little by little; against plain maps under random work.
// Watchers are objects without content; the manager never looks into them.

import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import { PathHash } from '../../../src/store/path-hash.js';
import { WatchManager } from '../../../src/watch/watch-manager.js';
import { ANY_MODE, WatchMode, WatchTable } from '../../../src/watch/watch-mode.js';

interface Watcher {
  readonly name: string;
}

const { data, child } = WatchTable;
const { standard, persistent, recursive } = WatchMode;

/** The manager with paths as strings; null is the null path. */
class Watches {
  readonly manager: WatchManager<Watcher>;

  constructor(hash = new PathHash(3, 5)) {
    this.manager = new WatchManager<Watcher>(hash);
  }

  add(table: WatchTable, mode: WatchMode, path: string | null, watcher: Watcher): void {
    const bytes = encodeUtf8(path ?? '');
    this.manager.add(table, mode, bytes, 0, path === null ? -1 : bytes.length, watcher);
  }

  has(table: WatchTable, modes: number, path: string | null, watcher: Watcher): boolean {
    const bytes = encodeUtf8(path ?? '');
    return this.manager.has(table, modes, bytes, 0, path === null ? -1 : bytes.length, watcher);
  }

  remove(table: WatchTable, modes: number, path: string | null, watcher: Watcher): boolean {
    const bytes = encodeUtf8(path ?? '');
    return this.manager.remove(table, modes, bytes, 0, path === null ? -1 : bytes.length, watcher);
  }

  trigger(table: WatchTable, path: string): string[] {
    return this.addressed((bytes, into) => this.manager.trigger(table, bytes, 0, bytes.length, into), path);
  }

  triggerAlso(table: WatchTable, path: string): string[] {
    return this.addressed((bytes, into) => this.manager.triggerAlso(table, bytes, 0, bytes.length, into), path);
  }

  private addressed(trigger: (bytes: Uint8Array, into: Watcher[]) => void, path: string): string[] {
    const into: Watcher[] = [];
    trigger(encodeUtf8(path), into);
    return into.map(({ name }) => name);
  }
}

const a: Watcher = { name: 'a' };
const b: Watcher = { name: 'b' };
const c: Watcher = { name: 'c' };

describe('a standard watch', () => {
  test('hears once', () => {
    const watches = new Watches();
    watches.add(data, standard, '/x', a);
    expect(watches.trigger(data, '/x')).toEqual(['a']);
    expect(watches.trigger(data, '/x')).toEqual([]);
    expect(watches.manager.isEmpty).toBe(true);
  });

  test('stands in one table', () => {
    const watches = new Watches();
    watches.add(data, standard, '/x', a);
    watches.add(child, standard, '/x', b);
    expect(watches.trigger(child, '/x')).toEqual(['b']);
    expect(watches.manager.count).toBe(1);
  });

  test('counts once, however often it was set', () => {
    const watches = new Watches();
    watches.add(data, standard, '/x', a);
    watches.add(data, standard, '/x', a);
    expect(watches.manager.count).toBe(1);
    expect(watches.trigger(data, '/x')).toEqual(['a']);
  });

  test('hears nothing of its descendants, its ancestors or paths that begin alike', () => {
    const watches = new Watches();
    watches.add(data, standard, '/x', a);
    for (const path of ['/', '/x/y', '/xy', '/', '']) expect(watches.trigger(data, path)).toEqual([]);
  });

  test('watchers hear in the order in which they came', () => {
    const watches = new Watches();
    for (const watcher of [c, a, b]) watches.add(data, standard, '/x', watcher);
    expect(watches.trigger(data, '/x')).toEqual(['c', 'a', 'b']);
  });
});

describe('a persistent watch', () => {
  test('stays', () => {
    const watches = new Watches();
    watches.add(child, persistent, '/x', a);
    expect(watches.trigger(child, '/x')).toEqual(['a']);
    expect(watches.trigger(child, '/x')).toEqual(['a']);
  });

  test('beside a standard one of the same watcher is one watch, addressed once, and only the standard one is used up', () => {
    const watches = new Watches();
    watches.add(data, persistent, '/x', a);
    watches.add(data, standard, '/x', a);
    expect(watches.manager.count).toBe(1);
    expect(watches.trigger(data, '/x')).toEqual(['a']);
    expect(watches.has(data, standard, '/x', a)).toBe(false);
    expect(watches.has(data, persistent, '/x', a)).toBe(true);
  });
});

describe('a recursive watch', () => {
  test.each(['/x', '/x/y', '/x/y/z'])('hears of %s', (path) => {
    const watches = new Watches();
    watches.add(data, recursive, '/x', a);
    expect(watches.trigger(data, path)).toEqual(['a']);
    expect(watches.trigger(data, path)).toEqual(['a']);
  });

  test.each(['/', '/xy', '/xy/z', '/y'])('hears nothing of %s', (path) => {
    const watches = new Watches();
    watches.add(data, recursive, '/x', a);
    expect(watches.trigger(data, path)).toEqual([]);
  });

  test('on the root hears of everything, the root too', () => {
    const watches = new Watches();
    watches.add(data, recursive, '/', a);
    for (const path of ['/', '/x', '/x/y']) expect(watches.trigger(data, path)).toEqual(['a']);
  });

  test('hears nothing of the child table', () => {
    const watches = new Watches();
    watches.add(data, recursive, '/', a);
    expect(watches.trigger(child, '/x')).toEqual([]);
  });

  test('on several ancestors, and with other modes at the path, addresses once', () => {
    const watches = new Watches();
    for (const path of ['/', '/x', '/x/y']) watches.add(data, recursive, path, a);
    watches.add(data, persistent, '/x/y', a);
    watches.add(data, standard, '/x/y', a);
    expect(watches.trigger(data, '/x/y')).toEqual(['a']);
  });

  test('is found behind any number of other watches at the ancestor', () => {
    const watches = new Watches();
    watches.add(data, standard, '/x', a);
    watches.add(data, recursive, '/x', b);
    watches.add(data, persistent, '/x', c);
    watches.add(data, recursive, '/x', c);
    expect(watches.trigger(data, '/x/y').sort()).toEqual(['b', 'c']);
    watches.remove(data, recursive, '/x', c);
    expect(watches.trigger(data, '/x/y')).toEqual(['b']);
    expect(watches.trigger(data, '/x').sort()).toEqual(['a', 'b', 'c']);
  });

  test('is looked for only at ancestors as long as a path that is watched so', () => {
    let hashed = 0;
    class CountingHash extends PathHash {
      override hash(bytes: Uint8Array, offset: number, length: number): number {
        hashed++;
        return super.hash(bytes, offset, length);
      }
    }
    const watches = new Watches(new CountingHash(3, 5));
    for (const path of ['/', '/x', `/x${'/d'.repeat(700)}`]) watches.add(data, recursive, path, a);
    const deep = encodeUtf8(`/x${'/d'.repeat(6000)}`);
    hashed = 0;
    const into: Watcher[] = [];
    watches.manager.trigger(data, deep, 0, deep.length, into);
    expect(into).toEqual([a]);
    // The path itself, and lengths that are 1, 2 and 1402 modulo 1024: two dozen of six thousand.
    expect(hashed).toBeLessThan(30);
    for (const path of ['/', '/x', `/x${'/d'.repeat(700)}`]) {
      expect(watches.trigger(data, `/x${'/d'.repeat(6000)}`)).toEqual(['a']);
      watches.remove(data, recursive, path, a);
    }
    expect(watches.trigger(data, `/x${'/d'.repeat(6000)}`)).toEqual([]);
  });

  test('on the empty and the null path hears nothing', () => {
    const watches = new Watches();
    for (const path of ['', null]) watches.add(data, recursive, path, a);
    for (const path of ['/', '/x']) expect(watches.trigger(data, path)).toEqual([]);
    expect(watches.has(data, recursive, null, a)).toBe(true);
    expect(watches.remove(data, ANY_MODE, '', a)).toBe(true);
    expect(watches.manager.count).toBe(1);
  });
});

describe('a trigger of two tables', () => {
  test('addresses nobody twice, but uses up both watches', () => {
    const watches = new Watches();
    watches.add(data, standard, '/x', a);
    watches.add(child, standard, '/x', a);
    watches.add(child, standard, '/x', b);
    expect(watches.trigger(data, '/x')).toEqual(['a']);
    expect(watches.triggerAlso(child, '/x')).toEqual(['b']);
    expect(watches.manager.isEmpty).toBe(true);
  });
});

describe('has and remove', () => {
  test('look at exactly the path, the table, the modes and the watcher', () => {
    const watches = new Watches();
    watches.add(data, persistent, '/x', a);
    for (const gone of [
      () => watches.remove(child, ANY_MODE, '/x', a),
      () => watches.remove(data, standard | recursive, '/x', a),
      () => watches.remove(data, ANY_MODE, '/x/y', a),
      () => watches.remove(data, ANY_MODE, '/x', b),
    ]) {
      expect(gone()).toBe(false);
    }
    expect(watches.remove(data, ANY_MODE, '/x', a)).toBe(true);
    expect(watches.remove(data, ANY_MODE, '/x', a)).toBe(false);
    expect(watches.manager.isEmpty).toBe(true);
  });

  test('of one mode leave the others', () => {
    const watches = new Watches();
    for (const mode of [standard, persistent, recursive]) watches.add(data, mode, '/x', a);
    expect(watches.remove(data, recursive, '/x', a)).toBe(true);
    expect([standard, persistent, recursive].map((mode) => watches.has(data, mode, '/x', a))).toEqual([
      true,
      true,
      false,
    ]);
    expect(watches.trigger(data, '/x/y')).toEqual([]);
  });
});

describe('a watcher that goes', () => {
  function leaving(): Watches {
    const watches = new Watches();
    for (const path of ['/x', '/y']) {
      watches.add(data, standard, path, a);
      watches.add(child, persistent, path, a);
      watches.add(child, standard, path, b);
    }
    watches.add(data, recursive, '/', a);
    watches.manager.removeWatcher(a);
    return watches;
  }

  test('is forgotten at once', () => {
    const watches = leaving();
    expect(watches.manager.count).toBe(2);
    expect(watches.trigger(data, '/x')).toEqual([]);
    expect(watches.trigger(child, '/y')).toEqual(['b']);
    expect(watches.has(data, ANY_MODE, '/', a)).toBe(false);
  });

  test('leaves little by little', () => {
    const watches = leaving();
    let purges = 0;
    for (; watches.manager.isLeaving; purges++) watches.manager.purge(2);
    expect(purges).toBe(3);
    expect(watches.manager.count).toBe(2);
    expect(watches.trigger(child, '/x')).toEqual(['b']);
  });

  test('may come back while its former watches are still being taken away', () => {
    const watches = leaving();
    watches.manager.purge(1);
    watches.add(data, standard, '/x', a);
    expect(watches.trigger(data, '/x')).toEqual(['a']);
    expect(watches.trigger(data, '/y')).toEqual([]);
    expect(watches.manager.count).toBe(2);
  });

  test('without watches has nothing to leave', () => {
    const watches = new Watches();
    watches.add(data, standard, '/x', a);
    watches.trigger(data, '/x');
    watches.manager.removeWatcher(a);
    expect(watches.manager.isLeaving).toBe(false);
  });
});

test('paths of all lengths, again and again', () => {
  const watches = new Watches();
  const lengths = [1, 2, 3, 4, 5, 8, 100, 4000, 4096, 5000, 262_000, 262_144, 300_000, 1_000_000];
  for (let round = 0; round < 3; round++) {
    const paths = lengths.map((length) => `/${String(round).repeat(length - 1)}`);
    for (const path of paths) watches.add(data, standard, path, a);
    for (const path of paths) expect(watches.trigger(data, path)).toEqual(['a']);
    expect(watches.manager.isEmpty).toBe(true);
  }
});

test('agrees with plain maps under random work', () => {
  const prng = new Prng(11);
  const watches = new Watches();
  const paths = ['/', '/a', '/a/b', '/a/b/c', '/a/bc', '/ab', '/b', '/b/a', '', '/a/'];
  const watchers = Array.from({ length: 40 }, (_, i): Watcher => ({ name: `w${i}` }));
  /** `table path` to the modes of each watcher. */
  let model = new Map<string, Map<string, number>>();
  const at = (table: WatchTable, path: string): Map<string, number> => {
    const key = `${table} ${path}`;
    const found = model.get(key) ?? new Map<string, number>();
    model.set(key, found);
    return found;
  };
  const ancestors = (path: string): string[] =>
    paths.filter((p) => p.startsWith('/') && p !== path && path.startsWith(p === '/' ? p : `${p}/`));

  for (let step = 0; step < 40_000; step++) {
    const table = prng.below(2) as WatchTable;
    const path = paths[prng.below(paths.length)] as string;
    const watcher = watchers[prng.below(watchers.length)] as Watcher;
    const mode = (1 << prng.below(table === data ? 3 : 2)) as WatchMode;
    const entry = at(table, path);
    const what = prng.below(100);
    if (what < 60) {
      watches.add(table, mode, path, watcher);
      entry.set(watcher.name, (entry.get(watcher.name) ?? 0) | mode);
    } else if (what < 75) {
      const due = new Set(entry.keys());
      if (table === data) {
        for (const ancestor of ancestors(path)) {
          for (const [name, modes] of at(data, ancestor)) if ((modes & recursive) !== 0) due.add(name);
        }
      }
      expect(watches.trigger(table, path).sort()).toEqual([...due].sort());
      for (const [name, modes] of entry) {
        if ((modes & ~standard) === 0) entry.delete(name);
        else entry.set(name, modes & ~standard);
      }
    } else if (what < 85) {
      const modes = 1 + prng.below(7);
      const before = entry.get(watcher.name) ?? 0;
      expect(watches.has(table, modes, path, watcher)).toBe((before & modes) !== 0);
      expect(watches.remove(table, modes, path, watcher)).toBe((before & modes) !== 0);
      if ((before & ~modes) === 0) entry.delete(watcher.name);
      else entry.set(watcher.name, before & ~modes);
    } else if (what < 87) {
      watches.manager.removeWatcher(watcher);
      for (const names of model.values()) names.delete(watcher.name);
    } else {
      watches.manager.purge(1 + prng.below(3));
    }
    expect(watches.manager.count).toBe([...model.values()].reduce((sum, names) => sum + names.size, 0));
  }
  for (const watcher of watchers) watches.manager.removeWatcher(watcher);
  while (watches.manager.isLeaving) watches.manager.purge(7);
  model = new Map();
  for (const path of paths) expect(watches.trigger(data, path)).toEqual([]);
});
