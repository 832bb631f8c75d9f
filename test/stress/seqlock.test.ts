// The short run of seqlock-stress.ts for every test run; it needs the built output, as workers cannot start from source.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../dist/test/stress/seqlock-stress.js', import.meta.url));

function run(...args: string[]): { status: number | null; output: string } {
  if (!existsSync(SCRIPT)) throw new Error('dist/test is not built: run npx tsc -b');
  const child = spawnSync(process.execPath, [SCRIPT, ...args], { encoding: 'utf8', timeout: 50_000 });
  return { status: child.status, output: child.stdout + child.stderr };
}

describe('the seqlock on real threads', () => {
  it('lets no torn read through', () => {
    const { status, output } = run('--seconds', '3', '--seed', '7');
    expect(output).toContain('torn 0');
    expect(status, output).toBe(0);
    expect(Number(/([\d.]+) million reads/.exec(output)?.[1])).toBeGreaterThan(0.01);
    expect(Number(/([\d.]+) million nodes walked/.exec(output)?.[1])).toBeGreaterThan(0);
  });

  it('would show torn reads if nobody checked', () => {
    const { status, output } = run('--seconds', '2', '--seed', '8', '--unchecked');
    expect(status, output).toBe(0);
  });
});
