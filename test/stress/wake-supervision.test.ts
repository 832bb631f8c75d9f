import type { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test } from 'vitest';
import type { ActorSystem } from '../../src/actor/actor-system.js';
import type { PreparedWorker } from '../../src/actor/prepared-worker.js';
import type { LinkSpec } from '../../src/actor/topology.js';
import { until, within } from '../testing/until.js';
import type { Failure, Seen } from './wake-actors.js';
import { buildSystem, type TestSystem } from './wake-system.js';

const DEADLINE_MS = 20_000;

const ACTORS = [
  { name: 'sink', kind: 'sink' },
  { name: 'relay', kind: 'relay' },
  { name: 'source', kind: 'source' },
];
const LINKS: LinkSpec[] = [
  { from: 'source', outbox: 'next', to: 'relay', inbox: 'previous', capacityBytes: 8192 },
  { from: 'relay', outbox: 'next', to: 'sink', inbox: 'previous', capacityBytes: 8192 },
];
/** The sink on an event loop of its own, the relay on a thread that parks, the source here. */
const THREE_THREADS = [
  { name: 'main', kind: 'event-loop', actors: ['source'] },
  { name: 'middle', kind: 'blocking', actors: ['relay'], hangTimeoutMs: 3_600_000 },
  { name: 'end', kind: 'event-loop', actors: ['sink'] },
] as const;
/** The same, with a middle that is soon taken for hung; not too soon for a machine with much else to do. */
const IMPATIENT = THREE_THREADS.map((thread) => ({ ...thread, hangTimeoutMs: 1_000 }));
/** Small ones, some near the limit of the ring's own way, and large ones that go beside it. */
const LENGTHS = [8, 100, 31, 1000, 17, 5000, 64, 40_000];

let running: ActorSystem | null = null;

async function start(built: Promise<TestSystem>): Promise<TestSystem> {
  const result = await built;
  running = result.system;
  await within('the system starts', DEADLINE_MS, result.system.start());
  return result;
}

afterEach(async () => {
  await running?.stop(100);
  running = null;
});

async function prepare(threadName: string, factory = 'wake-actors.js'): Promise<PreparedWorker> {
  const built = new URL('../../dist/src/actor/prepared-worker.js', import.meta.url);
  const { PreparedWorker } = (await import(built.href)) as typeof import('../../src/actor/prepared-worker.js');
  const factoryUrl = new URL(`../../dist/test/stress/${factory}`, import.meta.url).href;
  return new PreparedWorker(threadName, factoryUrl);
}

function seen(system: ActorSystem): Promise<Seen> {
  return system.control('sink', null) as Promise<Seen>;
}

function send(system: ActorSystem, count: number, lengths = LENGTHS): Promise<unknown> {
  return system.control('source', { send: count, lengths });
}

async function untilSeen(system: ActorSystem, last: number): Promise<Seen> {
  return until(`record ${last} arrives`, DEADLINE_MS, async () => {
    const state = await seen(system);
    return state.last >= last && state;
  });
}

describe('workers begun before the system', () => {
  test('become the thread of their name; what fits no thread is ended', async () => {
    const prepared = await Promise.all([
      prepare('middle'),
      prepare('middle', '../../src/server/log-thread.js'),
      prepare('nobody'),
    ]);
    const [taken, ...unfit] = prepared.map((worker) => Reflect.get(worker, 'worker') as Worker);
    const { system, fatal } = await start(buildSystem(ACTORS, LINKS, THREE_THREADS, { prepared }));
    await send(system, 100);
    expect(await untilSeen(system, 99)).toEqual({ count: 100, last: 99, repeated: 0, missing: [] });
    // The number of a thread that has ended is -1.
    expect(taken?.threadId).toBeGreaterThan(0);
    expect(unfit.map(({ threadId }) => threadId)).toEqual([-1, -1]);
    await system.stop(DEADLINE_MS);
    expect([taken?.threadId, fatal]).toEqual([-1, []]);
    running = null;
  });
});

describe('records', () => {
  test.each([
    ['memory', 'blocking'],
    ['memory', 'event-loop'],
    ['port', 'event-loop'],
  ] as const)(
    'arrive complete and in order; event loops rung by %s, the relay on a %s thread',
    async (wakeBy, kind) => {
      const threads = THREE_THREADS.map((thread) => (thread.name === 'middle' ? { ...thread, kind } : thread));
      const { system } = await start(buildSystem(ACTORS, LINKS, threads, { eventLoopWakeBy: wakeBy }));
      await send(system, 5000);
      expect(await untilSeen(system, 4999)).toEqual({ count: 5000, last: 4999, repeated: 0, missing: [] });
      const counters = system.counters();
      expect(counters.get('source', 'source_to_relay.next_large')).toBe(5000 / 4);
      expect(counters.get('source', 'source_to_relay.next_refusals')).toBeGreaterThan(0);
      expect(counters.get('thread.middle', 'records')).toBe(5000);
      expect(system.ringDepths()).toEqual({ 'source_to_relay.next': 0, 'relay_to_sink.next': 0 });
    },
  );

  test('single ones, each after the one before has arrived, all wake their threads', async () => {
    const { system } = await start(buildSystem(ACTORS, LINKS, THREE_THREADS));
    for (let i = 0; i < 300; i++) {
      await send(system, 1, [8]);
      await untilSeen(system, i);
    }
  });

  test('committed before the stop are taken before it', async () => {
    const { system } = await start(
      buildSystem(ACTORS, LINKS, [{ name: 'main', kind: 'event-loop', actors: ['sink', 'source'] }, THREE_THREADS[1]]),
    );
    // Less than a ring: nothing holds the source up, so all of it is committed when it stops.
    await send(system, 100, [8]);
    await system.stop(DEADLINE_MS);
    running = null;
    expect(system.counters().get('sink', 'records')).toBe(100);
  });
});

describe('a thread that fails', () => {
  // A record whose handler threw is not offered again. A thread that ended had released nothing of its batch. (What lay
  // in its spill would be gone, hence the throw outside of any handler comes while nothing is under way.)
  test.each<[Failure, string, missing: number[]]>([
    ['exit', 'thread middle failed and is replaced', []],
    ['throw-outside', 'thread middle failed and is replaced', []],
    ['hang', 'thread middle failed and is replaced', []],
    ['throw', 'relay failed and is made anew', [1000]],
    ['fatal', 'relay failed and is made anew', [1000]],
  ])('by %s is replaced, and the links go on where they stood', async (failure, message, missing) => {
    const threads = failure === 'hang' ? IMPATIENT : THREE_THREADS;
    const { system, fatal, logged } = await start(buildSystem(ACTORS, LINKS, threads));
    await send(system, 1000);
    await untilSeen(system, 999);
    if (failure === 'throw-outside') {
      await system.control('relay', { fail: failure, now: true });
      await until('the thread is replaced', DEADLINE_MS, () => lives(system, 2));
    } else {
      await system.control('relay', { fail: failure });
    }
    await send(system, 1000);
    await send(system, 1000);
    const state = await untilSeen(system, 2999);
    expect(state).toEqual({ count: 3000 - missing.length, last: 2999, repeated: 0, missing });
    expect(logged).toContain(message);
    expect(fatal).toEqual([]);
  });

  test('as the consumer of large records gets them again from the producer', async () => {
    const { system } = await start(buildSystem(ACTORS, LINKS, THREE_THREADS));
    for (let round = 1; round <= 3; round++) {
      await system.control('relay', { fail: 'exit' });
      await send(system, 100, [50_000]);
      const count = round * 100;
      expect(await untilSeen(system, count - 1)).toEqual({ count, last: count - 1, repeated: 0, missing: [] });
    }
  });

  test('too often is fatal', async () => {
    const options = { restartIntensity: { intensity: 2, periodMs: 60_000 } };
    const { system, fatal } = await start(buildSystem(ACTORS, LINKS, THREE_THREADS, options));
    for (let incarnation = 1; incarnation <= 3; incarnation++) {
      await until(`incarnation ${incarnation} lives`, DEADLINE_MS, () => lives(system, incarnation));
      expect(fatal).toEqual([]);
      await system.control('relay', { fail: 'exit', now: true });
    }
    await until('the failure is fatal', DEADLINE_MS, () => fatal.length > 0);
    expect(fatal).toEqual([['middle', 'thread middle ended with code 3']]);
  });

  test.each<[Failure, string]>([
    ['exit', 'thread middle ended with code 3'],
    ['throw-outside', 'thrown outside of any handler'],
    ['hang', 'thread middle hung and was terminated'],
    ['throw', 'thrown by a handler'],
    ['fatal', 'reported by the actor'],
  ])('by %s with an actor on it that must not fail is fatal', async (failure, message) => {
    const actors = ACTORS.map((actor) => (actor.name === 'relay' ? { ...actor, policy: 'fatal' as const } : actor));
    const { system, fatal } = await start(buildSystem(actors, LINKS, failure === 'hang' ? IMPATIENT : THREE_THREADS));
    await system.control('relay', { fail: failure, now: true });
    await until('the failure is fatal', DEADLINE_MS, () => fatal.length > 0);
    expect(fatal).toEqual([['relay', message]]);
  });
});

/** Counters outlive the threads that count. */
async function lives(system: ActorSystem, incarnation: number): Promise<boolean> {
  if (system.counters().get('thread.middle', 'starts') < incarnation) return false;
  const answer = await system.control('relay', { find: 'nothing' }).catch(() => 'gone');
  return answer === null;
}

describe('starting and stopping', () => {
  test('a system that cannot start leaves nothing behind', async () => {
    const actors = [...ACTORS, { name: 'broken', kind: 'broken' }];
    const threads = [...THREE_THREADS, { name: 'extra', kind: 'blocking', actors: ['broken'] } as const];
    const { system } = await buildSystem(actors, LINKS, threads);
    await expect(system.start()).rejects.toThrow('this actor cannot be made');
  });

  test('a thread that hangs is terminated at the deadline', async () => {
    const { system, logged } = await start(buildSystem(ACTORS, LINKS, THREE_THREADS));
    await system.control('relay', { fail: 'hang', now: true });
    await within('the system stops', DEADLINE_MS, system.stop(200));
    running = null;
    expect(logged).toContain('thread middle is terminated');
  });
});

test('shared memory offered by one thread is found by all, also by one made later', async () => {
  const { system } = await start(buildSystem(ACTORS, LINKS, THREE_THREADS));
  await system.control('relay', { offer: 'slab.1' });
  expect(await system.control('sink', { find: 'slab.1' })).toBe(42);
  expect(await system.control('sink', { find: 'slab.2' })).toBe(null);
  await system.control('relay', { fail: 'exit', now: true });
  const found = await until('the new relay answers', DEADLINE_MS, async () => {
    try {
      return { value: await system.control('relay', { find: 'slab.1' }) };
    } catch {
      return false;
    }
  });
  expect(found.value).toBe(42);
});
