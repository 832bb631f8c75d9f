import { expect, test } from 'vitest';
import { Chroot } from '../../../src/client/chroot.js';
import { ClientWatchManager, WatchKind } from '../../../src/client/client-watch-manager.js';
import type { Watcher } from '../../../src/client/watched-event.js';
import { EventType } from '../../../src/protocol/watch-event.js';

const ROOT = new Chroot(null);
const { NodeCreated, NodeDeleted, NodeDataChanged, NodeChildrenChanged } = EventType;

/** One watcher of each kind at the path; tells by name who hears of an event. */
function watched(path: string): (type: EventType, at?: string) => string {
  const manager = new ClientWatchManager();
  const names = new Map<Watcher, string>();
  for (const [name, kind] of Object.entries(WatchKind)) {
    const watcher: Watcher = () => {};
    names.set(watcher, name);
    manager.add(kind, path, watcher, ROOT);
  }
  return (type, at = path) => [...manager.materialize(type, at).keys()].map((watcher) => names.get(watcher)).join(' ');
}

test.each([
  [NodeCreated, 'Data Exist Persistent PersistentRecursive', 'Child Persistent'],
  [NodeDataChanged, 'Data Exist Persistent PersistentRecursive', 'Child Persistent'],
  [NodeDeleted, 'Data Exist Child Persistent PersistentRecursive', 'Persistent'],
  [NodeChildrenChanged, 'Child Persistent', 'Persistent'],
])('event type %i tells %s; of a children change afterwards %s', (type, told, children) => {
  const tell = watched('/a');
  expect(tell(type)).toBe(told);
  expect(tell(NodeChildrenChanged)).toBe(children);
});

test('one-shot watches are used up, persistent ones stay', () => {
  const tell = watched('/a');
  tell(NodeDeleted);
  expect(tell(NodeDataChanged)).toBe('Persistent PersistentRecursive');
  expect(tell(NodeDataChanged)).toBe('Persistent PersistentRecursive');
});

test('a recursive watch hears of every descendant, not of its neighbours and not of children changes', () => {
  const tell = watched('/a/b');
  expect(tell(NodeCreated, '/a/b/c')).toBe('PersistentRecursive');
  expect(tell(NodeDeleted, '/a/b/c/d/e')).toBe('PersistentRecursive');
  expect(tell(NodeChildrenChanged, '/a/b/c')).toBe('');
  expect(tell(NodeCreated, '/a')).toBe('');
  expect(tell(NodeCreated, '/a/bc')).toBe('');
});

test('a recursive watch on the root hears of everything', () => {
  const tell = watched('/');
  expect(tell(NodeCreated, '/x')).toBe('PersistentRecursive');
  expect(tell(NodeDataChanged, '/x/y')).toBe('PersistentRecursive');
});

test('a callback that waits in several ways is told once', () => {
  const manager = new ClientWatchManager();
  const watcher: Watcher = () => {};
  for (const kind of Object.values(WatchKind)) manager.add(kind, '/a', watcher, ROOT);
  manager.add(WatchKind.Data, '/a', watcher, ROOT);
  expect(manager.materialize(NodeDeleted, '/a').size).toBe(1);
});

test('types that only clients make take nothing', () => {
  const tell = watched('/a');
  expect(tell(EventType.DataWatchRemoved)).toBe('');
  expect(tell(NodeDataChanged)).toBe('Data Exist Persistent PersistentRecursive');
});

test('takeAll empties every set', () => {
  const manager = new ClientWatchManager();
  const watchers: Watcher[] = [() => {}, () => {}];
  manager.add(WatchKind.Child, '/a', watchers[0] as Watcher, ROOT);
  manager.add(WatchKind.Persistent, '/b', watchers[1] as Watcher, ROOT);
  expect([...manager.takeAll()]).toEqual(watchers);
  expect(manager.paths().flat()).toEqual([]);
});
