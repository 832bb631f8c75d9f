/**
 * Command: npm run soak:leader-kill -- [--times 20] [--seed 1] [--writers 6] [--server both|threadkeeper|apache] [--turn 5].
 * Kills leaders under load, ours and Apache's in turns of a few kills each; a line per kill, then how long nobody could write,
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
const both: readonly MemberKind[] = ['threadkeeper', 'apache'];
const kinds = both.filter((kind) => values.server === 'both' || values.server === kind);
const outages = new Map<MemberKind, number[]>(kinds.map((kind) => [kind, []]));
const acknowledged = new Map<MemberKind, number>(kinds.map((kind) => [kind, 0]));

for (let done = 0, round = 0; done < times; done += turn, round++) {
  for (const kind of round % 2 === 0 ? kinds : [...kinds].reverse()) {
    const report = await killLeaders({
      kinds: [kind, kind, kind],
      times: Math.min(turn, times - done),
      seed: Number(values.seed) + round,
      writers: Number(values.writers),
      onTrial: (line) => console.log(`${kind.padEnd(12)} ${line}`),
    });
    outages.get(kind)?.push(...report.outageMs);
    acknowledged.set(kind, (acknowledged.get(kind) ?? 0) + report.acknowledged);
    console.log(
      `${kind.padEnd(12)} ${report.acknowledged} acknowledged writes, none lost (${report.survivedUnacknowledged} more had ` +
        `survived unacknowledged); ${report.nodesVerified} nodes read back, ${report.sessionsReopened} sessions opened again`,
    );
  }
}
for (const [kind, list] of outages) {
  const sorted = list.map(Math.round).sort((a, b) => a - b);
  console.log(
    `${kind.padEnd(12)} ${sorted.length} leaders killed, ${acknowledged.get(kind)} acknowledged writes, none lost; first ` +
      `acknowledged write after ${sorted[0]} … ${sorted[sorted.length >> 1]} … ${sorted.at(-1)} ms (min, median, max)`,
  );
}
