// What a watcher is told: that something happened to a node, or (type None) to the session. Plain data, made by
// ClientCnxn, given to any number of watchers, changed by none. The text form is Java's; scripts read it from zkCli's
// output.

import { type EventType, eventTypeName, type KeeperState, keeperStateName } from '../protocol/watch-event.js';

export interface WatchedEvent {
  readonly type: EventType;
  readonly state: KeeperState;
  /** As the client sees it, without chroot; null for session events. */
  readonly path: string | null;
  /** Of the transaction that caused it; -1n for session events, for changes noticed after a reconnect, and from servers before 3.9. */
  readonly zxid: bigint;
}

/** Called once per event, in the order in which events and replies came off the wire. What it throws is not caught. */
export type Watcher = (event: WatchedEvent) => void;

/** As Java's WatchedEvent prints itself. */
export function watchedEventText(event: WatchedEvent): string {
  const { type, state, path, zxid } = event;
  return `WatchedEvent state:${keeperStateName(state)} type:${eventTypeName(type)} path:${path} zxid: ${zxid}`;
}
