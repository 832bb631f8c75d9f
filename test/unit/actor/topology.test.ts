import { describe, expect, test } from 'vitest';
import { inlinePlacement, type Placement, ThreadKind, threadByActor } from '../../../src/actor/placement.js';
import { ChildPolicy, type LinkSpec, resolveLinks, type Topology } from '../../../src/actor/topology.js';
import { inlineSystem } from './inline-system.js';

function topology(actors: string[], links: LinkSpec[]): Topology {
  return { actors: actors.map((name) => ({ name, kind: name, policy: ChildPolicy.fatal })), links };
}

describe('links', () => {
  test('are called after their ends, and so are the mailboxes', () => {
    const [plain, named] = resolveLinks(
      topology(
        ['prep', 'sync'],
        [
          { from: 'prep', to: 'sync' },
          { from: 'prep', to: 'sync', outbox: 'urgent', inbox: 'prep-urgent', capacityBytes: 4096 },
        ],
      ),
    );
    expect(plain).toMatchObject({ name: 'prep_to_sync', outbox: 'sync', inbox: 'prep' });
    expect(named).toMatchObject({
      name: 'prep_to_sync.urgent',
      outbox: 'urgent',
      inbox: 'prep-urgent',
      capacityBytes: 4096,
    });
  });

  test.each<[string, string[], LinkSpec[], string]>([
    ['an unknown end', ['a'], [{ from: 'a', to: 'b' }], 'leads to b, which is no actor'],
    ['an unknown beginning', ['a'], [{ from: 'b', to: 'a' }], 'comes from b, which is no actor'],
    [
      'two producers for one inbox',
      ['a', 'b', 'c'],
      [
        { from: 'a', to: 'c', inbox: 'in' },
        { from: 'b', to: 'c', inbox: 'in' },
      ],
      'two links share inbox in of c',
    ],
    [
      'two consumers for one outbox',
      ['a', 'b', 'c'],
      [
        { from: 'a', to: 'b', outbox: 'out' },
        { from: 'a', to: 'c', outbox: 'out' },
      ],
      'two links share outbox out of a',
    ],
    ['two actors of one name', ['a', 'a'], [], 'two actors of one name'],
  ])('refuse %s', (_what, actors, links, message) => {
    expect(() => resolveLinks(topology(actors, links))).toThrow(message);
  });
});

test('an actor has room for the counters of as many links as it has', () => {
  const readers = Array.from({ length: 70 }, (_, i) => `reader.${i}`);
  const one = (...inboxes: string[]) => ({
    inboxes: Object.fromEntries(inboxes.map((name) => [name, () => undefined])),
  });
  const actors = Object.fromEntries(readers.map((name) => [name, () => one('writer')]));
  const { fatal } = inlineSystem({
    actors: { writer: () => one(), ...actors },
    links: readers.map((name) => `writer > ${name}`),
  });
  expect(fatal).toEqual([]);
});

describe('placements', () => {
  const two = topology(['a', 'b'], []);
  const placement = (...threads: [string, ThreadKind, string[]][]): Placement => ({
    name: 'test',
    threads: threads.map(([name, kind, actors]) => ({ name, kind, actors })),
  });

  test('say where each actor lives', () => {
    const threads = threadByActor(
      two,
      placement(['main', ThreadKind.eventLoop, ['b']], ['w', ThreadKind.blocking, ['a']]),
    );
    expect([...threads]).toEqual([
      ['b', 'main'],
      ['a', 'w'],
    ]);
    expect([...threadByActor(two, inlinePlacement(two)).values()]).toEqual(['main', 'main']);
  });

  test.each<[string, Placement, string]>([
    ['nowhere', placement(['w', ThreadKind.blocking, ['a']]), 'no thread for b'],
    ['twice', placement(['w', ThreadKind.blocking, ['a', 'b']], ['v', ThreadKind.blocking, ['a']]), 'places a twice'],
    [
      'an actor that is not there',
      placement(['w', ThreadKind.blocking, ['a', 'b', 'c']]),
      'places c, which is no actor',
    ],
    ['on a parked main thread', placement(['main', ThreadKind.blocking, ['a', 'b']]), 'would park the main thread'],
    [
      'on two threads of one name',
      placement(['w', ThreadKind.blocking, ['a']], ['w', ThreadKind.blocking, ['b']]),
      'two threads',
    ],
  ])('refuse %s', (_what, wrong, message) => {
    expect(() => threadByActor(two, wrong)).toThrow(message);
  });
});
