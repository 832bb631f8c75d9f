// Random pipelined operations from several connections, under random scheduling, judged against a sequential model: every
// reply, zxid, event and their order on each connection. With local mailboxes and with rings so small that they spill, that
// rooms are refused and most records travel beside them; with one connection shard and with three; with connections that
// break and sessions that move; and with crashes at random moments, also in the middle of a write to the disk.
//
// A failure names its seed: `SEED=17 npx vitest run random-operations` repeats it alone, `SEEDS=200` tries so many.

import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { SimCrashError } from '../../../src/persistence/sim-file-store.js';
import type { PlacementName } from '../../../src/server/placement-choice.js';
import { judgeDigests } from '../../testing/inline/digest-judge.js';
import { InlineServer } from '../../testing/inline-server.js';
import { Judge } from './model/judge.js';
import { ModelConnection } from './model/model-connection.js';
import { USERS, Workload } from './model/workload.js';

interface Scene {
  readonly placement: PlacementName;
  readonly connectionShards: number;
  readonly ringBytes?: number;
  readonly longBytes: number;
  readonly requests: number;
  /** Connections break, sessions are closed and re-opened. */
  readonly moves?: boolean;
  /** Time goes on, so that TTL nodes go, unused containers too, and sessions expire. */
  readonly time?: boolean;
  readonly crashes?: number;
}

const SCENES: Readonly<Record<string, Scene>> = {
  'local mailboxes, one shard': {
    placement: 'inline',
    connectionShards: 1,
    longBytes: 2000,
    requests: 300,
    moves: true,
  },
  'local mailboxes, while time goes on': {
    placement: 'inline',
    connectionShards: 2,
    longBytes: 500,
    requests: 400,
    moves: true,
    time: true,
  },
  'rings, while time goes on': {
    placement: 'staged',
    connectionShards: 2,
    longBytes: 500,
    requests: 400,
    moves: true,
    time: true,
  },
  'local mailboxes with little room, three shards': {
    placement: 'inline',
    connectionShards: 3,
    ringBytes: 1024,
    longBytes: 3000,
    requests: 300,
    moves: true,
  },
  'rings, three shards': { placement: 'staged', connectionShards: 3, longBytes: 2000, requests: 300, moves: true },
  'small rings, one shard': {
    placement: 'pipeline',
    connectionShards: 1,
    ringBytes: 4096,
    longBytes: 3000,
    requests: 250,
  },
  'smallest rings, three shards': {
    placement: 'staged',
    connectionShards: 3,
    ringBytes: 1024,
    longBytes: 3000,
    requests: 250,
    moves: true,
  },
  'compact, two shards, small rings': {
    placement: 'compact',
    connectionShards: 2,
    ringBytes: 2048,
    longBytes: 20_000,
    requests: 250,
    moves: true,
  },
  'crashes, local mailboxes': {
    placement: 'inline',
    connectionShards: 2,
    longBytes: 2000,
    requests: 300,
    moves: true,
    crashes: 3,
  },
  'crashes, small rings': {
    placement: 'staged',
    connectionShards: 2,
    ringBytes: 4096,
    longBytes: 3000,
    requests: 250,
    moves: true,
    crashes: 3,
  },
};

const SEED_COUNT = Number(process.env.SEEDS ?? 6);
const SEEDS =
  process.env.SEED === undefined ? Array.from({ length: SEED_COUNT }, (_, i) => i + 1) : [Number(process.env.SEED)];
const CONNECTIONS = 5;
const ADDRESS = '127.0.0.1';

class Run {
  readonly connections: ModelConnection[] = [];
  /** By the container manager, as the judge has counted them. */
  removedContainers = 0;
  private readonly scene: Scene;
  private readonly prng: Prng;
  private readonly workload: Workload;
  private readonly extendedTypes: boolean;
  private readonly server: InlineServer;
  /** Sessions whose connection is gone and that may be opened again. */
  private readonly homeless: { sessionId: bigint; password: Uint8Array }[] = [];
  private nextXid = 1;
  private judged: Judge | null = null;
  private crashesLeft: number;
  private crashAtCall = Number.POSITIVE_INFINITY;

  constructor(scene: Scene, seed: number) {
    this.scene = scene;
    this.prng = new Prng(seed).fork(`${scene.placement} ${scene.connectionShards} ${scene.ringBytes}`);
    this.workload = new Workload(this.prng.fork('workload'), { longBytes: scene.longBytes });
    this.crashesLeft = scene.crashes ?? 0;
    this.extendedTypes = this.prng.below(2) === 0;
    this.server = InlineServer.start({
      seed,
      placement: scene.placement,
      connectionShards: scene.connectionShards,
      ...(scene.ringBytes === undefined ? {} : { ringBytes: scene.ringBytes }),
      config: {
        snapCount: 40,
        outstandingLimit: this.prng.below(2) === 0 ? 1000 : 1 + this.prng.below(30),
        extendedTypesEnabled: this.extendedTypes,
        containers: { checkIntervalMs: 50, maxPerMinute: 60_000, maxNeverUsedIntervalMs: 0 },
      },
    });
    this.server.disk.onCall = () => (this.server.disk.callCount >= this.crashAtCall ? 'crash' : 'ok');
    this.planCrash();
  }

  drive(): void {
    let requests = 0;
    const burst = 1 + this.prng.below(20);
    while (requests < this.scene.requests) {
      while (this.living().length < CONNECTIONS) this.open();
      const what = this.prng.below(40);
      if (what < burst) {
        requests++;
        this.request();
      } else if (what === 39 && this.scene.moves === true) {
        this.move();
      } else {
        this.step();
      }
    }
    this.settle();
  }

  judge(): void {
    this.crashAtCall = Number.POSITIVE_INFINITY;
    for (const connection of this.connections) connection.collect();
    const judge = new Judge(this.connections, this.extendedTypes);
    judge.judge(this.server.logged);
    this.judged = judge;
    this.removedContainers = judge.removedContainers;
    this.compareTree(judge);
    expect(judgeDigests(this.server.logged)).toBeGreaterThan(0);
    expect(this.server.counters().sum('watch_count', 'connections.')).toBe(judge.watchCount);
    expect(this.server.counters().sum('outstanding_requests', 'connections.')).toBe(0);
  }

  /** The tree once more as the disk has it, from the last snapshot and the log behind it. */
  judgeReplay(): void {
    this.server.crash();
    this.server.restart();
    this.compareTree(this.judged as Judge);
  }

  /** The tree at the end, node by node, as a client with every right reads it. */
  private compareTree(judge: Judge): void {
    const sweep = new ModelConnection(this.server.connect({ address: ADDRESS }), ADDRESS);
    for (const [user, id] of USERS) sweep.login(user, id);
    for (const path of judge.model.paths) {
      for (const op of [4, 12, 6] as const) sweep.read({ op, path, watch: false });
    }
    this.server.run();
    sweep.collect();
    const replies = sweep.frames.filter((frame) => frame.kind === 'reply').slice(USERS.length);
    const reads = sweep.sent.filter((sent) => sent.kind === 'read');
    expect(replies).toHaveLength(reads.length);
    replies.forEach((reply, i) => {
      judge.judgeRead((reads[i] as (typeof reads)[0]).request, reply, sweep.identities);
    });
    const nodeCount = this.server.tree.nodeCount();
    expect(nodeCount).toBe(judge.model.paths.length);
  }

  /** Sums over all links and shards, by the end of the counter's name. */
  count(suffix: string): number {
    let total = 0;
    this.server.counters().forEach((_owner, name, value) => {
      if (name.endsWith(suffix)) total += value;
    });
    return total;
  }

  private living(): ModelConnection[] {
    return this.connections.filter((connection) => !connection.isOver && !connection.isQuiet);
  }

  private open(): void {
    const shard = this.prng.below(this.scene.connectionShards);
    const systemBytesMax = this.prng.below(3) === 0 ? 200 : 1 << 16;
    const session = this.prng.below(2) === 0 ? this.homeless.pop() : undefined;
    const client = this.server.dial({ shard, address: ADDRESS, systemBytesMax });
    const connection = new ModelConnection(client, ADDRESS);
    client.handshake(session === undefined ? {} : { sessionId: session.sessionId, password: session.password });
    // Nothing is sent before the session is known; what others have sent goes on meanwhile.
    for (let steps = 0; connection.frames.length === 0 && !connection.isOver; steps++) {
      if (steps > 100_000) throw new Error('a handshake is not answered');
      this.step();
      connection.collect();
    }
    if (client.sessionId === 0n) return;
    // xids are never used twice in a session, so that the log tells which request it was.
    client.nextXid = this.nextXid;
    this.nextXid += 10_000;
    for (const [user, id] of USERS) if (this.prng.below(3) === 0) connection.login(user, id);
    this.connections.push(connection);
  }

  private request(): void {
    const living = this.living();
    if (living.length > 0) this.workload.send(living[this.prng.below(living.length)] as ModelConnection);
  }

  private move(): void {
    const living = this.living();
    const connection = living[this.prng.below(Math.max(living.length, 1))];
    if (connection === undefined) return;
    const which = this.prng.below(4);
    if (which === 0) {
      connection.close();
      return;
    }
    this.homeless.push({ sessionId: connection.sessionId, password: connection.client.password });
    // Either the connection breaks first, or the server closes it when the session is opened elsewhere.
    if (which < 3) {
      connection.collect();
      connection.client.connection.destroy();
      connection.isOver = true;
    } else {
      connection.isQuiet = true;
    }
  }

  private step(): void {
    if (this.scene.time === true && this.prng.below(10) === 0) this.server.clock.advance(this.prng.below(100));
    try {
      this.server.stepAtRandom(this.prng);
    } catch (error) {
      if (!(error instanceof SimCrashError)) throw error;
      this.crash();
    }
    for (const connection of this.connections) if (!connection.isOver) connection.collect();
  }

  private settle(): void {
    for (;;) {
      try {
        this.server.runAtRandom(this.prng);
        return;
      } catch (error) {
        if (!(error instanceof SimCrashError)) throw error;
        this.crash();
      }
    }
  }

  private planCrash(): void {
    if (this.crashesLeft === 0) {
      this.crashAtCall = Number.POSITIVE_INFINITY;
      return;
    }
    this.crashesLeft--;
    this.crashAtCall = this.server.disk.callCount + 1 + this.prng.below(150);
  }

  private crash(): void {
    for (const connection of this.connections) connection.collect();
    this.crashAtCall = Number.POSITIVE_INFINITY;
    this.server.crash();
    // A restart takes its time; session ids are made of the clock.
    this.server.clock.advance(10);
    this.server.restart();
    for (const connection of this.connections) {
      for (const frame of connection.frames) {
        if (frame.kind === 'connect') continue;
        expect(frame.zxid, 'a client was told of something that the crash took away').toBeLessThanOrEqual(
          this.server.recoveredZxid,
        );
      }
      if (!connection.isOver)
        this.homeless.push({ sessionId: connection.sessionId, password: connection.client.password });
      connection.isOver = true;
    }
    this.planCrash();
  }
}

describe.each(Object.entries(SCENES))('%s', (_name, scene) => {
  test.each(SEEDS)('seed %d', (seed) => {
    const run = new Run(scene, seed);
    run.drive();
    run.judge();
    run.judgeReplay();
  });
});

test('the smallest rings bring out what they are there for', () => {
  const counters = ['_spilled', '_large', '_refusals', 'reads_stalled', 'reads_forwarded', 'reads_local'];
  const runs = [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => new Run(SCENES['smallest rings, three shards'] as Scene, seed));
  for (const run of runs) {
    run.drive();
    run.judge();
  }
  for (const counter of counters) {
    expect([counter, runs.some((run) => run.count(counter) > 0)]).toEqual([counter, true]);
  }
});

test('while time goes on the container manager has its share', () => {
  const runs = [1, 2, 3, 4].map((seed) => new Run(SCENES['rings, while time goes on'] as Scene, seed));
  for (const run of runs) {
    run.drive();
    run.judge();
  }
  expect(runs.reduce((sum, run) => sum + run.removedContainers, 0)).toBeGreaterThan(5);
});
