/**
 * The transaction log alone: records of 150 bytes appended and committed in batches, on a real disk.
 *
 *   node dist/bench/micro/txn-log.js [--seconds 2] [--batches 1,16,64,256,1000]
 *
 * Prints per batch size: records per second, what one commit takes (its fdatasync apart) and what appending one record
 * costs the processor. The preallocation is the default (64 MB steps); the last row shows one batch size without any, so
 * that each write extends the file. Every row is the middle one of three runs: the disk of a shared machine differs by half
 * from run to run. The temporary directory must lie on a real disk (TMPDIR chooses another).
 */
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { SystemClock } from '../../src/actor/system-clock.js';
import { NodeFileStore } from '../../src/persistence/node-file-store.js';
import { TxnLogWriter } from '../../src/persistence/txn-log-writer.js';
import { makeTempDir } from '../../test/testing/temp-dir.js';

const ENTRY_BYTES = 150;
const PRE_ALLOC_BYTES = 64 << 20;
const RUNS = 3;
const COMMITS_MAX = 100_000;

interface Row {
  readonly recordsPerSecond: number;
  readonly commitMs: { readonly mean: number; readonly p50: number; readonly p99: number };
  readonly syncMs: { readonly mean: number; readonly p50: number; readonly p99: number };
  readonly appendNs: number;
}

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '2' },
    batches: { type: 'string', default: '1,16,64,256,1000' },
  },
});

function spread(times: number[]): Row['commitMs'] {
  const sorted = times.sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return { mean: sorted.reduce((sum, time) => sum + time, 0) / sorted.length, p50: at(0.5), p99: at(0.99) };
}

function run(batch: number, seconds: number, preAllocBytes: number): Row {
  using directory = makeTempDir('txn-log-bench');
  const syncs: number[] = [];
  const log = new TxnLogWriter({
    fileStore: new NodeFileStore(),
    directory: directory.path,
    clock: new SystemClock(),
    preAllocBytes,
    forceSync: true,
    sizeLimitBytes: 0,
    syncWarningThresholdMs: 1000,
    onSync: (durationMs) => syncs.push(durationMs),
    onSlowSync: () => undefined,
    warn: () => undefined,
  });
  const entry = new Uint8Array(ENTRY_BYTES).fill(0x5a);
  const commits: number[] = [];
  let zxid = 0;
  let appendMs = 0;
  const end = performance.now() + seconds * 1000;
  const start = performance.now();
  while (performance.now() < end && commits.length < COMMITS_MAX) {
    const before = performance.now();
    for (let i = 0; i < batch; i++) log.append(entry, 0, entry.length, 0, ++zxid);
    const appended = performance.now();
    log.commit();
    appendMs += appended - before;
    commits.push(performance.now() - appended);
  }
  const elapsedMs = performance.now() - start;
  log.close();
  return {
    recordsPerSecond: (zxid / elapsedMs) * 1000,
    commitMs: spread(commits),
    syncMs: spread(syncs),
    appendNs: (appendMs / zxid) * 1e6,
  };
}

function middleOf(batch: number, preAllocBytes: number): Row {
  const rows = Array.from({ length: RUNS }, () => run(batch, Number(values.seconds) / RUNS, preAllocBytes));
  return rows.sort((a, b) => a.recordsPerSecond - b.recordsPerSecond)[RUNS >> 1];
}

function print(name: string, row: Row): void {
  const ms = (time: number): string => time.toFixed(3).padStart(8);
  console.log(
    name.padEnd(24) +
      Math.round(row.recordsPerSecond).toString().padStart(12) +
      ms(row.commitMs.mean) +
      ms(row.commitMs.p50) +
      ms(row.commitMs.p99) +
      ms(row.syncMs.mean) +
      ms(row.syncMs.p50) +
      ms(row.syncMs.p99) +
      row.appendNs.toFixed(0).padStart(10),
  );
}

console.log(`entries of ${ENTRY_BYTES} bytes; commit and sync in ms: mean, p50, p99; append in ns a record`);
console.log(`${'batch'.padEnd(24)}   records/s  commit                  fdatasync                  append`);
const batches = values.batches.split(',').map(Number);
run(64, 0.3, PRE_ALLOC_BYTES); // warm up
for (const batch of batches) print(`${batch}`, middleOf(batch, PRE_ALLOC_BYTES));
print('256, file not grown', middleOf(256, 0));
