// WatchManager alone: two tables of one-shot watches, both directions, against a plain list under random work.
// Watchers are objects without content; the manager never looks into them.

import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { WatchManager, WatchTable } from '../../../src/watch/watch-manager.js';

interface Watcher {
  readonly name: string;
}

function triggered(watches: WatchManager<Watcher>, table: WatchTable, path: string): string[] {
  const names: string[] = [];
  watches.trigger(table, path, (watcher) => names.push(watcher.name));
  return names;
}

describe('WatchManager', () => {
  const a: Watcher = { name: 'a' };
  const b: Watcher = { name: 'b' };

  test('hands each watcher its trigger once', () => {
    const watches = new WatchManager<Watcher>();
    watches.add(WatchTable.data, '/x', a);
    expect(triggered(watches, WatchTable.data, '/x')).toEqual(['a']);
    expect(triggered(watches, WatchTable.data, '/x')).toEqual([]);
    expect(watches.isEmpty).toBe(true);
  });

  test('in the order in which they came', () => {
    const watches = new WatchManager<Watcher>();
    watches.add(WatchTable.data, '/x', b);
    watches.add(WatchTable.data, '/x', a);
    expect(triggered(watches, WatchTable.data, '/x')).toEqual(['b', 'a']);
  });

  test('keeps the tables apart', () => {
    const watches = new WatchManager<Watcher>();
    watches.add(WatchTable.data, '/x', a);
    watches.add(WatchTable.child, '/x', b);
    expect(triggered(watches, WatchTable.child, '/x')).toEqual(['b']);
    expect(watches.count).toBe(1);
  });

  test('counts the same watch once', () => {
    const watches = new WatchManager<Watcher>();
    watches.add(WatchTable.data, '/x', a);
    watches.add(WatchTable.data, '/x', a);
    expect(watches.count).toBe(1);
    expect(triggered(watches, WatchTable.data, '/x')).toEqual(['a']);
  });

  test('forgets a watcher everywhere', () => {
    const watches = new WatchManager<Watcher>();
    for (const path of ['/x', '/y']) {
      watches.add(WatchTable.data, path, a);
      watches.add(WatchTable.child, path, a);
      watches.add(WatchTable.child, path, b);
    }
    watches.removeWatcher(a);
    expect(watches.count).toBe(2);
    expect(triggered(watches, WatchTable.data, '/x')).toEqual([]);
    expect(triggered(watches, WatchTable.child, '/y')).toEqual(['b']);
  });

  test('lets a visitor register anew for the next time', () => {
    const watches = new WatchManager<Watcher>();
    watches.add(WatchTable.data, '/x', a);
    watches.add(WatchTable.data, '/x', b);
    watches.trigger(WatchTable.data, '/x', (watcher) => watches.add(WatchTable.data, '/x', watcher));
    expect(watches.count).toBe(2);
    expect(triggered(watches, WatchTable.data, '/x')).toEqual(['a', 'b']);
  });

  test('agrees with a plain list under random work', () => {
    const prng = new Prng(11);
    const watches = new WatchManager<Watcher>();
    const watchers = Array.from({ length: 6 }, (_, i): Watcher => ({ name: `w${i}` }));
    let list: { table: WatchTable; path: string; name: string }[] = [];
    for (let step = 0; step < 20_000; step++) {
      const table = prng.below(2) as WatchTable;
      const path = `/${prng.below(8)}`;
      const watcher = watchers[prng.below(watchers.length)] as Watcher;
      const what = prng.below(10);
      if (what < 6) {
        watches.add(table, path, watcher);
        const known = list.some((w) => w.table === table && w.path === path && w.name === watcher.name);
        if (!known) list.push({ table, path, name: watcher.name });
      } else if (what < 9) {
        const due = list.filter((w) => w.table === table && w.path === path);
        expect(triggered(watches, table, path)).toEqual(due.map((w) => w.name));
        list = list.filter((w) => !due.includes(w));
      } else {
        watches.removeWatcher(watcher);
        list = list.filter((w) => w.name !== watcher.name);
      }
      expect(watches.count).toBe(list.length);
    }
  });
});
