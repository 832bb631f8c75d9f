/**
 * Members that die, one or several or all at a time, that stand still, that die again while they come back, under sessions that
 * write: no acknowledged write may be lost, no session expire, and in the end all members must show the same trees. Stages have
 * threads of their own in some members and share one in others.
 *
 * Command: node dist/test/system/member-chaos.js [--seed 1] [--times 20] [--members 3]
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Prng } from '../../src/base/prng.js';
import { EnsembleProcess } from '../testing/ensemble-process.js';
import { exitOnSignals } from '../testing/exit-on-signals.js';
import { readEqualTrees } from '../testing/tree-reading.js';
import { until } from '../testing/until.js';
import { WireConnection } from '../testing/wire-connection.js';
import { EnsembleWriter } from './ensemble-writer.js';
import { Ledger } from './kill-nine-ledger.js';

const WRITERS = 6;
const OUTSTANDING = 16;
const PATIENCE_MS = 60_000;
const PLACEMENTS = ['compact', 'pipeline', 'staged'] as const;

interface MemberChaosOptions {
  readonly seed: number;
  readonly times: number;
  readonly members: number;
  readonly onTrial: (line: string) => void;
}

/** How many writes were acknowledged. Throws what is wrong. */
async function endureChaos({ seed, times, members, onTrial }: MemberChaosOptions): Promise<number> {
  const random = new Prng(seed);
  await using ensemble = await EnsembleProcess.start({
    kinds: Array.from({ length: members }, () => 'threadkeeper' as const),
    cfg: { tickTime: 1000, snapCount: 2000, maxSessionTimeout: 60_000 },
    cfgOf: (sid) => ({
      'threadkeeper.placement': PLACEMENTS[(sid + seed) % PLACEMENTS.length],
      'threadkeeper.connectionShards': sid === 2 ? 2 : 1,
    }),
  });
  const ports = ensemble.members.map(({ clientPort }) => clientPort);
  const anyone = (): number => 1 + random.below(members);
  const writers: EnsembleWriter[] = [];
  let failure: Error | null = null;
  const acknowledged = (): number => writers.reduce((sum, { ledger }) => sum + ledger.acknowledged, 0);

  const dieAndComeBack = async (sids: ReadonlySet<number>): Promise<void> => {
    for (const sid of sids) await ensemble.kill(sid);
    await delay(random.below(1500));
    for (const sid of sids) await ensemble.startMember(sid);
  };
  const faults: readonly (() => Promise<string>)[] = [
    async () => {
      const sid = anyone();
      await dieAndComeBack(new Set([sid]));
      return `${sid} died`;
    },
    async () => {
      const sids = new Set([anyone(), anyone()]);
      await dieAndComeBack(sids);
      return `${[...sids].join(' and ')} died`;
    },
    async () => {
      await dieAndComeBack(new Set(ensemble.members.map(({ sid }) => sid)));
      return 'all died';
    },
    async () => {
      const sid = anyone();
      await ensemble.pause(sid);
      await delay(500 + random.below(7000));
      ensemble.resume(sid);
      return `${sid} stood still`;
    },
    async () => {
      const [first, second] = [anyone(), anyone()];
      await dieAndComeBack(new Set([first]));
      await delay(random.below(700));
      if (ensemble.member(second).isRunning) await dieAndComeBack(new Set([second]));
      return `${first} died, and ${second} while it came back`;
    },
  ];

  try {
    for (let i = 0; i < WRITERS; i++) {
      const ledger = new Ledger(`/w${i}`, random.fork(`writer ${i}`));
      writers.push(await EnsembleWriter.open(ledger, i, { ports, outstanding: OUTSTANDING }));
    }
    const work = Promise.all(writers.map((writer) => writer.run()));
    work.catch((error: Error) => {
      failure = error;
    });
    for (let trial = 1; trial <= times; trial++) {
      const before = acknowledged();
      await delay(100 + random.below(800));
      await until('acknowledged writes', PATIENCE_MS, () => {
        if (failure !== null) throw failure;
        return acknowledged() > before;
      });
      const fault = faults[random.below(faults.length)] as (typeof faults)[number];
      const what = await fault();
      await ensemble.awaitServing();
      onTrial(`${trial}: ${what}; ${acknowledged()} acknowledged so far`);
    }
    for (const writer of writers) writer.stop();
    await work;
    // A leader that has proposed nothing yet is at the beginning of its epoch, where nobody else is.
    await (await WireConnection.openSession(ports[0] as number)).closeSession();
    await ensemble.awaitSameZxid();
    for (const port of ports) for (const writer of writers) await writer.verifyAll(port);
    await readEqualTrees(ports);
    return acknowledged();
  } finally {
    for (const writer of writers) writer.destroy();
  }
}

exitOnSignals();
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    times: { type: 'string', default: '20' },
    members: { type: 'string', default: '3' },
  },
});
const seed = Number(values.seed);
const count = await endureChaos({
  seed,
  times: Number(values.times),
  members: Number(values.members),
  onTrial: (line) => console.log(line),
});
console.log(`seed ${seed}: ${count} acknowledged writes, none lost`);
