// The answer of the command `figures`, made into one list of numbers by name: gauges as they are, latencies as they were in the time
// between two answers. Pure; for the page and for `threadkeeper top`. Names are those of `monitor`, but percentiles here are of that
// time alone.
//
//   cnt_x   how many since the start       avg_x, p50_x, p99_x, max_x   of those between the two answers; absent if there were none

import type { Fields } from './server-api.js';

interface Spread {
  readonly count: number;
  readonly sum: number;
  readonly buckets: readonly (readonly [ms: number, count: number])[];
}

export interface ServerFigures {
  readonly named: Fields;
  readonly summaries: Readonly<Record<string, Spread>>;
}

export function figuresBetween(before: ServerFigures | null, answer: Fields): ServerFigures {
  const { gauges = {}, summaries = {}, server_state: state, version } = answer;
  const now = summaries as Readonly<Record<string, Spread>>;
  const named: Record<string, unknown> = { ...(gauges as Fields), server_state: state ?? 'not serving', version };
  for (const [name, spread] of Object.entries(now)) {
    const was = before?.summaries[name];
    const isSame = was !== undefined && was.count <= spread.count;
    Object.assign(named, between(name, isSame ? was : { count: 0, sum: 0, buckets: [] }, spread));
  }
  return { named, summaries: now };
}

function between(name: string, was: Spread, now: Spread): Fields {
  const earlier = new Map(was.buckets);
  const buckets = now.buckets
    .map(([ms, count]) => [ms, count - (earlier.get(ms) ?? 0)] as const)
    .filter(([, count]) => count > 0);
  const count = buckets.reduce((total, [, more]) => total + more, 0);
  const total: Record<string, number> = { [`cnt_${name}`]: now.count };
  if (count === 0) return total;
  total[`avg_${name}`] = (now.sum - was.sum) / (now.count - was.count || count);
  total[`p50_${name}`] = valueAt(buckets, count * 0.5);
  total[`p99_${name}`] = valueAt(buckets, count * 0.99);
  total[`max_${name}`] = valueAt(buckets, count);
  return total;
}

/** The least value that so many do not exceed. */
function valueAt(buckets: readonly (readonly [ms: number, count: number])[], rank: number): number {
  let passed = 0;
  for (const [ms, count] of buckets) {
    passed += count;
    if (passed >= rank) return ms;
  }
  return 0;
}
