/**
 * Command: node dist/test/unit/net/fuzz/soak-fuzz.js [--frames 3000000] [--seed 1000] [--per-seed 20000]. Fuzzes one server
 * after the other until so many frames have been sent; stops at the first seed that finds something. Also watches that the
 * process does not grow from one server to the next.
 */
import { parseArgs } from 'node:util';
import { FuzzRun } from './fuzz-run.js';

const { values } = parseArgs({
  options: {
    frames: { type: 'string', default: '3000000' },
    seed: { type: 'string', default: '1000' },
    'per-seed': { type: 'string', default: '20000' },
  },
});
const framesWanted = Number(values.frames);
const perSeed = Number(values['per-seed']);
const GROWTH_BYTES_MAX = 1 << 30;
/** Servers before memory is looked at: the heap has found its size by then. */
const WARM_UP_SEEDS = 20;

const beganMs = performance.now();
let frames = 0;
let replies = 0;
let seed = Number(values.seed);
let settledBytes = 0;
for (let servers = 1; frames < framesWanted; servers++, seed++) {
  const report = new FuzzRun(seed).run(perSeed);
  frames += report.frames;
  replies += report.replies;
  const bytes = process.memoryUsage().rss;
  if (servers === WARM_UP_SEEDS) settledBytes = bytes;
  if (servers > WARM_UP_SEEDS && bytes > settledBytes + GROWTH_BYTES_MAX) {
    throw new Error(`seed ${seed}: the process has grown from ${settledBytes >> 20} to ${bytes >> 20} MB`);
  }
  if (servers % 10 === 0) console.log(`seed ${seed}: ${frames} frames, ${replies} replies, ${bytes >> 20} MB`);
}
const seconds = (performance.now() - beganMs) / 1000;
console.log(
  `${frames} frames (${Math.round(frames / seconds)} per second), ${replies} replies, seeds ${values.seed} to ${seed - 1}: ` +
    'no failure, no unanswered request, no change without permission, every tree back from its disk',
);
