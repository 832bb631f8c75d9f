// Every known defect against the simulator: by which seed and which invariant it was found out, and the score.
//
//   node dist/test/sim/run-defects.js [--seeds 40] [--only words] [--from 1]

import { parseArgs } from 'node:util';
import { DEFECTS } from './defects/defects.js';
import { SimWorld } from './world/sim-world.js';

const { values } = parseArgs({
  options: { seeds: { type: 'string' }, only: { type: 'string' }, from: { type: 'string' } },
});
const seedsMax = Number(values.seeds ?? 40);
const from = Number(values.from ?? 1);
const defects = DEFECTS.filter(({ name }) => values.only === undefined || name.includes(values.only));
let caught = 0;
for (const defect of defects) {
  let verdict = `NOT FOUND in ${seedsMax} seeds`;
  for (let count = 1; count <= seedsMax; count++) {
    const seed = from + count - 1;
    const plan = defect.plan?.(seed);
    const { violations } = new SimWorld(seed, { defect, ...(plan === undefined ? {} : { plan }) }).run();
    const [first] = violations;
    if (first === undefined) continue;
    caught++;
    verdict = `seed ${count} of ${seedsMax}: ${first.invariant}: ${first.text.split('\n')[0]}`;
    break;
  }
  console.log(`${defect.name.padEnd(52)} ${verdict}`);
}
console.log(`${caught} of ${defects.length} found out`);
process.exitCode = caught === defects.length ? 0 : 1;
