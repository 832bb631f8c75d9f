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
//
// Beside each callback lies the chroot of the view that registered it: that is how it sees paths.

import { EventType, WatcherType } from '../protocol/watch-event.js';
import type { Chroot } from './chroot.js';
import type { Watcher } from './watched-event.js';

export const WatchKind = { Data: 0, Exist: 1, Child: 2, Persistent: 3, PersistentRecursive: 4 } as const;
export type WatchKind = (typeof WatchKind)[keyof typeof WatchKind];

/** Paths by kind, each list in order of registration. */
export type WatchedPaths = readonly (readonly string[])[];

/** Who is to be told, and through which chroot each sees the path. */
export type ToldWatchers = ReadonlyMap<Watcher, Chroot>;

type Watchers = Map<Watcher, Chroot>;
type WatchTable = Map<string, Watchers>;

const ALL_KINDS: readonly WatchKind[] = Object.values(WatchKind);

/** Which sets a removal means. */
const KINDS: Readonly<Record<WatcherType, readonly WatchKind[]>> = {
  [WatcherType.Children]: [WatchKind.Child],
  [WatcherType.Data]: [WatchKind.Data, WatchKind.Exist],
  [WatcherType.Any]: ALL_KINDS,
  [WatcherType.Persistent]: [WatchKind.Persistent],
  [WatcherType.PersistentRecursive]: [WatchKind.PersistentRecursive],
};

/** Index: WatchKind. What a watcher is told that was removed from the set. */
const REMOVED_EVENT: readonly EventType[] = [
  EventType.DataWatchRemoved,
  EventType.DataWatchRemoved,
  EventType.ChildWatchRemoved,
  EventType.PersistentWatchRemoved,
  EventType.PersistentWatchRemoved,
];

export class ClientWatchManager {
  // Index: WatchKind. Invariant: no inner Map in any table is empty.
  private readonly tables: readonly WatchTable[] = [new Map(), new Map(), new Map(), new Map(), new Map()];

  /** The same callback twice for the same path and kind is one watch, seen through the first one's chroot. */
  add(kind: WatchKind, serverPath: string, watcher: Watcher, chroot: Chroot): void {
    const table = this.tables[kind];
    const watchers = table.get(serverPath);
    if (watchers === undefined) table.set(serverPath, new Map([[watcher, chroot]]));
    else if (!watchers.has(watcher)) watchers.set(watcher, chroot);
  }

  /** Takes one watcher, or all (null), out of the sets the type means. Who lost what, by type of event. */
  remove(type: WatcherType, serverPath: string, watcher: Watcher | null): Map<EventType, ToldWatchers> {
    const removed = new Map<EventType, Watchers>();
    for (const kind of KINDS[type]) {
      const watchers = this.tables[kind].get(serverPath);
      if (watchers === undefined) continue;
      for (const [candidate, chroot] of watchers) {
        if (watcher !== null && candidate !== watcher) continue;
        const told = removed.get(REMOVED_EVENT[kind]);
        if (told === undefined) removed.set(REMOVED_EVENT[kind], new Map([[candidate, chroot]]));
        else told.set(candidate, chroot);
        watchers.delete(candidate);
      }
      if (watchers.size === 0) this.tables[kind].delete(serverPath);
    }
    return removed;
  }

  /** Nobody else is in the sets the type means: the server need not watch for this client any longer. */
  isSole(type: WatcherType, serverPath: string, watcher: Watcher): boolean {
    return KINDS[type].every((kind) => {
      const watchers = this.tables[kind].get(serverPath);
      return watchers === undefined || (watchers.size === 1 && watchers.has(watcher));
    });
  }

  /** Who is to be told of the event, each callback once however many of its watches match. Uses up one-shot watches. */
  materialize(type: EventType, serverPath: string): ToldWatchers {
    const told: Watchers = new Map();
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
      for (const watchers of table.values()) for (const watcher of watchers.keys()) told.add(watcher);
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

  private take(kind: WatchKind, path: string, told: Watchers): void {
    this.collect(kind, path, told);
    this.tables[kind].delete(path);
  }

  private collect(kind: WatchKind, path: string, told: Watchers): void {
    const watchers = this.tables[kind].get(path);
    if (watchers === undefined) return;
    for (const [watcher, chroot] of watchers) if (!told.has(watcher)) told.set(watcher, chroot);
  }

  /** The path itself and every ancestor, the root included. */
  private collectRecursive(path: string, told: Watchers): void {
    if (this.tables[WatchKind.PersistentRecursive].size === 0) return;
    let ancestor = path;
    while (ancestor.length > 1) {
      this.collect(WatchKind.PersistentRecursive, ancestor, told);
      ancestor = ancestor.slice(0, ancestor.lastIndexOf('/'));
    }
    this.collect(WatchKind.PersistentRecursive, '/', told);
  }
}
