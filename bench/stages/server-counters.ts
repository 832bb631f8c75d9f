/**
 * The counters of a running server of ours: SIGUSR2 makes it write them, as JSON, to the file that its environment names.
 * Counters are numbers under owner (actor or thread) and name; which there are is the server's affair.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerProcess } from '../../test/testing/server-process.js';
import { makeTempDir, type TempDir } from '../../test/testing/temp-dir.js';
import { until } from '../../test/testing/until.js';

const WRITTEN_MS = 10_000;

/** owner -> name -> value */
export type Counters = ReadonlyMap<string, ReadonlyMap<string, number>>;

export class ServerCounters {
  private readonly dir: TempDir = makeTempDir('counters');
  private readonly file = join(this.dir.path, 'counters.json');

  /** What the server must be started with. */
  get env(): Readonly<Record<string, string>> {
    return { THREADKEEPER_COUNTERS_FILE: this.file };
  }

  async read(server: ServerProcess): Promise<Counters> {
    rmSync(this.file, { force: true });
    server.signal('SIGUSR2');
    const tables = await until('the server to write its counters', WRITTEN_MS, () => {
      try {
        return JSON.parse(readFileSync(this.file, 'utf8')) as { counters: Record<string, Record<string, number>> };
      } catch {
        // Not there yet, or half written.
        return undefined;
      }
    });
    return new Map(Object.entries(tables.counters).map(([owner, names]) => [owner, new Map(Object.entries(names))]));
  }

  remove(): void {
    this.dir.remove();
  }
}

const GAUGES = new Set(['batch_max', 'turn_records_max', 'connections', 'outstanding_requests', 'watch_count']);

/** A state or a maximum since the start: the difference of two readings means nothing. */
export function isGauge(name: string): boolean {
  return GAUGES.has(name) || /(_max|_max_ms|_min_ms|depth_bytes)$/.test(name);
}

/** What was counted between two readings; gauges as they were at the second. */
export function countedBetween(from: Counters, to: Counters): Counters {
  const owners = [...to].map(([owner, names]): [string, ReadonlyMap<string, number>] => {
    const before = from.get(owner);
    const difference = [...names].map(([name, value]): [string, number] => [
      name,
      isGauge(name) ? value : value - (before?.get(name) ?? 0),
    ]);
    return [owner, new Map(difference)];
  });
  return new Map(owners);
}
