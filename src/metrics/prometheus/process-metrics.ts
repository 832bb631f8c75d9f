/**
 * The process and its virtual machine as dashboards for Apache ZooKeeper show them (operations 4.4): `process_*` are prom-client's own,
 * of the `jvm_*` those that dashboards use, from V8. Lives on the thread of the provider; what other threads know of their heaps is
 * given with each scrape.
 */

import { readFileSync } from 'node:fs';
import { Counter, collectDefaultMetrics, Gauge, Registry, Summary } from 'prom-client';
import type { ThreadMemoryFigures } from '../../actor/thread-memory.js';

const PROCESS_METRICS = [
  'process_start_time_seconds',
  'process_open_fds',
  'process_max_fds',
  'process_virtual_memory_bytes',
  'process_resident_memory_bytes',
];

/** `threads` gives what was told with the scrape under way, of every thread. */
export function registerProcessMetrics(registry: Registry, threads: () => readonly ThreadMemoryFigures[]): void {
  const defaults = new Registry();
  collectDefaultMetrics({ register: defaults });
  for (const name of PROCESS_METRICS) {
    const metric = defaults.getSingleMetric(name);
    // Some are there on Linux only.
    if (metric !== undefined) registry.registerMetric(metric as Gauge | Counter);
  }
  // prom-client's begins with 0 when it is made, and counts when another one of its metrics is asked.
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'Total user and system CPU time spent in seconds.',
    registers: [registry],
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: 'jvm_info',
    help: 'VM version info',
    labelNames: ['version', 'vendor', 'runtime'],
    registers: [registry],
  }).set({ version: process.version, vendor: 'Node.js', runtime: `V8 ${process.versions.v8}` }, 1);
  memory(registry, 'used', 'Used bytes of a given JVM memory area.', threads, ({ heap, rest }) => [heap.used, rest]);
  memory(registry, 'committed', 'Committed (bytes) of a given JVM memory area.', threads, ({ heap, rest }) => [
    heap.committed,
    rest,
  ]);
  // Java says -1 of what has no bound.
  memory(registry, 'max', 'Max (bytes) of a given JVM memory area.', threads, ({ heap }) => [heap.max, -1]);
  garbage(registry, threads);
  new Gauge({
    name: 'jvm_threads_current',
    help: 'Current thread count of a JVM',
    registers: [registry],
    collect() {
      this.set(threadCount());
    },
  });
}

interface Areas {
  readonly heap: { readonly used: number; readonly committed: number; readonly max: number };
  readonly rest: number;
}

function areas(threads: readonly ThreadMemoryFigures[]): Areas {
  const sum = (of: (thread: ThreadMemoryFigures) => number): number => threads.reduce((total, t) => total + of(t), 0);
  return {
    heap: { used: sum((t) => t.heapUsed), committed: sum((t) => t.heapTotal), max: sum((t) => t.heapLimit) },
    rest: sum((t) => t.external + t.arrayBuffers),
  };
}

function memory(
  registry: Registry,
  what: 'used' | 'committed' | 'max',
  help: string,
  threads: () => readonly ThreadMemoryFigures[],
  figures: (areas: Areas) => readonly [heap: number, nonheap: number],
): void {
  new Gauge({
    name: `jvm_memory_bytes_${what}`,
    help,
    labelNames: ['area'],
    registers: [registry],
    collect() {
      const [heap, nonheap] = figures(areas(threads()));
      this.set({ area: 'heap' }, heap);
      this.set({ area: 'nonheap' }, nonheap);
    },
  });
}

/** A summary without quantiles, whose counts are given: prom-client has no way to set them. */
function garbage(registry: Registry, threads: () => readonly ThreadMemoryFigures[]): void {
  const name = 'jvm_gc_collection_seconds';
  const help = 'Time spent in a given JVM garbage collector in seconds.';
  const metric = new Summary({ name, help, registers: [] });
  metric.get = async () => {
    const totals = new Map<string, { count: number; seconds: number }>();
    for (const { collections } of threads()) {
      for (const [gc, { count, ms }] of Object.entries(collections)) {
        const total = totals.get(gc) ?? { count: 0, seconds: 0 };
        totals.set(gc, { count: total.count + count, seconds: total.seconds + ms / 1000 });
      }
    }
    const values = [...totals].flatMap(([gc, { count, seconds }]) => [
      { metricName: `${name}_count`, labels: { gc }, value: count },
      { metricName: `${name}_sum`, labels: { gc }, value: seconds },
    ]);
    return { name, help, type: 'summary', aggregator: 'sum', values } as unknown as Awaited<ReturnType<Summary['get']>>;
  };
  registry.registerMetric(metric);
}

/** Of the whole process, with those of the file system pool and of V8. */
function threadCount(): number {
  try {
    return Number(/^Threads:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? Number.NaN);
  } catch {
    // Not Linux: nobody says.
    return Number.NaN;
  }
}
