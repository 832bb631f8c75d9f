/**
 * docs/monitoring.md is held against the catalogue: every name with its sentence, and no name of a rule that nothing shows.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { OWN_HISTOGRAMS } from '../../../src/metrics/catalogue/own-histograms.js';
import { METRIC_CATALOGUE } from '../../../src/metrics/metric-catalogue.js';
import { pipelineFamilies } from '../../../src/server/pipeline-families.js';
import { repositoryRoot } from '../../testing/repository-root.js';

const PAGE = readFileSync(join(repositoryRoot, 'docs/monitoring.md'), 'utf8');
const NAMES = new Set([
  ...METRIC_CATALOGUE.map(({ name }) => name),
  ...OWN_HISTOGRAMS.map(({ name }) => name),
  ...pipelineFamilies({ takenMs: 0, uptimeMs: 0, placement: '', threads: [], actors: [], links: [] }).map(
    ({ name }) => name,
  ),
]);

test('every name stands there with its sentence', () => {
  const rows = [
    ...METRIC_CATALOGUE.map(({ name, scope, sentence }) => {
      const where = scope === 'always' ? '' : `(${scope}) `;
      return `| \`${name}\` | ${where}${sentence} |`;
    }),
    ...OWN_HISTOGRAMS.map(({ name, sentence }) => `| \`${name}\` | ${sentence} |`),
  ];
  expect(rows.filter((row) => !PAGE.includes(`${row}\n`) && !PAGE.endsWith(row))).toEqual([]);
});

test('no name stands in a table of names that is none', () => {
  const named = [...PAGE.slice(PAGE.indexOf('## Every name')).matchAll(/^\| `([a-z][a-z0-9_]*)` \|/gm)].map(
    ([, name]) => name as string,
  );
  expect(named.length).toBeGreaterThan(150);
  expect(named.filter((name) => !NAMES.has(name))).toEqual([]);
});

test('rules speak of what there is', () => {
  const rules = PAGE.slice(PAGE.indexOf('## What to watch'), PAGE.indexOf('## How exact'));
  const words = [...rules.matchAll(/`([^`]+)`/g)].flatMap(
    ([, rule]) => (rule as string).match(/\b[a-z]+(?:_[a-z0-9]+)+\b/g) ?? [],
  );
  const metrics = words.map((word) => word.replace(/_(?:sum|count|bucket)$/, (end) => (NAMES.has(word) ? end : '')));
  expect(metrics.filter((word) => !NAMES.has(word) && word !== 'histogram_quantile')).toEqual([]);
  expect(metrics.length).toBeGreaterThan(15);
});
