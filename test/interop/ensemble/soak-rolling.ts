/**
 * Command: npm run soak:rolling -- [--rounds 3] [--seed 1] [--writers 4] [--writing-ms 1500] [--from apache] [--to threadkeeper].
 * Members are replaced by the other kind, one after the other, under load; a line per step and a summary; exits 1 with the first
 * broken promise.
 */
import { parseArgs } from 'node:util';
import type { MemberKind } from '../../testing/ensemble-process.js';
import { exitOnSignals } from '../../testing/exit-on-signals.js';
import { replaceRolling } from './rolling-replacement.js';

exitOnSignals();
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    writers: { type: 'string', default: '4' },
    'writing-ms': { type: 'string', default: '1500' },
    from: { type: 'string', default: 'apache' },
    to: { type: 'string', default: 'threadkeeper' },
  },
});
const kindOf = (name: string): MemberKind => (name === 'apache' ? 'apache' : 'threadkeeper');

const report = await replaceRolling({
  from: kindOf(values.from),
  to: kindOf(values.to),
  seed: Number(values.seed),
  writers: Number(values.writers),
  writingMs: Number(values['writing-ms']),
  rounds: Number(values.rounds),
  onStep: (line) => console.log(line),
});
console.log(
  `${report.steps} members replaced under load, seed ${values.seed}: ${report.acknowledged} acknowledged writes, none lost ` +
    `(${report.survivedUnacknowledged} more had survived unacknowledged); ${report.nodesVerified} nodes read back, ` +
    `${report.digestsCompared} digests compared, ${report.sessionsReopened} sessions opened again`,
);
