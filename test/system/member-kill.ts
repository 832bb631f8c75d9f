/**
 * Command: node dist/test/system/member-kill.js [--seconds 60] [--seed 1] [--writers 3] [--size-factor=0.33].
 * kill -9 of any member of three at any moment, also of two at once and in the middle of what a leader sends them, under load; in
 * the end all members must show every acknowledged write and the same trees. With --size-factor=-1 logs are never sent: then
 * every member that missed more than a few transactions is sent a snapshot. Exits 1 with the first broken promise.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Prng } from '../../src/base/prng.js';
import { EnsembleProcess } from '../testing/ensemble-process.js';
import { exitOnSignals } from '../testing/exit-on-signals.js';
import { readEqualTrees } from '../testing/tree-reading.js';
import { EnsembleWriter } from './ensemble-writer.js';
import { Ledger } from './kill-nine-ledger.js';

const OUTSTANDING = 16;
const WRITING_MS_MAX = 1500;
const AWAY_MS_MAX = 800;
const PATIENCE_MS = 60_000;

exitOnSignals();
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    writers: { type: 'string', default: '3' },
    'size-factor': { type: 'string', default: '0.33' },
  },
});

const random = new Prng(Number(values.seed));
await using ensemble = await EnsembleProcess.start({
  kinds: ['threadkeeper', 'threadkeeper', 'threadkeeper'],
  cfg: { snapshotSizeFactor: Number(values['size-factor']), tickTime: 1000, snapCount: 2000 },
});
const ports = ensemble.members.map(({ clientPort }) => clientPort);
const writers: EnsembleWriter[] = [];
for (let i = 0; i < Number(values.writers); i++) {
  const ledger = new Ledger(`/w${i}`, random.fork(`writer ${i}`));
  writers.push(await EnsembleWriter.open(ledger, i, { ports, outstanding: OUTSTANDING }));
}
try {
  const work = Promise.all(writers.map((writer) => writer.run()));
  let failure: Error | null = null;
  work.catch((error: Error) => {
    failure = error;
  });
  const endMs = performance.now() + Number(values.seconds) * 1000;
  let kills = 0;
  while (performance.now() < endMs && failure === null) {
    await delay(random.below(WRITING_MS_MAX));
    const sid = 1 + random.below(3);
    const victims = random.below(4) === 0 ? [1, 2, 3].filter((other) => other !== sid) : [sid];
    for (const victim of victims) await ensemble.kill(victim);
    kills += victims.length;
    await delay(random.below(AWAY_MS_MAX));
    for (const victim of victims) await ensemble.startMember(victim);
    if (random.below(3) === 0) await ensemble.awaitServing(undefined, PATIENCE_MS);
  }
  if (failure !== null) throw failure;
  await ensemble.awaitServing(undefined, PATIENCE_MS);
  for (const writer of writers) writer.stop();
  await work;
  await ensemble.awaitSameZxid();
  for (const port of ports) for (const writer of writers) await writer.verifyAll(port);
  await readEqualTrees(ports);
  const logs = ensemble.members.map((member) => member.log()).join('\n');
  const sent = ['DIFF', 'TRUNC', 'SNAP'].map((way) => `${logs.split(`The leader sends ${way}`).length - 1} ${way}`);
  const acknowledged = writers.reduce((total, { ledger }) => total + ledger.acknowledged, 0);
  console.log(
    `${kills} kills, ${acknowledged} acknowledged writes, none lost, trees equal; learners were sent ${sent.join(', ')}`,
  );
} finally {
  for (const writer of writers) writer.destroy();
}
