/**
 * The client library against the whole inline server, with connections that break at random and servers that crash: a
 * picture of a subtree that is kept by a `watch` loop (read afresh whenever the loop says so) must in the end be the
 * subtree, to the zxid; and every call must be settled, in the order in which the calls were made.
 */
import { expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { KeeperError } from '../../../src/client/keeper-error.js';
import { ZooKeeper } from '../../../src/client/zookeeper.js';
import type { ZooKeeperView } from '../../../src/client/zookeeper-view.js';
import { EventType, KeeperState } from '../../../src/protocol/watch-event.js';
import { SimClientPorts } from '../../testing/inline/sim-client-ports.js';
import { InlineServer } from '../../testing/inline-server.js';
import { settled } from './fake-world.js';

const STEPS = 120;
const NAMES = ['a', 'b', 'c'];
const PATHS = [...NAMES, ...NAMES.flatMap((name) => NAMES.map((child) => `${name}/${child}`))].map(
  (path) => `/${path}`,
);

class World {
  readonly server = InlineServer.start();
  readonly prng: Prng;
  private readonly sims: SimClientPorts[] = [];

  constructor(seed: number) {
    this.prng = new Prng(seed);
  }

  open(): { zk: ZooKeeper; sim: SimClientPorts } {
    const sim = new SimClientPorts(this.server, this.prng.below(1_000_000));
    this.sims.push(sim);
    const options = { sessionTimeoutMs: 40_000, whileDisconnected: 'queue' } as const;
    return { zk: new ZooKeeper('sim:1', options, sim.ports), sim };
  }

  /** Everything that can happen at this moment has happened. */
  async run(): Promise<void> {
    for (let isBusy = true; isBusy; ) {
      this.server.run();
      isBusy = false;
      for (const sim of this.sims) isBusy = sim.pumpAndTurn() || isBusy;
      await settled();
    }
  }

  async advance(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 100) {
      this.server.advance(100);
      await this.run();
    }
  }
}

/** Path to mzxid. */
type Picture = Map<string, bigint>;

async function photograph(view: ZooKeeperView): Promise<Picture> {
  const picture: Picture = new Map();
  await Promise.all(
    PATHS.map(async (path) => {
      const stat = await view.exists(path);
      if (stat !== null) picture.set(path, stat.mzxid);
    }),
  );
  return picture;
}

/** Keeps a picture up to date for as long as the session lives. */
function keepPicture(view: ZooKeeperView): { picture: Picture; retakes: number; failure: unknown } {
  const kept: { picture: Picture; retakes: number; failure: unknown } = {
    picture: new Map(),
    retakes: 0,
    failure: null,
  };
  const follow = async (): Promise<void> => {
    for await (const { type, state, path, zxid } of view.watch('/', { recursive: true })) {
      if (type === EventType.NodeDeleted) kept.picture.delete(path ?? '');
      else if (type !== EventType.None) kept.picture.set(path ?? '', zxid);
      else if (state === KeeperState.SyncConnected) {
        kept.retakes++;
        // A connection that breaks in between announces itself by the next SyncConnected.
        kept.picture = await photograph(view).catch((error: unknown) => {
          if (error instanceof KeeperError && error.name === 'ConnectionLoss') return kept.picture;
          throw error;
        });
      }
    }
  };
  follow().catch((error: unknown) => {
    kept.failure = error;
  });
  return kept;
}

function act(zk: ZooKeeperView, prng: Prng): Promise<unknown> {
  const path = PATHS[prng.below(PATHS.length)] as string;
  switch (prng.below(5)) {
    case 0:
    case 1:
      return zk.create(path);
    case 2:
      return zk.setData(path, new Uint8Array(prng.below(9)));
    case 3:
      return zk.delete(path);
    default:
      return zk.transaction().setData(path, null).create(`${path}x`).delete(`${path}x`).commit();
  }
}

test.each(Array.from({ length: 8 }, (_, i) => i + 1))('seed %i', async (seed) => {
  const world = new World(seed);
  const { prng } = world;
  const writer = world.open();
  const reader = world.open();
  await world.run();
  const made = writer.zk.create('/r');
  await world.run();
  await made;
  const view = reader.zk.chroot('/r');
  const kept = keepPicture(view);
  await world.run();

  const settledOrder: number[] = [];
  let calls = 0;
  for (let step = 0; step < STEPS; step++) {
    const call = calls++;
    const note = (): void => {
      settledOrder.push(call);
    };
    act(writer.zk.chroot('/r'), prng).then(note, (error: unknown) => {
      if (!(error instanceof KeeperError)) throw error;
      note();
    });
    const fate = prng.below(40);
    if (fate < 2) writer.sim.cut();
    else if (fate < 5) reader.sim.cut();
    else if (fate === 5) {
      world.server.crash();
      world.server.restart();
    } else if (fate < 10) await world.advance(prng.below(1500));
    if (fate >= 15) await world.run();
  }
  await world.advance(6000);
  expect([writer.zk.state, reader.zk.state, writer.zk.outstandingCount]).toEqual(['CONNECTED', 'CONNECTED', 0]);
  expect(settledOrder).toEqual(Array.from({ length: calls }, (_, i) => i));
  expect(kept.failure).toBeNull();
  expect(kept.retakes).toBeGreaterThan(1); // else the seed tells nothing
  const truth = photograph(view);
  await world.run();
  const truthMap = await truth;
  // The transaction's short-lived nodes come and go within one zxid: they are in no picture.
  expect([...kept.picture].filter(([path]) => path !== '/').sort()).toEqual([...truthMap].sort());
});
