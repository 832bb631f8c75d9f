// The simulator from the command line: one seed, told line by line, or many, counted. A seed replays exactly.
//
//   node dist/test/sim/run-sim.js --seed 123 [--log none|full]
//   node dist/test/sim/run-sim.js --seeds 1..1000 [--seconds 600] [--keep-going]
//   ... --reconfig all|none --desertion all|none --crowd all|none --groups all|none --hurry all|none --few all --moves all
//                                                                  members change, leaders are deserted, clients ask much at once,
//                                                                  more than three voters stand in groups, and where members change
//                                                                  they do without a pause: in every seed, or in none; one or two voters;
//                                                                  where members change, one changes its addresses
//   node dist/test/sim/run-sim.js --defects 40 [--only words]      every known defect, and the seed that finds it out
//
// Ends with 1 when an invariant did not hold, and says by which seed that can be seen again.

import { parseArgs } from 'node:util';
import { DEFECTS } from './defects/defects.js';
import { drawPlan, type PlanShares, type SimPlan } from './world/sim-plan.js';
import { type SimResult, SimWorld } from './world/sim-world.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    seconds: { type: 'string' },
    log: { type: 'string' },
    'keep-going': { type: 'boolean' },
    defects: { type: 'string' },
    only: { type: 'string' },
    reconfig: { type: 'string', default: 'some' },
    desertion: { type: 'string', default: 'some' },
    crowd: { type: 'string', default: 'some' },
    groups: { type: 'string', default: 'some' },
    hurry: { type: 'string', default: 'some' },
    few: { type: 'string', default: 'none' },
    moves: { type: 'string', default: 'none' },
  },
});

function planOf(seed: number): SimPlan {
  const { reconfig, desertion, crowd, groups, hurry, few, moves } = values;
  return drawPlan(seed, undefined, { reconfig, desertion, crowd, groups, hurry, few, moves } as PlanShares);
}

function one(seed: number): boolean {
  const isSilent = values.log === 'none';
  const result = new SimWorld(seed, {
    plan: planOf(seed),
    onLine: isSilent ? null : (line) => console.log(line),
  }).run();
  console.log(summary(result));
  return result.violations.length === 0;
}

function summary(result: SimResult): string {
  const { seed, violations, events, virtualMs, committed, answered, epochs, configurations, faults } = result;
  const hit = [...faults].map(([kind, count]) => `${kind} ${count}`).join(', ');
  const lines = [
    `seed ${seed}: ${events} events in ${Math.round(virtualMs)} ms of its time, ${committed} committed, ${answered} answered, ` +
      `${epochs} epochs, ${configurations} configurations; faults: ${hit || 'none'}`,
    ...violations.map(({ invariant, text }) => `  VIOLATION of ${invariant}: ${text}`),
  ];
  return lines.join('\n');
}

function many(range: string): boolean {
  const [from, to] = range.split('..').map(Number) as [number, number];
  const beganMs = performance.now();
  const endMs = beganMs + Number(values.seconds ?? Number.POSITIVE_INFINITY) * 1000;
  const faults = new Map<string, number>();
  const failed: number[] = [];
  const sums = {
    seeds: 0,
    events: 0,
    committed: 0,
    answered: 0,
    epochs: 0,
    configurations: 0,
    losses: 0,
    virtualMs: 0,
  };
  for (let seed = from; seed <= to && performance.now() < endMs; seed++) {
    const result = new SimWorld(seed, { plan: planOf(seed) }).run();
    sums.seeds++;
    sums.events += result.events;
    sums.committed += result.committed;
    sums.answered += result.answered;
    sums.epochs += result.epochs;
    sums.configurations += result.configurations;
    sums.losses += result.lossesAccepted;
    sums.virtualMs += result.virtualMs;
    for (const [kind, count] of result.faults) faults.set(kind, (faults.get(kind) ?? 0) + count);
    if (result.violations.length === 0) continue;
    failed.push(seed);
    console.log(summary(result));
    if (values['keep-going'] !== true) break;
  }
  const seconds = (performance.now() - beganMs) / 1000;
  console.log(
    `${sums.seeds} seeds in ${seconds.toFixed(1)} s (${(sums.seeds / seconds).toFixed(1)} seeds/s, ` +
      `${Math.round(sums.events / seconds)} events/s, ${Math.round(sums.virtualMs / 1000)} s of virtual time)`,
  );
  console.log(
    `${sums.committed} transactions committed, ${sums.answered} requests answered, ${sums.epochs} epochs, ` +
      `${sums.configurations} configurations, ${sums.losses} losses accepted by operators`,
  );
  console.log(`faults: ${[...faults].map(([kind, count]) => `${kind} ${count}`).join(', ')}`);
  console.log(`violations: ${failed.length}${failed.length > 0 ? ` (seeds ${failed.join(' ')})` : ''}`);
  return failed.length === 0;
}

function defects(seedsMax: number, only: string): boolean {
  const chosen = DEFECTS.filter(({ name }) => name.includes(only));
  let found = 0;
  for (const defect of chosen) {
    let verdict = `NOT FOUND OUT in ${seedsMax} seeds`;
    for (let seed = 1; seed <= seedsMax; seed++) {
      const plan = defect.plan?.(seed);
      const { violations } = new SimWorld(seed, { defect, ...(plan === undefined ? {} : { plan }) }).run();
      const [first] = violations;
      if (first === undefined) continue;
      found++;
      verdict = `seed ${seed}: ${first.invariant}: ${first.text.split('\n')[0]}`;
      break;
    }
    console.log(`${defect.name.padEnd(52)} ${verdict}`);
  }
  console.log(`${found} of ${chosen.length} defects found out`);
  return found === chosen.length;
}

const isRight =
  values.defects !== undefined
    ? defects(Number(values.defects), values.only ?? '')
    : values.seeds !== undefined
      ? many(values.seeds)
      : one(Number(values.seed ?? 1));
process.exitCode = isRight ? 0 : 1;
