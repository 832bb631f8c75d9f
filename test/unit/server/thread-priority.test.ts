import { readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';

const MODULE = new URL('../../../dist/src/server/thread-priority.js', import.meta.url).href;

/** The niceness of the worker's thread as the system tells it: field 19 of its stat, counted behind the name. */
const SOURCE = `
  import { readFileSync } from 'node:fs';
  import { parentPort } from 'node:worker_threads';
  import { yieldToOtherThreads } from ${JSON.stringify(MODULE)};
  const niceness = () => {
    const stat = readFileSync('/proc/thread-self/stat', 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
  };
  const before = niceness();
  parentPort.postMessage({ done: yieldToOtherThreads(), before, after: niceness() });
`;

test.runIf(process.platform === 'linux')('a thread that yields is alone in it', async () => {
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(SOURCE)}`));
  const told = await new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  await worker.terminate();
  const own = getPriority();
  expect(told).toEqual({ done: true, before: own, after: Math.max(own, 10) });
  const stat = readFileSync(`/proc/${process.pid}/stat`, 'latin1');
  expect(Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])).toBe(own);
});
