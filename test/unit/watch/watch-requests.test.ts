// addWatch, checkWatches, removeWatches and setWatches2 on a server by hand (client-protocol 5.3, 7.5, 7.6): their answers, what
// they leave behind, and their place among other requests of the connection, be it answered by its shard or behind writes.

import { describe, expect, test } from 'vitest';
import { OpCode, opName, Xid } from '../../../src/protocol/op-code.js';
import type { WireClient } from '../../testing/inline/wire-client.js';
import {
  addWatch,
  checkWatches,
  events,
  NOBODY,
  PERSISTENT,
  RECURSIVE,
  removeWatches,
  type Scene,
  scene,
  setWatches2,
  Type,
  told,
} from './watch-calls.js';

/** The types for which checkWatches finds something at /a. */
function kindsAt(stage: Scene, path: string | null = '/a'): string[] {
  return Object.entries(Type)
    .filter(([, type]) => told(stage, (w) => checkWatches(w, path, type))[0]?.startsWith('checkWatches Ok'))
    .map(([name]) => name);
}

const REGISTER: Readonly<Record<string, (w: WireClient) => void>> = {
  nothing: () => {},
  data: (w) => w.getData('/a', true),
  exists: (w) => w.exists('/a', true),
  child: (w) => w.getChildren('/a', true),
  persistent: (w) => addWatch(w, '/a', PERSISTENT),
  recursive: (w) => addWatch(w, '/a', RECURSIVE),
  all: (w) => {
    w.getData('/a', true);
    w.getChildren2('/a', true);
    addWatch(w, '/a', PERSISTENT);
    addWatch(w, '/a', RECURSIVE);
  },
};

describe.each([1, 2])('with %d shards', (shards) => {
  describe('checkWatches', () => {
    test.each([
      ['nothing', []],
      ['data', ['Data', 'Any']],
      ['exists', ['Data', 'Any']],
      ['child', ['Children', 'Any']],
      ['persistent', ['Any', 'Persistent']],
      ['recursive', ['Any', 'PersistentRecursive']],
      ['all', ['Children', 'Data', 'Any', 'Persistent', 'PersistentRecursive']],
    ])('after registering %s finds %j', (what, kinds) => {
      const stage = scene(shards);
      REGISTER[what]?.(stage.watcher);
      expect(kindsAt(stage)).toEqual(kinds);
      expect(kindsAt(stage, '/a/c')).toEqual([]);
      expect(kindsAt(stage, '/')).toEqual([]);
    });

    test('looks at the own connection only', () => {
      const stage = scene(shards);
      REGISTER.all?.(stage.writer);
      stage.server.run();
      expect(kindsAt(stage)).toEqual([]);
    });
  });

  describe('removeWatches', () => {
    test.each<[keyof typeof Type, string[]]>([
      ['Children', ['Data', 'Any', 'Persistent', 'PersistentRecursive']],
      ['Data', ['Children', 'Any', 'Persistent', 'PersistentRecursive']],
      ['Any', []],
      ['Persistent', ['Children', 'Data', 'Any', 'PersistentRecursive']],
      ['PersistentRecursive', ['Children', 'Data', 'Any', 'Persistent']],
    ])('of type %s leaves %j', (type, left) => {
      const stage = scene(shards);
      REGISTER.all?.(stage.watcher);
      expect(told(stage, (w) => removeWatches(w, '/a', Type[type]))).toEqual(['removeWatches Ok @4']);
      expect(kindsAt(stage)).toEqual(left);
      expect(told(stage, (w) => removeWatches(w, '/a', Type[type]))).toEqual(['removeWatches NoWatcher @4']);
      expect(kindsAt(stage)).toEqual(left);
    });

    test('what is removed hears nothing more, and a removal is no event', () => {
      const stage = scene(shards);
      REGISTER.all?.(stage.watcher);
      removeWatches(stage.watcher, '/a', Type.Any);
      expect(events(stage, (w) => [w.setData('/a', ''), w.create('/a/n'), w.delete('/a/n')])).toEqual([]);
    });

    test('of persistent watches takes them from both tables', () => {
      const stage = scene(shards);
      addWatch(stage.watcher, '/a', PERSISTENT);
      removeWatches(stage.watcher, '/a', Type.Persistent);
      expect(events(stage, (w) => [w.setData('/a', ''), w.create('/a/n')])).toEqual([]);
    });

    test('of a path below a recursive watch finds nothing', () => {
      const stage = scene(shards);
      addWatch(stage.watcher, '/a', RECURSIVE);
      expect(told(stage, (w) => removeWatches(w, '/a/c', Type.Any))).toEqual(['removeWatches NoWatcher @4']);
      expect(events(stage, (w) => w.setData('/a/c', ''))).toEqual(['NodeDataChanged /a/c']);
    });
  });

  // Each request once answered by the shard, once behind a write of the same connection.
  describe.each([
    ['alone', (_w: WireClient): void => {}, []],
    ['behind a write', (w: WireClient): void => void w.setData('/a/c', 'x'), ['setData Ok @5']],
  ] as const)('%s', (_where, precede, written) => {
    const zxid = 4 + written.length;

    function answer(stage: Scene, ask: (w: WireClient) => void): string[] {
      return told(stage, (w) => {
        precede(w);
        ask(w);
      });
    }

    test('addWatch has a body of four zero bytes, the others none', () => {
      const { server, watcher } = scene(shards);
      precede(watcher);
      addWatch(watcher, '/a', PERSISTENT);
      checkWatches(watcher, '/a', Type.Any);
      removeWatches(watcher, '/a', Type.Any);
      removeWatches(watcher, '/a', Type.Any);
      server.run();
      const replies = watcher.take().slice(written.length);
      expect(replies.map((f) => (f.kind === 'reply' ? [opName(f.op), f.err, [...f.body]] : f))).toEqual([
        ['addWatch', 0, [0, 0, 0, 0]],
        ['checkWatches', 0, []],
        ['removeWatches', 0, []],
        ['removeWatches', -121, []],
      ]);
    });

    test.each([null, '', '/n', 'no path'])('addWatch accepts the path %j', (path) => {
      const stage = scene(shards);
      const lines = answer(stage, (w) => addWatch(w, path, PERSISTENT));
      expect(lines).toEqual([...written, `addWatch Ok @${zxid}`]);
      expect(kindsAt(stage, path)).toEqual(['Any', 'Persistent']);
      expect(answer(stage, (w) => removeWatches(w, path, Type.Any)).at(-1)).toMatch(/^removeWatches Ok/);
      expect(kindsAt(stage, path)).toEqual([]);
    });

    test.each<[string, number, number[]]>([
      ['addWatch with mode -1', OpCode.addWatch, [0, 0, 0, 1, 0x2f, 255, 255, 255, 255]],
      ['addWatch with mode 2', OpCode.addWatch, [0, 0, 0, 1, 0x2f, 0, 0, 0, 2]],
      ['addWatch without mode', OpCode.addWatch, [0, 0, 0, 1, 0x2f]],
      ['addWatch with a path of length -2', OpCode.addWatch, [255, 255, 255, 254, 0, 0, 0, 1]],
      ['addWatch with a path longer than its frame', OpCode.addWatch, [0, 0, 0, 9, 0x2f, 0, 0, 0, 1]],
      ['checkWatches of type 0', OpCode.checkWatches, [0, 0, 0, 1, 0x2f, 0, 0, 0, 0]],
      ['checkWatches of type 6', OpCode.checkWatches, [0, 0, 0, 1, 0x2f, 0, 0, 0, 6]],
      ['removeWatches of type 6', OpCode.removeWatches, [0, 0, 0, 1, 0x2f, 0, 0, 0, 6]],
      ['removeWatches without a body', OpCode.removeWatches, []],
    ])('%s does not decode', (_what, op, body) => {
      const stage = scene(shards);
      expect(answer(stage, (w) => w.request(op, Uint8Array.from(body)))).toEqual([
        ...written,
        `${opName(op)} MarshallingError @${zxid}`,
      ]);
      expect(kindsAt(stage, '/')).toEqual([]);
    });

    test('bytes behind the record are ignored', () => {
      const stage = scene(shards);
      const body = Uint8Array.from([0, 0, 0, 1, 0x2f, 0, 0, 0, 1, 9, 9]);
      expect(answer(stage, (w) => w.request(OpCode.addWatch, body))).toEqual([...written, `addWatch Ok @${zxid}`]);
    });
  });

  describe('in the place of the request among writes', () => {
    test('addWatch hears of what comes behind it only', () => {
      const stage = scene(shards);
      expect(
        told(stage, (w) => {
          w.setData('/a', '1');
          addWatch(w, '/a', PERSISTENT);
          w.setData('/a', '2');
        }),
      ).toEqual(['setData Ok @5', 'addWatch Ok @5', 'event NodeDataChanged /a @6', 'setData Ok @6']);
    });

    test('removeWatches ends it there', () => {
      const stage = scene(shards);
      addWatch(stage.watcher, '/', RECURSIVE);
      expect(
        told(stage, (w) => {
          w.setData('/a', '1');
          removeWatches(w, '/', Type.PersistentRecursive);
          w.setData('/a', '2');
          removeWatches(w, '/', Type.PersistentRecursive);
        }),
      ).toEqual([
        'event NodeDataChanged /a @5',
        'setData Ok @5',
        'removeWatches Ok @5',
        'setData Ok @6',
        'removeWatches NoWatcher @6',
      ]);
    });

    test('checkWatches sees what a read behind a write has set, and what an event has used up', () => {
      const stage = scene(shards);
      expect(
        told(stage, (w) => {
          w.setData('/a', '1');
          w.getData('/a', true);
          checkWatches(w, '/a', Type.Data);
          w.setData('/a', '2');
          checkWatches(w, '/a', Type.Data);
        }),
      ).toEqual([
        'setData Ok @5',
        'getData Ok @5',
        'checkWatches Ok @5',
        'event NodeDataChanged /a @6',
        'setData Ok @6',
        'checkWatches NoWatcher @6',
      ]);
    });
  });

  test('what another connection has been told is done is done before the request, on whatever shard', () => {
    const stage = scene(shards);
    const { server, watcher, writer } = stage;
    watcher.getData('/a', true);
    server.run();
    watcher.take();
    writer.setData('/a', 'x');
    // The shard of the watcher gets no turn until the writer has its answer.
    const threads = shards > 1 ? ['io-1', 'core', 'log'] : ['main'];
    for (let rounds = 0; writer.outstandingCount > 0; rounds++) {
      expect(rounds).toBeLessThan(100);
      server.network.deliverAll();
      for (const thread of threads) server.turnOf(thread);
      writer.take();
    }
    checkWatches(watcher, '/a', Type.Data);
    addWatch(watcher, '/a', PERSISTENT);
    server.run();
    expect(watcher.takeText()).toEqual(['event NodeDataChanged /a @5', 'checkWatches NoWatcher @5', 'addWatch Ok @5']);
  });

  describe('setWatches2', () => {
    test('makes up for one-shot watches, sets lasting ones, and answers last', () => {
      const stage = scene(shards);
      expect(
        told(stage, (w) =>
          setWatches2(w, {
            relativeZxid: 3n,
            dataWatches: ['/n', '/a/c', '/a'],
            existWatches: ['/a', '/m'],
            childWatches: ['/a'],
            persistentWatches: ['/p', '/a'],
            persistentRecursiveWatches: ['/a/c', '/r'],
          }),
        ),
      ).toEqual([
        'event NodeDeleted /n @-1',
        'event NodeDataChanged /a/c @-1',
        'event NodeCreated /a @-1',
        'event NodeChildrenChanged /a @-1',
        'setWatches2 Ok @4',
      ]);
      expect(kindsAt(stage, '/a')).toEqual(['Data', 'Any', 'Persistent']);
      expect(kindsAt(stage, '/p')).toEqual(['Any', 'Persistent']);
      expect(kindsAt(stage, '/a/c')).toEqual(['Any', 'PersistentRecursive']);
      expect(kindsAt(stage, '/r')).toEqual(['Any', 'PersistentRecursive']);
      expect(kindsAt(stage, '/m')).toEqual(['Data', 'Any']);
      expect(kindsAt(stage, '/n')).toEqual([]);
    });

    test('does not make up for what lasting watches have missed', () => {
      const stage = scene(shards);
      expect(
        told(stage, (w) => setWatches2(w, { persistentWatches: ['/a'], persistentRecursiveWatches: ['/'] })),
      ).toEqual(['setWatches2 Ok @4']);
    });

    test('sends events of nodes that may not be read', () => {
      const stage = scene(shards);
      stage.writer.setAcl('/a', NOBODY);
      stage.server.run();
      expect(told(stage, (w) => setWatches2(w, { dataWatches: ['/a'], existWatches: ['/a'] }))).toEqual([
        'event NodeDataChanged /a @-1',
        'event NodeCreated /a @-1',
        'setWatches2 Ok @5',
      ]);
    });

    test.each([
      ['persistent', { persistentWatches: null, persistentRecursiveWatches: ['/a'] }, ['Data', 'Any']],
      ['recursive', { persistentWatches: ['/a'], persistentRecursiveWatches: null }, ['Data', 'Any', 'Persistent']],
    ])('with a null %s vector fails, but what stood before it is done', (_what, lists, kinds) => {
      const stage = scene(shards);
      expect(told(stage, (w) => setWatches2(w, { relativeZxid: 9n, dataWatches: ['/a'], ...lists }))).toEqual([
        'setWatches2 MarshallingError @4',
      ]);
      expect(kindsAt(stage)).toEqual(kinds);
    });

    test('accepts null paths of lasting watches', () => {
      const stage = scene(shards);
      expect(told(stage, (w) => setWatches2(w, { persistentRecursiveWatches: [null] }))).toEqual(['setWatches2 Ok @4']);
      expect(kindsAt(stage, null)).toEqual(['Any', 'PersistentRecursive']);
    });

    test('with the lists of setWatches only does not decode', () => {
      const stage = scene(shards);
      const body = new Uint8Array(8 + 3 * 4);
      expect(told(stage, (w) => w.request(OpCode.setWatches2, body, Xid.setWatches))).toEqual([
        'setWatches2 MarshallingError @4',
      ]);
    });

    test('keeps its place behind writes in flight', () => {
      const stage = scene(shards);
      expect(
        told(stage, (w) => {
          w.setData('/a', 'x');
          setWatches2(w, { relativeZxid: 4n, dataWatches: ['/a', '/a/c'], persistentWatches: ['/a/c'] });
          w.setData('/a/c', 'x');
        }),
      ).toEqual([
        'setData Ok @5',
        'event NodeDataChanged /a @-1',
        'setWatches2 Ok @5',
        'event NodeDataChanged /a/c @6',
        'setData Ok @6',
      ]);
    });
  });
});
