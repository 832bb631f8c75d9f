/**
 * Command: node dist/test/interop/faults/print-fault-table.js [--ours-only] [--only words]. Puts our server and Apache's
 * through every fault and prints the table, row by row, with the lines they said. Exits 1 when ours did not do what it has to do.
 */
import { parseArgs } from 'node:util';
import { apacheServer } from '../../testing/apache-server.js';
import { exitOnSignals } from '../../testing/exit-on-signals.js';
import type { ServerKind } from '../../testing/server-process.js';
import type { TempDir } from '../../testing/temp-dir.js';
import { threadkeeperServer } from '../../testing/threadkeeper-server.js';
import { checkAtRest, MANY_FILES } from './check-at-rest.js';
import { makeBase, type Outcome, tellingLine, tryAtRest, tryInPlace, tryRunning } from './fault-trial.js';
import { REST_FAULTS, type RestFault } from './faults-at-rest.js';
import { RUNNING_FAULTS } from './faults-running.js';

exitOnSignals();
const { values } = parseArgs({
  options: { 'ours-only': { type: 'boolean', default: false }, only: { type: 'string', default: '' } },
});
const kinds: readonly ServerKind[] =
  values['ours-only'] === true ? [threadkeeperServer] : [threadkeeperServer, apacheServer];
let failures = 0;

function text({ acknowledged, slowestMs, end, exitMs, restart }: Outcome): string {
  const running =
    end === ''
      ? ''
      : `${acknowledged} acknowledged, slowest ${Math.round(slowestMs)} ms, ${end}${exitMs === null ? '' : ` after ${Math.round(exitMs)} ms`}; `;
  const after =
    restart.served === null
      ? `start refused (${restart.end})`
      : `serves ${restart.served}${restart.isComplete ? '' : ', INCOMPLETE'}`;
  return running + after;
}

function report(name: string, kind: ServerKind, outcome: Outcome, check: (outcome: Outcome) => void): void {
  let verdict = '';
  if (kind === threadkeeperServer) {
    try {
      check(outcome);
    } catch (error) {
      failures++;
      verdict = `  WRONG: ${(error as Error).message}`;
    }
  }
  console.log(`${name} | ${kind.name} | ${text(outcome)}${verdict}`);
  const said = [tellingLine(outcome.lines), outcome.restart.served === null ? tellingLine(outcome.restart.lines) : ''];
  for (const line of said) if (line !== '') console.log(`    ${line.slice(0, 900)}`);
}

for (const fault of RUNNING_FAULTS.filter(({ name }) => name.includes(values.only))) {
  for (const kind of kinds) {
    const outcome = await tryRunning(
      kind,
      (dataDir, directory) => fault.faulty(kind, dataDir, directory),
      fault.cfg,
      fault.killAfter,
    );
    report(fault.name, kind, outcome, fault.check);
  }
}
for (const kind of kinds) {
  using one = await makeBase(kind, {});
  using many = await makeBase(kind, MANY_FILES);
  for (const fault of REST_FAULTS.filter(({ name }) => name.includes(values.only))) {
    const outcome = await tryOne(kind, fault, fault.base === 'one' ? one : many);
    report(fault.name, kind, outcome, (each) => checkAtRest(fault, each));
  }
}
async function tryOne(kind: ServerKind, { damage, inPlace }: RestFault, base: TempDir): Promise<Outcome> {
  if (inPlace !== true) return await tryAtRest(kind, base, damage);
  using own = await makeBase(kind, {});
  return await tryInPlace(kind, own, damage);
}
process.exitCode = failures === 0 ? 0 : 1;
