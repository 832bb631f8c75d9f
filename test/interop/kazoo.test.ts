/**
 * kazoo, the Python client, against our server: its recipes and watches, one Python script per recipe, each in a process
 * of its own and bounded in time. Debian's interpreter is named in full, since kazoo is installed for that one.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repositoryRoot } from '../testing/repository-root.js';
import { requireTool, runTool } from '../testing/run-tool.js';
import type { ServerProcess } from '../testing/server-process.js';
import { startServerUnderTest } from '../testing/server-under-test.js';

const PYTHON = '/usr/bin/python3';
const CASES = join(repositoryRoot, 'test/interop/kazoo');
const DEADLINE_MS = 55_000;

async function runCase(server: ServerProcess, name: string): Promise<void> {
  const run = await runTool(PYTHON, ['-B', join(CASES, `${name}_case.py`), String(server.port)], {
    deadlineMs: DEADLINE_MS,
  });
  expect(run.code, `${run.stdout}\n${run.stderr}`).toBe(0);
  expect(run.stdout).toMatch(/^ok$/m);
}

beforeAll(async () => {
  requireTool(PYTHON, 'python3');
  const probe = await runTool(PYTHON, ['-c', 'import kazoo'], { deadlineMs: DEADLINE_MS });
  if (probe.code !== 0) throw new Error(`kazoo is missing: apt-get install python3-kazoo\n${probe.stderr}`);
});

describe('kazoo recipes', () => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await startServerUnderTest();
  });
  afterAll(() => server?.stop());

  test.for(['lock', 'election', 'counter', 'queue', 'data_watch', 'children_watch', 'transaction'])('%s', (name) =>
    runCase(server, name),
  );
});

describe('kazoo sessions', () => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await startServerUnderTest({ cfg: { tickTime: 500 } });
  });
  afterAll(() => server?.stop());

  test('ephemerals, expiry and re-opening', () => runCase(server, 'session'));
});
