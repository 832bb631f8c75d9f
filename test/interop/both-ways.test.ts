// A random history of about a thousand operations, written by our server and read by Apache's, and the other way round: the same tree,
// sessions and digests. The long form, with ten thousand and all compressions: `npm run soak:both-ways`.

import { expect, test } from 'vitest';
import { type BothWaysOptions, bothWays } from './both-ways/both-ways.js';

const SHORT = { requests: 1000, snapCount: 100 };

test.each<BothWaysOptions>([
  { ...SHORT, writer: 'threadkeeper', seed: 1, compression: '', kill: false, from: 'log' },
  { ...SHORT, writer: 'threadkeeper', seed: 2, compression: 'snappy', kill: true, from: 'snapshot' },
  { ...SHORT, writer: 'apache', seed: 3, compression: '', kill: true, from: 'log' },
  { ...SHORT, writer: 'apache', seed: 4, compression: 'gz', kill: false, from: 'snapshot' },
])('$writer writes, seed $seed, compression "$compression"', async (options) => {
  const report = await bothWays(options);
  expect(report.differences).toEqual([]);
  expect(report.nodes).toBeGreaterThan(10);
  expect(report.sessions).toBeGreaterThan(0);
  expect(report.ephemerals).toBeGreaterThan(0);
  if (options.from === 'log') expect(report.digestsCompared).toBeGreaterThan(3);
  const suffix = options.compression === '' ? '' : `.${options.compression}`;
  expect(report.snapshots.filter((name) => name.endsWith(suffix)).length).toBeGreaterThan(0);
});
