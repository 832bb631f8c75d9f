// The short run of connection-counts-stress.ts for every test run; it needs the built output, as workers cannot start from
// source.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../dist/test/stress/connection-counts-stress.js', import.meta.url));

it('connection counts on real threads are right', () => {
  if (!existsSync(SCRIPT)) throw new Error('dist/test is not built: run npx tsc -b');
  const child = spawnSync(process.execPath, [SCRIPT, '--seconds', '2', '--seed', '3'], {
    encoding: 'utf8',
    timeout: 50_000,
  });
  const output = child.stdout + child.stderr;
  expect(output).toMatch(/rows stolen 0, limits wrong at the end 0, left open 0/);
  expect(child.status, output).toBe(0);
  expect(Number(/opened (\d+)/.exec(output)?.[1])).toBeGreaterThan(10_000);
});
