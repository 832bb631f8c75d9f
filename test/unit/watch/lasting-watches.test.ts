// Persistent and recursive watches on a server by hand (client-protocol 7.1 to 7.4): what each kind hears of each change,
// what several kinds on one path do to each other, and that nobody hears of a node that he may not read.
// All of it also with the watcher on another connection shard than the one who writes.

import { describe, expect, test } from 'vitest';
import { OpCode } from '../../../src/protocol/op-code.js';
import { addWatch, BOB, events, NOBODY, PERSISTENT, RECURSIVE, scene, told } from './watch-calls.js';

const OPEN = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }];

describe.each([1, 2])('with %d shards', (shards) => {
  describe('a persistent watch on /a', () => {
    test('hears of the node and of its list of children, again and again, and not of the children', () => {
      const stage = scene(shards);
      addWatch(stage.watcher, '/a', PERSISTENT);
      for (let round = 0; round < 2; round++) {
        expect(events(stage, (w) => w.setData('/a', 'x'))).toEqual(['NodeDataChanged /a']);
        expect(events(stage, (w) => w.create('/a/n'))).toEqual(['NodeChildrenChanged /a']);
        expect(events(stage, (w) => w.setData('/a/n', 'x'))).toEqual([]);
        expect(events(stage, (w) => w.create('/a/n/m'))).toEqual([]);
        expect(events(stage, (w) => w.delete('/a/n/m'))).toEqual([]);
        expect(events(stage, (w) => w.delete('/a/n'))).toEqual(['NodeChildrenChanged /a']);
      }
    });

    test('hears once of the end of the node, and of its new beginning', () => {
      const stage = scene(shards);
      addWatch(stage.watcher, '/a/c', PERSISTENT);
      for (let round = 0; round < 2; round++) {
        expect(events(stage, (w) => w.delete('/a/c'))).toEqual(['NodeDeleted /a/c']);
        expect(events(stage, (w) => w.create('/a/c'))).toEqual(['NodeCreated /a/c']);
      }
    });

    test('may be set on a node that is not there', () => {
      const stage = scene(shards);
      addWatch(stage.watcher, '/n', PERSISTENT);
      expect(events(stage, (w) => w.create('/n'))).toEqual(['NodeCreated /n']);
    });

    test('set twice hears once', () => {
      const stage = scene(shards);
      addWatch(stage.watcher, '/a', PERSISTENT);
      addWatch(stage.watcher, '/a', PERSISTENT);
      expect(events(stage, (w) => w.setData('/a', 'x'))).toEqual(['NodeDataChanged /a']);
    });
  });

  describe('a recursive watch', () => {
    test.each(['/a', '/'])('on %s hears of the node and everything below, but of no list of children', (path) => {
      const stage = scene(shards);
      addWatch(stage.watcher, path, RECURSIVE);
      for (let round = 0; round < 2; round++) {
        expect(events(stage, (w) => w.setData('/a', 'x'))).toEqual(['NodeDataChanged /a']);
        expect(events(stage, (w) => w.create('/a/c/d'))).toEqual(['NodeCreated /a/c/d']);
        expect(events(stage, (w) => w.setData('/a/c/d', 'x'))).toEqual(['NodeDataChanged /a/c/d']);
        expect(events(stage, (w) => w.delete('/a/c/d'))).toEqual(['NodeDeleted /a/c/d']);
      }
    });

    test('hears nothing of its siblings and of paths that begin alike', () => {
      const stage = scene(shards);
      addWatch(stage.watcher, '/a', RECURSIVE);
      expect(events(stage, (w) => [w.create('/ab'), w.create('/ab/c'), w.setData('/', 'x')])).toEqual([]);
    });

    test('on the root hears of the root', () => {
      const stage = scene(shards);
      addWatch(stage.watcher, '/', RECURSIVE);
      expect(events(stage, (w) => w.setData('/', 'x'))).toEqual(['NodeDataChanged /']);
    });

    test('on the empty path hears nothing', () => {
      const stage = scene(shards);
      addWatch(stage.watcher, '', RECURSIVE);
      addWatch(stage.watcher, '', PERSISTENT);
      expect(events(stage, (w) => [w.setData('/', 'x'), w.create('/n')])).toEqual([]);
    });

    test('hears of ephemerals at the close of their session', () => {
      const stage = scene(shards);
      stage.writer.create('/a/e', { flags: 1 });
      stage.server.run();
      addWatch(stage.watcher, '/', RECURSIVE);
      expect(events(stage, (w) => w.closeSession())).toEqual(['NodeDeleted /a/e']);
    });
  });

  describe('several watches of one connection', () => {
    test('persistent and recursive on one path: a new child is a creation and a change of the list', () => {
      const stage = scene(shards);
      addWatch(stage.watcher, '/a', PERSISTENT);
      addWatch(stage.watcher, '/a', RECURSIVE);
      expect(events(stage, (w) => w.create('/a/n'))).toEqual(['NodeCreated /a/n', 'NodeChildrenChanged /a']);
      expect(events(stage, (w) => w.setData('/a', 'x'))).toEqual(['NodeDataChanged /a']);
    });

    test('all kinds on a path and its ancestors: one event for one change', () => {
      const stage = scene(shards);
      const { watcher } = stage;
      watcher.exists('/a/c', true);
      watcher.getChildren('/a/c', true);
      addWatch(watcher, '/a/c', PERSISTENT);
      for (const path of ['/', '/a', '/a/c']) addWatch(watcher, path, RECURSIVE);
      expect(events(stage, (w) => w.setData('/a/c', 'x'))).toEqual(['NodeDataChanged /a/c']);
      expect(events(stage, (w) => w.delete('/a/c'))).toEqual(['NodeDeleted /a/c']);
    });

    test('a one-shot watch beside a lasting one is used up; the lasting one stays', () => {
      const stage = scene(shards);
      addWatch(stage.watcher, '/a', PERSISTENT);
      stage.watcher.getData('/a', true);
      expect(events(stage, (w) => w.setData('/a', '1'))).toEqual(['NodeDataChanged /a']);
      expect(events(stage, (w) => w.setData('/a', '2'))).toEqual(['NodeDataChanged /a']);
    });

    test('a lasting one does not take the place of a one-shot one, nor the other way round', () => {
      const stage = scene(shards);
      stage.watcher.getChildren('/a', true);
      addWatch(stage.watcher, '/a', RECURSIVE);
      expect(events(stage, (w) => w.create('/a/n'))).toEqual(['NodeCreated /a/n', 'NodeChildrenChanged /a']);
      expect(events(stage, (w) => w.create('/a/m'))).toEqual(['NodeCreated /a/m']);
    });
  });

  describe('who may hear of it (CVE-2024-23944)', () => {
    test('a recursive watch tells nothing of nodes that may not be read', () => {
      const stage = scene(shards);
      stage.watcher.request(OpCode.ping);
      addWatch(stage.watcher, '/', RECURSIVE);
      stage.writer.auth('digest', 'bob:pw');
      const changes = (path: string): string[] =>
        events(stage, (w) => [w.create(path, { acl: BOB }), w.setData(path, 'x'), w.delete(path)]);
      expect(changes('/a/shut')).toEqual([]);
      stage.watcher.auth('digest', 'bob:pw');
      expect(changes('/a/open')).toEqual(['NodeCreated /a/open', 'NodeDataChanged /a/open', 'NodeDeleted /a/open']);
    });

    test('nor does a persistent one of the children of such a node', () => {
      const stage = scene(shards);
      addWatch(stage.watcher, '/a', PERSISTENT);
      stage.server.run();
      stage.writer.setAcl('/a', [{ perms: 30, id: { scheme: 'world', id: 'anyone' } }]);
      expect(events(stage, (w) => [w.create('/a/n'), w.setData('/a', ''), w.delete('/a/n')])).toEqual([]);
      stage.writer.setAcl('/a', OPEN);
      expect(events(stage, (w) => w.create('/a/n'))).toEqual(['NodeChildrenChanged /a']);
    });

    test('a readable child of an unreadable parent is heard of, its parent is not', () => {
      const stage = scene(shards);
      addWatch(stage.watcher, '/a', PERSISTENT);
      addWatch(stage.watcher, '/a', RECURSIVE);
      stage.server.run();
      stage.writer.setAcl('/a', [{ perms: 30, id: { scheme: 'world', id: 'anyone' } }]);
      expect(events(stage, (w) => [w.create('/a/n'), w.create('/a/m', { acl: NOBODY })])).toEqual(['NodeCreated /a/n']);
    });
  });

  describe('order', () => {
    test('within a multi as its operations, each path as one change, all with its zxid', () => {
      const stage = scene(shards);
      addWatch(stage.watcher, '/a', PERSISTENT);
      addWatch(stage.watcher, '/', RECURSIVE);
      expect(
        told(stage, (_watcher, w) =>
          w.multi([
            { type: OpCode.create, request: { path: '/a/n', data: null, acl: OPEN, flags: 0 } },
            { type: OpCode.setData, request: { path: '/a/n', data: null, version: -1 } },
            { type: OpCode.delete, request: { path: '/a/c', version: -1 } },
          ]),
        ),
      ).toEqual([
        'event NodeCreated /a/n @5',
        'event NodeChildrenChanged /a @5',
        'event NodeDataChanged /a/n @5',
        'event NodeDeleted /a/c @5',
        'event NodeChildrenChanged /a @5',
      ]);
    });

    test('each event before the own reply that shows its change', () => {
      const stage = scene(shards);
      expect(
        told(stage, (w) => {
          addWatch(w, '/', RECURSIVE);
          w.create('/n');
          w.setData('/n', 'x');
          w.getData('/n');
          w.delete('/n');
        }),
      ).toEqual([
        'addWatch Ok @4',
        'event NodeCreated /n @5',
        'create Ok @5',
        'event NodeDataChanged /n @6',
        'setData Ok @6',
        'getData Ok @6',
        'event NodeDeleted /n @7',
        'delete Ok @7',
      ]);
    });

    test('a connection that is gone hears nothing, and its watches are forgotten', () => {
      const stage = scene(shards);
      addWatch(stage.watcher, '/', RECURSIVE);
      addWatch(stage.watcher, '/a', PERSISTENT);
      stage.server.run();
      stage.server.drop(stage.watcher.connection);
      stage.writer.setData('/a', 'x');
      expect(stage.server.reply(stage.writer).err).toBe(0);
      expect(watchCount(stage)).toBe(0);
    });
  });

  test('are counted per path and table, whatever the modes', () => {
    const stage = scene(shards);
    addWatch(stage.watcher, '/a', PERSISTENT);
    addWatch(stage.watcher, '/a', RECURSIVE);
    stage.watcher.getData('/a', true);
    stage.watcher.getChildren('/a/c', true);
    stage.server.run();
    expect(watchCount(stage)).toBe(3);
    stage.writer.delete('/a/c');
    stage.server.run();
    expect(watchCount(stage)).toBe(2);
  });

  test('are counted as soon as they are answered', () => {
    const stage = scene(shards);
    addWatch(stage.watcher, '/a', PERSISTENT);
    stage.server.network.deliverAll();
    expect(stage.watcher.takeText()).toEqual(['addWatch Ok @4']);
    expect(watchCount(stage)).toBe(2);
  });
});

function watchCount({ server }: ReturnType<typeof scene>): number {
  return server.counters().sum('watch_count');
}
