/**
 * Stress of the connection counts on real threads: several shards open and close connections of a few addresses in a table
 * of one bucket, so that rows change hands all the time and taking a row meets counting on it.
 *
 *   node dist/test/stress/connection-counts-stress.js [--seconds 3] [--seed 1]
 *
 * A row on which somebody counts must keep its address's hash until nobody does: looked at behind every opening and before
 * every close. Beside the table an exact count of each address is kept with atomic operations: a limit may be passed by one
 * for each other shard that accepts in the same moment, and not by more. When all have left, the table must limit every
 * address exactly, as if nothing had been. Prints what was done; exits 1 when anything was wrong.
 */
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Prng } from '../../src/base/prng.js';
import { ConnectionCounts, REFUSED } from '../../src/net/connection-counts.js';

const SHARDS = 3;
const ADDRESSES = 64;
const LIMIT = 2;
/** Of one shard; together fewer than a bucket has rows. */
const HELD_MAX = 6;

interface Task {
  readonly memory: SharedArrayBuffer;
  readonly exact: SharedArrayBuffer;
  readonly hashes: readonly number[];
  readonly shard: number;
  readonly seconds: number;
  readonly seed: number;
}

interface Report {
  readonly opened: number;
  readonly refused: number;
  readonly withoutRow: number;
  readonly mostAtOnce: number;
  readonly stolen: number;
}

const addressOf = (i: number): string => `192.168.0.${i}`;

/** As it stands in the table. While another shard tries to take the row, a mark stands there that is no hash. */
function hashAt(memory: SharedArrayBuffer, row: number): number {
  const words = new Int32Array(memory);
  for (;;) {
    const hash = Atomics.load(words, row * (1 + SHARDS));
    if (hash < 1 || hash > SHARDS) return hash;
  }
}

function work({ memory, exact, hashes, shard, seconds, seed }: Task): Report {
  const counts = new ConnectionCounts(memory, shard, SHARDS);
  const truth = new Int32Array(exact);
  const prng = new Prng(seed);
  const held: { row: number; address: number }[] = [];
  const report = { opened: 0, refused: 0, withoutRow: 0, mostAtOnce: 0, stolen: 0 };
  const close = (index: number): void => {
    const [{ row, address }] = held.splice(index, 1);
    if (row !== 0 && hashAt(memory, row) !== hashes[address]) report.stolen++;
    // First the truth, so that it is never above what the table may count.
    Atomics.sub(truth, address, 1);
    counts.remove(row);
  };
  const untilMs = performance.now() + seconds * 1000;
  while (performance.now() < untilMs) {
    for (let i = 0; i < 1000; i++) {
      if (held.length === HELD_MAX || (held.length > 0 && prng.below(2) === 0)) {
        close(prng.below(held.length));
        continue;
      }
      const address = prng.below(ADDRESSES);
      const row = counts.tryAdd(addressOf(address), LIMIT, 0);
      if (row === REFUSED) {
        report.refused++;
        continue;
      }
      report.mostAtOnce = Math.max(report.mostAtOnce, Atomics.add(truth, address, 1) + 1);
      report.opened++;
      if (row === 0) report.withoutRow++;
      else if (hashAt(memory, row) !== hashes[address]) report.stolen++;
      held.push({ row, address });
    }
  }
  while (held.length > 0) close(0);
  return report;
}

/** How many connections an address is granted by a table at rest, less the limit: 0 where all is well. */
function wrongLimits(memory: SharedArrayBuffer): number {
  const counts = new ConnectionCounts(memory, 0, SHARDS);
  let wrong = 0;
  for (let i = 0; i < ADDRESSES; i++) {
    const rows: number[] = [];
    for (let row = 0; row !== REFUSED && rows.length <= LIMIT; ) {
      row = counts.tryAdd(addressOf(i), LIMIT, 0);
      if (row !== REFUSED) rows.push(row);
    }
    if (rows.length !== LIMIT) wrong++;
    for (const row of rows) counts.remove(row);
  }
  return wrong;
}

/** Of every address, from the row it is given while nobody else is there. */
function hashesOf(memory: SharedArrayBuffer): number[] {
  const counts = new ConnectionCounts(memory, 0, SHARDS);
  return Array.from({ length: ADDRESSES }, (_, i) => {
    const row = counts.tryAdd(addressOf(i), 0, 0);
    counts.remove(row);
    return hashAt(memory, row);
  });
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { seconds: { type: 'string', default: '3' }, seed: { type: 'string', default: '1' } },
  });
  const memory = ConnectionCounts.createMemory(SHARDS, Number(values.seed), 1);
  const exact = new SharedArrayBuffer(ADDRESSES * 4);
  const hashes = hashesOf(memory);
  const reports = await Promise.all(
    Array.from({ length: SHARDS }, (_, shard) => {
      const task: Task = {
        memory,
        exact,
        hashes,
        shard,
        seconds: Number(values.seconds),
        seed: Number(values.seed) + shard,
      };
      return new Promise<Report>((resolve, reject) => {
        const worker = new Worker(fileURLToPath(import.meta.url), { workerData: task });
        worker.once('message', resolve);
        worker.once('error', reject);
      });
    }),
  );
  const sum = (of: (report: Report) => number): number => reports.reduce((total, report) => total + of(report), 0);
  const mostAtOnce = Math.max(...reports.map((report) => report.mostAtOnce));
  const stolen = sum((report) => report.stolen);
  const wrong = wrongLimits(memory);
  const left = new Int32Array(exact).reduce((total, count) => total + count, 0);
  process.stdout.write(
    `opened ${sum((r) => r.opened)}, refused ${sum((r) => r.refused)}, without a row ${sum((r) => r.withoutRow)}, ` +
      `most at once ${mostAtOnce} of ${LIMIT}, rows stolen ${stolen}, limits wrong at the end ${wrong}, left open ${left}\n`,
  );
  return wrong === 0 && left === 0 && stolen === 0 && mostAtOnce <= LIMIT + SHARDS - 1 ? 0 : 1;
}

if (isMainThread) process.exitCode = await main();
else parentPort?.postMessage(work(workerData as Task));
