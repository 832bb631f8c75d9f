/**
 * Command: node dist/test/system/kill-nine.js [--times 50] [--seed 1] [--writers 4] [--server threadkeeper|apache]
 * [--placement compact]. Prints a line per kill and a summary; exits 1 with the first broken promise.
 */
import { parseArgs } from 'node:util';
import { apacheServer } from '../testing/apache-server.js';
import { exitOnSignals } from '../testing/exit-on-signals.js';
import { threadkeeperServer } from '../testing/threadkeeper-server.js';
import { killNine } from './kill-nine-trials.js';

exitOnSignals();
const { values } = parseArgs({
  options: {
    times: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    writers: { type: 'string', default: '4' },
    server: { type: 'string', default: 'threadkeeper' },
    placement: { type: 'string' },
  },
});

const report = await killNine(values.server === 'apache' ? apacheServer : threadkeeperServer, {
  times: Number(values.times),
  seed: Number(values.seed),
  writers: Number(values.writers),
  ...(values.placement === undefined ? {} : { cfg: { 'threadkeeper.placement': values.placement } }),
  onTrial: (line) => console.log(line),
});
const restarts = [...report.restartMs].sort((a, b) => a - b).map(Math.round);
console.log(
  `${report.kills} kills and ${report.killsDuringRestart} more during restarts, seed ${values.seed}: ` +
    `${report.acknowledged} acknowledged writes, none lost (${report.survivedUnacknowledged} more had survived ` +
    `unacknowledged); ${report.nodesVerified} nodes read back, ${report.sessionsReopened} sessions opened again; ` +
    `restart to first session ${restarts[0]} … ${restarts[restarts.length >> 1]} … ${restarts.at(-1)} ms (min, median, max)`,
);
