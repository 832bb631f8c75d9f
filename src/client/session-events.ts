// Tells watchers: of the session (the default watcher, and whoever listens), and of znodes, each through its own chroot.
// Owned by one ClientCnxn; lives on its thread. It decides nothing about who waits for what (ClientWatchManager does), and
// never calls a watcher itself: user code runs in microtasks.

import { EventType, type KeeperState } from '../protocol/watch-event.js';
import type { Chroot } from './chroot.js';
import type { ToldWatchers } from './client-watch-manager.js';
import type { WatchedEvent, Watcher } from './watched-event.js';

const NO_ZXID = -1n;

export class SessionEvents {
  private readonly defaultWatcher: Watcher;
  // Besides the default watcher, who is told what happens to the session.
  private readonly listeners = new Set<Watcher>();

  constructor(defaultWatcher: Watcher) {
    this.defaultWatcher = defaultWatcher;
  }

  addListener(listener: Watcher): void {
    this.listeners.add(listener);
  }

  removeListener(listener: Watcher): void {
    this.listeners.delete(listener);
  }

  tellNode(type: EventType, state: KeeperState, serverPath: string, zxid: bigint, told: ToldWatchers): void {
    // Most often all watchers look through the same chroot: one event for them all.
    const events = new Map<Chroot, WatchedEvent>();
    for (const [watcher, chroot] of told) {
      let event = events.get(chroot);
      if (event === undefined) {
        event = { type, state, path: chroot.toClient(serverPath), zxid };
        events.set(chroot, event);
      }
      tell([watcher], event);
    }
  }

  tellSession(state: KeeperState): void {
    tell([this.defaultWatcher, ...this.listeners], sessionEvent(state));
  }

  /** The last event of all. Whoever still waits for a node hears once, too, that nothing more will come. */
  tellOver(state: KeeperState, stillWaiting: ReadonlySet<Watcher>): void {
    tell(new Set([...stillWaiting, ...this.listeners, this.defaultWatcher]), sessionEvent(state));
    this.listeners.clear();
  }
}

function sessionEvent(state: KeeperState): WatchedEvent {
  return { type: EventType.None, state, path: null, zxid: NO_ZXID };
}

/**
 * In a microtask, as the reactions to replies are: an application sees replies and events in the order in which they came
 * off the wire. One microtask each, so that a watcher that throws takes no other with it.
 */
function tell(watchers: Iterable<Watcher>, event: WatchedEvent): void {
  for (const watcher of watchers) void Promise.resolve().then(() => watcher(event));
}
