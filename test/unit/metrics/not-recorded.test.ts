// Every counter and summary of Apache's is recorded somewhere in this server, or has a reason why it is not.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { COUNTERS } from '../../../src/metrics/catalogue/counters.js';
import { NOT_RECORDED } from '../../../src/metrics/catalogue/not-recorded.js';
import * as summaries from '../../../src/metrics/catalogue/summaries.js';
import { repositoryRoot } from '../../testing/repository-root.js';

function sourcesOutsideOfTheCatalogue(): string {
  const files = readdirSync(join(repositoryRoot, 'src'), { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.ts') && !file.startsWith('metrics'))
    .map((file) => readFileSync(join(repositoryRoot, 'src', file), 'utf8'))
    .join('\n');
}

test('what is recorded and what is not are all there is', () => {
  const rows = [COUNTERS, ...Object.values(summaries).filter((value) => Array.isArray(value))].flat();
  expect(rows.length).toBeGreaterThan(100);
  const sources = sourcesOutsideOfTheCatalogue();
  const unrecorded = rows.map(({ name }) => name).filter((name) => !sources.includes(`'${name}'`));
  expect(unrecorded.sort()).toEqual(Object.keys(NOT_RECORDED).sort());
});
