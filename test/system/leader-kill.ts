/**
 * Command: npm run soak:leader-kill -- [--times 20] [--seed 1] [--writers 6] [--server both|threadkeeper|apache|mixed] [--turn 5].
 * Kills leaders under load, ours and Apache's in turns of a few kills each, or those of an ensemble of both; a line per kill, then how long nobody could write,
 * median and worst; exits 1 with the first broken promise.
 */
import { parseArgs } from 'node:util';
import type { MemberKind } from '../testing/ensemble-process.js';
import { exitOnSignals } from '../testing/exit-on-signals.js';
import { killLeaders } from './leader-kill-trials.js';

exitOnSignals();
const { values } = parseArgs({
  options: {
    times: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    writers: { type: 'string', default: '6' },
    server: { type: 'string', default: 'both' },
    turn: { type: 'string', default: '5' },
  },
});

const times = Number(values.times);
const turn = Math.min(times, Number(values.turn));
const ENSEMBLES: Readonly<Record<string, readonly MemberKind[]>> = {
  threadkeeper: ['threadkeeper', 'threadkeeper', 'threadkeeper'],
  apache: ['apache', 'apache', 'apache'],
  mixed: ['threadkeeper', 'apache', 'threadkeeper'],
};
const names = values.server === 'both' ? ['threadkeeper', 'apache'] : [values.server];
const outages = new Map<string, number[]>(names.map((name) => [name, []]));
const acknowledged = new Map<string, number>(names.map((name) => [name, 0]));

for (let done = 0, round = 0; done < times; done += turn, round++) {
  for (const name of round % 2 === 0 ? names : [...names].reverse()) {
    const kinds = ENSEMBLES[name];
    if (kinds === undefined) throw new Error(`--server: ${name} is none of both, ${Object.keys(ENSEMBLES).join(', ')}`);
    const report = await killLeaders({
      kinds,
      times: Math.min(turn, times - done),
      seed: Number(values.seed) + round,
      writers: Number(values.writers),
      onTrial: (line) => console.log(`${name.padEnd(12)} ${line}`),
    });
    outages.get(name)?.push(...report.outageMs);
    acknowledged.set(name, (acknowledged.get(name) ?? 0) + report.acknowledged);
    console.log(
      `${name.padEnd(12)} ${report.acknowledged} acknowledged writes, none lost (${report.survivedUnacknowledged} more had ` +
        `survived unacknowledged); ${report.nodesVerified} nodes read back, ${report.sessionsReopened} sessions opened again`,
    );
  }
}
for (const [name, list] of outages) {
  const sorted = list.map(Math.round).sort((a, b) => a - b);
  console.log(
    `${name.padEnd(12)} ${sorted.length} leaders killed, ${acknowledged.get(name)} acknowledged writes, none lost; first ` +
      `acknowledged write after ${sorted[0]} … ${sorted[sorted.length >> 1]} … ${sorted.at(-1)} ms (min, median, max)`,
  );
}
