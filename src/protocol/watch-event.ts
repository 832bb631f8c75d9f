// Numbers of the watch conversation: event types and states of a notification, modes of addWatch, kinds of watch that
// checkWatches and removeWatches name. A server only ever sends types 1 to 4 with the state SyncConnected; the others
// arise inside clients. Any thread; constants only.

export const EventType = {
  None: -1,
  NodeCreated: 1,
  NodeDeleted: 2,
  NodeDataChanged: 3,
  NodeChildrenChanged: 4,
  DataWatchRemoved: 5,
  ChildWatchRemoved: 6,
  PersistentWatchRemoved: 7,
} as const;
export type EventType = (typeof EventType)[keyof typeof EventType];

export const KeeperState = {
  Unknown: -1,
  Disconnected: 0,
  NoSyncConnected: 1,
  SyncConnected: 3,
  AuthFailed: 4,
  ConnectedReadOnly: 5,
  SaslAuthenticated: 6,
  Closed: 7,
  Expired: -112,
} as const;
export type KeeperState = (typeof KeeperState)[keyof typeof KeeperState];

export const AddWatchMode = {
  Persistent: 0,
  PersistentRecursive: 1,
} as const;
export type AddWatchMode = (typeof AddWatchMode)[keyof typeof AddWatchMode];

export const WatcherType = {
  Children: 1,
  Data: 2,
  Any: 3,
  Persistent: 4,
  PersistentRecursive: 5,
} as const;
export type WatcherType = (typeof WatcherType)[keyof typeof WatcherType];

const EVENT_NAMES: ReadonlyMap<number, string> = new Map(Object.entries(EventType).map(([name, type]) => [type, name]));
const STATE_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(KeeperState).map(([name, state]) => [state, name]),
);

export function eventTypeName(type: number): string {
  return EVENT_NAMES.get(type) ?? `unknown ${type}`;
}

export function keeperStateName(state: number): string {
  return STATE_NAMES.get(state) ?? `unknown ${state}`;
}
