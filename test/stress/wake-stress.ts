/**
 * Whole actor systems in which nearly every record is a wake-up: `node dist/test/stress/wake-stress.js --seconds 30`.
 * A few tokens go round a circle of threads of both kinds, the main thread among them. A wake-up that is lost stops a
 * token for ever (no actor ticks), which the main thread sees. Reports hops and time per hop; exits with 1 if one stopped.
 * Then the same threads idle: what they cost when nothing happens but ticks.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { ActorSystem } from '../../src/actor/actor-system.js';
import { silentLogger } from '../../src/actor/logger.js';
import type { ThreadSpec } from '../../src/actor/placement.js';
import { WakeBy } from '../../src/actor/thread-host.js';
import type { Topology } from '../../src/actor/topology.js';

const STUCK_AFTER_MS = 5_000;
const WATCH_PERIOD_MS = 100;
const TICK_MS = 200;
const FACTORY = new URL('./wake-actors.js', import.meta.url);

interface Circle {
  readonly name: string;
  readonly kinds: readonly ThreadSpec['kind'][];
  readonly tokens: number;
  readonly wakeBy: WakeBy;
  readonly spinMicros?: number;
}

/** The first thread of each is the main thread. */
const CIRCLES: readonly Circle[] = [
  { name: 'main, blocking', kinds: ['event-loop', 'blocking'], tokens: 1, wakeBy: WakeBy.memory },
  { name: 'main, event loop', kinds: ['event-loop', 'event-loop'], tokens: 1, wakeBy: WakeBy.memory },
  { name: 'main, event loop by port', kinds: ['event-loop', 'event-loop'], tokens: 1, wakeBy: WakeBy.port },
  {
    name: 'four threads, 1 token',
    kinds: ['event-loop', 'blocking', 'event-loop', 'blocking'],
    tokens: 1,
    wakeBy: WakeBy.memory,
  },
  {
    name: 'four threads, 3 tokens',
    kinds: ['event-loop', 'blocking', 'event-loop', 'blocking'],
    tokens: 3,
    wakeBy: WakeBy.memory,
  },
  {
    name: 'main, blocking, both spin',
    kinds: ['event-loop', 'blocking'],
    tokens: 1,
    wakeBy: WakeBy.memory,
    spinMicros: 20,
  },
  {
    name: 'main, event loop, both spin',
    kinds: ['event-loop', 'event-loop'],
    tokens: 1,
    wakeBy: WakeBy.memory,
    spinMicros: 20,
  },
];

function circleSystem(circle: Circle): ActorSystem {
  const places = circle.kinds.length;
  const topology: Topology = {
    actors: circle.kinds.map((_, place) => ({
      name: `hop.${place}`,
      kind: 'hop',
      policy: 'fatal',
      config: { place, places },
    })),
    links: circle.kinds.map((_, place) => ({
      from: `hop.${place}`,
      outbox: 'next',
      to: `hop.${(place + 1) % places}`,
      inbox: 'previous',
    })),
  };
  const threads = circle.kinds.map((kind, place): ThreadSpec => {
    const name = place === 0 ? 'main' : `thread-${place}`;
    return { name, kind, actors: [`hop.${place}`], spinMicros: circle.spinMicros ?? 0 };
  });
  return system(topology, threads, circle.wakeBy);
}

function system(topology: Topology, threads: readonly ThreadSpec[], eventLoopWakeBy: WakeBy): ActorSystem {
  return new ActorSystem({
    topology,
    placement: { name: 'test', threads },
    factoryUrl: FACTORY,
    log: silentLogger,
    eventLoopWakeBy,
    // Rings thread doorbells to see whether they live, and would so make good for a wake-up that was lost.
    watchPeriodMs: 3_600_000,
    onFatal: (error, name) => {
      throw new Error(`${name}: ${error.message}`);
    },
  });
}

async function runCircle(circle: Circle, seconds: number): Promise<{ hops: number; lost: boolean }> {
  const actors = circleSystem(circle);
  await actors.start();
  const counters = actors.counters();
  const hopsSoFar = (): number => counters.sum('records', 'hop.');
  const beginMs = performance.now();
  await actors.control('hop.0', { tokens: circle.tokens });
  let [before, changedMs, nowMs] = [-1, beginMs, beginMs];
  let lost = false;
  while (!lost && nowMs - beginMs < seconds * 1000) {
    await delay(WATCH_PERIOD_MS);
    nowMs = performance.now();
    const hops = hopsSoFar();
    if (hops !== before) [before, changedMs] = [hops, nowMs];
    else lost = nowMs - changedMs > STUCK_AFTER_MS;
  }
  const hops = hopsSoFar();
  const [woken, perHop] = [counters.sum('wakes_sent', 'thread.'), ((nowMs - beginMs) * 1000) / hops];
  const outcome = lost ? 'wake-up lost' : 'ok';
  console.log(`${circle.name.padEnd(28)} ${hops} hops, ${woken} wake-ups, ${perHop.toFixed(1)} us per hop: ${outcome}`);
  await actors.stop(0);
  return { hops, lost };
}

/** Three threads whose actors do nothing but tick; returns the share of one core they take, in percent. */
async function measureIdle(seconds: number): Promise<number> {
  const names = ['main', 'loop', 'blocking'];
  const actors = names.flatMap((thread) => [`${thread}.a`, `${thread}.b`]);
  const topology: Topology = {
    actors: actors.map((name) => ({ name, kind: 'ticker', policy: 'fatal', config: { tickMs: TICK_MS } })),
    links: [],
  };
  const threads = names.map((name): ThreadSpec => {
    const kind = name === 'blocking' ? 'blocking' : 'event-loop';
    return { name, kind, actors: actors.filter((actor) => actor.startsWith(`${name}.`)) };
  });
  const idle = system(topology, threads, WakeBy.memory);
  await idle.start();
  // Past start-up: compilers and collectors have work of their own for a while.
  await delay(500);
  const [before, beginMs] = [process.cpuUsage(), performance.now()];
  await delay(seconds * 1000);
  const used = process.cpuUsage(before);
  const percent = (used.user + used.system) / 10 / (performance.now() - beginMs);
  const ticks = await Promise.all(actors.map((name) => idle.control(name, null)));
  console.log(`idle, ${names.length} threads, ticks every ${TICK_MS} ms: ${percent.toFixed(2)} % of a core`);
  const ticksMin = Math.floor((seconds * 1000) / TICK_MS / 2);
  if (ticks.some((count) => (count as number) < ticksMin)) throw new Error(`ticks are missing: ${ticks.join(' ')}`);
  await idle.stop(1000);
  return percent;
}

async function main(): Promise<void> {
  const index = process.argv.indexOf('--seconds');
  const seconds = index < 0 ? 14 : Number(process.argv[index + 1]);
  const share = seconds / (CIRCLES.length + 1);
  let [hops, lost] = [0, 0];
  for (const circle of CIRCLES) {
    const result = await runCircle(circle, share);
    hops += result.hops;
    if (result.lost) lost++;
  }
  const idlePercent = await measureIdle(share);
  console.log(`total: ${(hops / 1e6).toFixed(2)} M hops, ${lost} wake-ups lost, idle ${idlePercent.toFixed(2)} %`);
  if (lost > 0) process.exitCode = 1;
}

await main();
