/**
 * WatchManager: who wants to hear of which path, in both directions; one-shot watches of one connection shard.
 *
 * Two tables as in client-protocol 7.1, data and child, keyed by the path's bytes as a Latin-1 string (one character a byte:
 * exact, and short in memory). A path with one watcher holds it directly; only a second one makes a Set. Owned by the shard
 * that owns the connections; never asks the tree anything.
 */
export const WatchTable = { data: 0, child: 1 } as const;
export type WatchTable = (typeof WatchTable)[keyof typeof WatchTable];

export class WatchManager<Watcher extends object> {
  private readonly tables: [Map<string, Watcher | Set<Watcher>>, Map<string, Watcher | Set<Watcher>>] = [
    new Map(),
    new Map(),
  ];
  // Invariant: a path is in paths[table] of a watcher exactly when the watcher stands at that path in the table.
  private readonly pathsOf = new Map<Watcher, [Set<string>, Set<string>]>();
  private watchCount = 0;

  get count(): number {
    return this.watchCount;
  }

  get isEmpty(): boolean {
    return this.watchCount === 0;
  }

  add(table: WatchTable, path: string, watcher: Watcher): void {
    let paths = this.pathsOf.get(watcher);
    if (paths === undefined) {
      paths = [new Set(), new Set()];
      this.pathsOf.set(watcher, paths);
    }
    if (paths[table].has(path)) return;
    paths[table].add(path);
    this.watchCount++;
    const map = this.tables[table];
    const present = map.get(path);
    if (present === undefined) map.set(path, watcher);
    else if (present instanceof Set) present.add(watcher);
    else map.set(path, new Set([present, watcher]));
  }

  /** Takes all watchers off the path (one-shot) and hands each to `visit`, in the order in which they came. */
  trigger(table: WatchTable, path: string, visit: (watcher: Watcher) => void): void {
    const present = this.tables[table].get(path);
    if (present === undefined) return;
    this.tables[table].delete(path);
    if (present instanceof Set) {
      for (const watcher of present) {
        this.forget(table, path, watcher);
        visit(watcher);
      }
    } else {
      this.forget(table, path, present);
      visit(present);
    }
  }

  /** The connection is gone, and with it its watches. */
  removeWatcher(watcher: Watcher): void {
    const paths = this.pathsOf.get(watcher);
    if (paths === undefined) return;
    this.pathsOf.delete(watcher);
    for (const table of [WatchTable.data, WatchTable.child]) {
      for (const path of paths[table]) {
        this.watchCount--;
        const map = this.tables[table];
        const present = map.get(path);
        if (present instanceof Set) {
          present.delete(watcher);
          if (present.size === 0) map.delete(path);
        } else {
          map.delete(path);
        }
      }
    }
  }

  private forget(table: WatchTable, path: string, watcher: Watcher): void {
    const paths = this.pathsOf.get(watcher);
    if (paths === undefined) return;
    paths[table].delete(path);
    this.watchCount--;
    if (paths[0].size === 0 && paths[1].size === 0) this.pathsOf.delete(watcher);
  }
}
