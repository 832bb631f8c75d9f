// The client's side of watches: which callback waits for what, keyed by the path as the server knows it. The server
// only says "something happened at this path"; who is told, and which one-shot watches are thereby used up, is decided
// here. Owned by one ClientCnxn; it outlives connections, and lists what must be registered again on the next one.
//
//   set         filled by                          emptied at the path by
//   data        getData, exists on a node          NodeCreated, NodeDataChanged, NodeDeleted
//   exist       exists on a missing node           NodeCreated, NodeDataChanged, NodeDeleted
//   child       getChildren                        NodeChildrenChanged, NodeDeleted
//   persistent  addWatch                           never
//   recursive   addWatch, for the whole subtree    never; not told of NodeChildrenChanged

import { EventType } from '../protocol/watch-event.js';
import type { Watcher } from './watched-event.js';

export const WatchKind = { Data: 0, Exist: 1, Child: 2, Persistent: 3, PersistentRecursive: 4 } as const;
export type WatchKind = (typeof WatchKind)[keyof typeof WatchKind];

/** Paths by kind, each list in order of registration. */
export type WatchedPaths = readonly (readonly string[])[];

type WatchTable = Map<string, Set<Watcher>>;

export class ClientWatchManager {
  // Index: WatchKind. Invariant: no Set in any table is empty.
  private readonly tables: readonly WatchTable[] = [new Map(), new Map(), new Map(), new Map(), new Map()];

  /** The same callback twice for the same path and kind is one watch. */
  add(kind: WatchKind, serverPath: string, watcher: Watcher): void {
    const table = this.tables[kind];
    const watchers = table.get(serverPath);
    if (watchers === undefined) table.set(serverPath, new Set([watcher]));
    else watchers.add(watcher);
  }

  /** Who is to be told of the event, each callback once however many of its watches match. Uses up one-shot watches. */
  materialize(type: EventType, serverPath: string): Set<Watcher> {
    const told = new Set<Watcher>();
    switch (type) {
      case EventType.NodeCreated:
      case EventType.NodeDataChanged:
        this.take(WatchKind.Data, serverPath, told);
        this.take(WatchKind.Exist, serverPath, told);
        this.collect(WatchKind.Persistent, serverPath, told);
        this.collectRecursive(serverPath, told);
        break;
      case EventType.NodeDeleted:
        this.take(WatchKind.Data, serverPath, told);
        this.take(WatchKind.Exist, serverPath, told);
        this.take(WatchKind.Child, serverPath, told);
        this.collect(WatchKind.Persistent, serverPath, told);
        this.collectRecursive(serverPath, told);
        break;
      case EventType.NodeChildrenChanged:
        this.take(WatchKind.Child, serverPath, told);
        this.collect(WatchKind.Persistent, serverPath, told);
        break;
      default: // types that only clients make never come from a server
        break;
    }
    return told;
  }

  /** Everyone who still waits for something, for the news that nothing more will come. Empties all sets. */
  takeAll(): Set<Watcher> {
    const told = new Set<Watcher>();
    for (const table of this.tables) {
      for (const watchers of table.values()) for (const watcher of watchers) told.add(watcher);
      table.clear();
    }
    return told;
  }

  paths(): WatchedPaths {
    return this.tables.map((table) => [...table.keys()]);
  }

  count(kind: WatchKind): number {
    return this.tables[kind].size;
  }

  private take(kind: WatchKind, path: string, told: Set<Watcher>): void {
    this.collect(kind, path, told);
    this.tables[kind].delete(path);
  }

  private collect(kind: WatchKind, path: string, told: Set<Watcher>): void {
    const watchers = this.tables[kind].get(path);
    if (watchers !== undefined) for (const watcher of watchers) told.add(watcher);
  }

  /** The path itself and every ancestor, the root included. */
  private collectRecursive(path: string, told: Set<Watcher>): void {
    if (this.tables[WatchKind.PersistentRecursive].size === 0) return;
    let ancestor = path;
    while (ancestor.length > 1) {
      this.collect(WatchKind.PersistentRecursive, ancestor, told);
      ancestor = ancestor.slice(0, ancestor.lastIndexOf('/'));
    }
    this.collect(WatchKind.PersistentRecursive, '/', told);
  }
}
