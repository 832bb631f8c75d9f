// One-shot watches on a server by hand (client-protocol section 7): what registers, what each change triggers and in which
// order, who may hear of it, and how a client that comes back catches up. `@` is the zxid of the frame.
// All of it also with the watcher on another connection shard than the one who writes.

import { describe, expect, test } from 'vitest';
import type { ACL } from '../../../src/protocol/acl.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import type { WireClient } from '../../testing/inline/wire-client.js';
import { InlineServer } from '../../testing/inline-server.js';

const NOBODY: readonly ACL[] = [{ perms: 0, id: { scheme: 'world', id: 'anyone' } }];
const BOB: readonly ACL[] = [{ perms: 31, id: { scheme: 'digest', id: 'bob:ikIaKsbtGweaHnb/jKn7OHqbunM=' } }];

interface Scene {
  readonly server: InlineServer;
  readonly watcher: WireClient;
  readonly writer: WireClient;
}

/** /a with the child /a/c; everything so far is answered and taken. */
function scene(connectionShards: number): Scene {
  const server = InlineServer.start({ connectionShards, placement: connectionShards > 1 ? 'pipeline' : 'inline' });
  const watcher = server.connect({ shard: 0 });
  const writer = server.connect({ shard: connectionShards - 1 });
  writer.create('/a');
  writer.create('/a/c');
  server.run();
  writer.take();
  return { server, watcher, writer };
}

/** What the watcher hears when the writer does this. */
function heard({ server, watcher, writer }: Scene, change: (writer: WireClient) => void): string[] {
  server.run();
  watcher.take();
  change(writer);
  server.run();
  return watcher.takeText();
}

describe.each([1, 2])('with %d shards', (shards) => {
  describe('what registers', () => {
    test.each<[string, (w: WireClient) => void, string[]]>([
      ['exists of a node', (w) => w.exists('/a', true), ['event NodeDataChanged /a @5']],
      ['getData', (w) => w.getData('/a', true), ['event NodeDataChanged /a @5']],
      ['getChildren does not listen to data', (w) => w.getChildren('/a', true), []],
      ['reads without the flag do not register', (w) => [w.exists('/a'), w.getData('/a'), w.getChildren('/a')], []],
    ])('%s', (_what, register, events) => {
      const stage = scene(shards);
      register(stage.watcher);
      expect(heard(stage, (w) => w.setData('/a', 'x'))).toEqual(events);
    });

    test.each<[string, (w: WireClient) => void, string[]]>([
      ['exists, though the node is missing', (w) => w.exists('/n', true), ['event NodeCreated /n @5']],
      ['but not getData', (w) => w.getData('/n', true), []],
      ['nor getChildren', (w) => w.getChildren('/n', true), []],
      ['nor getChildren2', (w) => w.getChildren2('/n', true), []],
    ])('%s', (_what, register, events) => {
      const stage = scene(shards);
      register(stage.watcher);
      expect(heard(stage, (w) => w.create('/n'))).toEqual(events);
    });

    test('a read that is refused does not', () => {
      const stage = scene(shards);
      stage.writer.create('/shut', { acl: BOB });
      stage.server.run();
      stage.watcher.exists('/shut', true);
      stage.watcher.getData('/shut', true);
      stage.watcher.getChildren('/shut', true);
      stage.server.run();
      expect(stage.watcher.takeText().map((line) => line.split(' ')[1])).toEqual(['NoAuth', 'NoAuth', 'NoAuth']);
      stage.watcher.auth('digest', 'bob:pw');
      stage.writer.auth('digest', 'bob:pw');
      expect(heard(stage, (w) => [w.setData('/shut', ''), w.delete('/shut')])).toEqual([]);
    });

    test('a watch on the empty path never fires', () => {
      const stage = scene(shards);
      stage.watcher.getData('', true);
      stage.watcher.getChildren('', true);
      expect(heard(stage, (w) => [w.setData('/', 'x'), w.create('/n')])).toEqual([]);
    });

    test('the same watch twice fires once', () => {
      const stage = scene(shards);
      stage.watcher.exists('/a', true);
      stage.watcher.getData('/a', true);
      expect(heard(stage, (w) => w.setData('/a', 'x'))).toEqual(['event NodeDataChanged /a @5']);
    });

    test('a watch set behind a write in flight is set at its place', () => {
      const stage = scene(shards);
      const { server, watcher } = stage;
      watcher.setData('/a', '1');
      watcher.getData('/a', true);
      watcher.setData('/a', '2');
      server.run();
      expect(watcher.takeText()).toEqual([
        'setData Ok @5',
        'getData Ok @5',
        'event NodeDataChanged /a @6',
        'setData Ok @6',
      ]);
    });
  });

  describe('what each change triggers', () => {
    function watchAll(stage: Scene): void {
      for (const path of ['/', '/a', '/a/c', '/a/n']) {
        stage.watcher.exists(path, true);
        stage.watcher.getChildren(path, true);
      }
    }

    test.each<[string, (w: WireClient) => void, string[]]>([
      ['create', (w) => w.create('/a/n'), ['event NodeCreated /a/n @5', 'event NodeChildrenChanged /a @5']],
      ['create at the root', (w) => w.create('/m'), ['event NodeChildrenChanged / @5']],
      ['setData', (w) => w.setData('/a/c', 'x'), ['event NodeDataChanged /a/c @5']],
      ['setData of the root', (w) => w.setData('/', 'x'), ['event NodeDataChanged / @5']],
      ['setACL', (w) => w.setAcl('/a', [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]), []],
      ['delete', (w) => w.delete('/a/c'), ['event NodeDeleted /a/c @5', 'event NodeChildrenChanged /a @5']],
      ['a failed write', (w) => w.setData('/a', 'x', 9), []],
      ['a read', (w) => w.getData('/a'), []],
    ])('%s', (_what, change, events) => {
      const stage = scene(shards);
      watchAll(stage);
      expect(heard(stage, change)).toEqual(events);
    });

    test('one NodeDeleted, although data and children of the node were watched', () => {
      const stage = scene(shards);
      stage.watcher.getData('/a/c', true);
      stage.watcher.getChildren('/a/c', true);
      expect(heard(stage, (w) => w.delete('/a/c'))).toEqual(['event NodeDeleted /a/c @5']);
    });

    test('and both watches are used up by it', () => {
      const stage = scene(shards);
      stage.watcher.getData('/a/c', true);
      stage.watcher.getChildren('/a/c', true);
      expect(heard(stage, (w) => w.delete('/a/c'))).toHaveLength(1);
      expect(heard(stage, (w) => [w.create('/a/c'), w.create('/a/c/x'), w.setData('/a/c', '')])).toEqual([]);
    });

    test('NodeDeleted to who watches only the children', () => {
      const stage = scene(shards);
      stage.watcher.getChildren('/a/c', true);
      expect(heard(stage, (w) => w.delete('/a/c'))).toEqual(['event NodeDeleted /a/c @5']);
    });

    test('each watch fires once', () => {
      const stage = scene(shards);
      stage.watcher.getData('/a', true);
      stage.watcher.getChildren('/a', true);
      const changes = (w: WireClient): void => {
        w.setData('/a', '1');
        w.setData('/a', '2');
        w.create('/a/x');
        w.create('/a/y');
      };
      expect(heard(stage, changes)).toEqual(['event NodeDataChanged /a @5', 'event NodeChildrenChanged /a @7']);
    });

    test('the ops of a multi in their order, all with its zxid', () => {
      const stage = scene(shards);
      for (const path of ['/a', '/a/c', '/a/n']) stage.watcher.exists(path, true);
      stage.watcher.getChildren('/a', true);
      const open = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }];
      expect(
        heard(stage, (w) =>
          w.multi([
            { type: OpCode.create, request: { path: '/a/n', data: null, acl: open, flags: 0 } },
            { type: OpCode.setData, request: { path: '/a', data: null, version: -1 } },
            { type: OpCode.delete, request: { path: '/a/c', version: -1 } },
          ]),
        ),
      ).toEqual([
        'event NodeCreated /a/n @5',
        'event NodeChildrenChanged /a @5',
        'event NodeDataChanged /a @5',
        'event NodeDeleted /a/c @5',
      ]);
    });

    test('the ephemerals of a session at its close', () => {
      const stage = scene(shards);
      stage.writer.create('/a/e', { flags: 1 });
      stage.server.run();
      stage.watcher.exists('/a/e', true);
      stage.watcher.getChildren('/a', true);
      expect(heard(stage, (w) => w.closeSession())).toEqual([
        'event NodeDeleted /a/e @6',
        'event NodeChildrenChanged /a @6',
      ]);
    });

    test('the own ephemerals at the own close, before its reply', () => {
      const { server, watcher } = scene(shards);
      watcher.create('/e', { flags: 1 });
      watcher.exists('/e', true);
      watcher.closeSession();
      server.run();
      expect(watcher.takeText()).toEqual([
        'create Ok @5',
        'exists Ok @5',
        'event NodeDeleted /e @6',
        'closeSession Ok @6',
      ]);
    });

    test('the ephemerals of a session that expires', () => {
      const stage = scene(shards);
      const short = stage.server.connect({ timeOutMs: 4000 });
      short.create('/e', { flags: 1 });
      stage.server.run();
      stage.watcher.exists('/e', true);
      expect(heard(stage, () => stage.server.advance(8000))).toEqual(['event NodeDeleted /e @7']);
    });
  });

  describe('who may hear of it', () => {
    test('NodeDataChanged needs READ on the node; the watch is used up all the same', () => {
      const stage = scene(shards);
      stage.watcher.getData('/a', true);
      stage.server.run();
      stage.writer.setAcl('/a', BOB);
      stage.writer.auth('digest', 'bob:pw');
      expect(heard(stage, (w) => w.setData('/a', 'x'))).toEqual([]);
      stage.watcher.auth('digest', 'bob:pw');
      expect(heard(stage, (w) => w.setData('/a', 'y'))).toEqual([]);
    });

    test('NodeDeleted needs READ on the node that went, NodeChildrenChanged on its parent', () => {
      const stage = scene(shards);
      stage.watcher.getData('/a/c', true);
      stage.watcher.getChildren('/a', true);
      stage.server.run();
      stage.writer.setAcl('/a/c', NOBODY);
      expect(heard(stage, (w) => w.delete('/a/c'))).toEqual(['event NodeChildrenChanged /a @6']);
    });

    test('the other way round', () => {
      const stage = scene(shards);
      stage.watcher.getData('/a/c', true);
      stage.watcher.getChildren('/a', true);
      stage.server.run();
      stage.writer.auth('digest', 'bob:pw');
      stage.writer.setAcl('/a', BOB);
      expect(heard(stage, (w) => w.delete('/a/c'))).toEqual(['event NodeDeleted /a/c @6']);
    });

    test('NodeCreated needs READ in the ACL given at the creation', () => {
      const stage = scene(shards);
      stage.watcher.exists('/n', true);
      expect(heard(stage, (w) => w.create('/n', { acl: BOB }))).toEqual([]);
    });

    test('counts are the identities of the moment of the event', () => {
      const stage = scene(shards);
      stage.watcher.exists('/n', true);
      stage.watcher.auth('digest', 'bob:pw');
      expect(heard(stage, (w) => w.create('/n', { acl: BOB }))).toEqual(['event NodeCreated /n @5']);
    });
  });

  describe('setWatches', () => {
    interface Lists {
      readonly relativeZxid: bigint;
      readonly data?: string[];
      readonly exist?: string[];
      readonly child?: string[];
    }

    function setWatches(stage: Scene, lists: Lists): string[] {
      stage.watcher.setWatches({
        relativeZxid: lists.relativeZxid,
        dataWatches: lists.data ?? [],
        existWatches: lists.exist ?? [],
        childWatches: lists.child ?? [],
      });
      stage.server.run();
      return stage.watcher.takeText();
    }

    test.each<[string, Lists, string[]]>([
      ['data, node missing', { relativeZxid: 4n, data: ['/n'] }, ['event NodeDeleted /n @-1']],
      ['data, changed since', { relativeZxid: 2n, data: ['/a'] }, ['event NodeDataChanged /a @-1']],
      ['data, not changed since', { relativeZxid: 3n, data: ['/a'] }, []],
      ['exist, node there', { relativeZxid: 9n, exist: ['/a'] }, ['event NodeCreated /a @-1']],
      ['exist, node missing', { relativeZxid: 9n, exist: ['/n'] }, []],
      ['child, node missing', { relativeZxid: 9n, child: ['/n'] }, ['event NodeDeleted /n @-1']],
      ['child, changed since', { relativeZxid: 3n, child: ['/a'] }, ['event NodeChildrenChanged /a @-1']],
      ['child, not changed since', { relativeZxid: 4n, child: ['/a'] }, []],
    ])('%s', (_what, lists, events) => {
      expect(setWatches(scene(shards), lists)).toEqual([...events, 'setWatches Ok @4']);
    });

    test('registers where it sends no event', () => {
      const stage = scene(shards);
      setWatches(stage, { relativeZxid: 9n, data: ['/a'], exist: ['/n'], child: ['/a/c'] });
      expect(heard(stage, (w) => [w.setData('/a', ''), w.create('/n'), w.create('/a/c/x')])).toEqual([
        'event NodeDataChanged /a @5',
        'event NodeCreated /n @6',
        'event NodeChildrenChanged /a/c @7',
      ]);
    });

    test('does not register where it sends one', () => {
      const stage = scene(shards);
      setWatches(stage, { relativeZxid: 0n, data: ['/a'], exist: ['/a/c'], child: ['/'] });
      expect(heard(stage, (w) => [w.setData('/a', ''), w.setData('/a/c', ''), w.create('/n')])).toEqual([]);
    });

    test('sends in the order of its lists', () => {
      expect(
        setWatches(scene(shards), { relativeZxid: 0n, data: ['/a/c', '/a'], exist: ['/a'], child: ['/a'] }),
      ).toEqual([
        'event NodeDataChanged /a/c @-1',
        'event NodeDataChanged /a @-1',
        'event NodeCreated /a @-1',
        'event NodeChildrenChanged /a @-1',
        'setWatches Ok @4',
      ]);
    });

    test('is not filtered by ACLs', () => {
      const stage = scene(shards);
      stage.writer.setAcl('/a', NOBODY);
      stage.server.run();
      expect(setWatches(stage, { relativeZxid: 0n, data: ['/a'] })).toEqual([
        'event NodeDataChanged /a @-1',
        'setWatches Ok @5',
      ]);
    });

    test('a node deleted and created anew has changed', () => {
      const stage = scene(shards);
      stage.writer.delete('/a/c');
      stage.writer.create('/a/c');
      stage.server.run();
      expect(setWatches(stage, { relativeZxid: 4n, data: ['/a/c'] })[0]).toBe('event NodeDataChanged /a/c @-1');
    });

    test.each([
      ['vector', { existWatches: null, childWatches: ['/a'] }],
      ['path', { existWatches: ['/n', null, '/m'], childWatches: ['/a'] }],
    ])('with a null %s fails, but what stood before it is done', (_what, lists) => {
      const stage = scene(shards);
      stage.watcher.setWatches({ relativeZxid: 3n, dataWatches: ['/a', '/a/c'], ...lists });
      stage.server.run();
      expect(stage.watcher.takeText()).toEqual(['event NodeDataChanged /a/c @-1', 'setWatches MarshallingError @4']);
      expect(heard(stage, (w) => [w.setData('/a', ''), w.create('/a/x'), w.create('/m')])).toEqual([
        'event NodeDataChanged /a @5',
      ]);
    });

    test('that is cut short does nothing', () => {
      const stage = scene(shards);
      stage.watcher.request(OpCode.setWatches, (w) => {
        w.writeLong(3n);
        w.writeInt(1);
        w.writeUstring('/a');
        w.writeInt(0);
      });
      stage.server.run();
      expect(stage.watcher.takeText()).toEqual(['setWatches MarshallingError @4']);
      expect(heard(stage, (w) => w.setData('/a', ''))).toEqual([]);
    });

    test('keeps its place behind writes in flight', () => {
      const stage = scene(shards);
      stage.watcher.setData('/a', 'x');
      expect(setWatches(stage, { relativeZxid: 4n, data: ['/a'] })).toEqual([
        'setData Ok @5',
        'event NodeDataChanged /a @-1',
        'setWatches Ok @5',
      ]);
    });
  });
});
