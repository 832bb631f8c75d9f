/**
 * kazoo, the Python client, against our server: its recipes and watches, one Python script per recipe, each in a process
 * of its own and bounded in time. Debian's interpreter is named in full, since kazoo is installed for that one.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repositoryRoot } from '../testing/repository-root.js';
import { requireTool, runTool } from '../testing/run-tool.js';
import { jaasEnvironment, SASL_PROVIDER, writeJaasFile } from '../testing/sasl-users.js';
import type { ServerProcess } from '../testing/server-process.js';
import { startServerUnderTest } from '../testing/server-under-test.js';
import { makeTempDir } from '../testing/temp-dir.js';

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

describe('kazoo and SASL', () => {
  const dir = makeTempDir('kazoo-sasl');
  let server: ServerProcess;
  beforeAll(async () => {
    const probe = await runTool(PYTHON, ['-c', 'import puresasl'], { deadlineMs: DEADLINE_MS });
    if (probe.code !== 0) throw new Error(`pure-sasl is missing: apt-get install python3-pure-sasl\n${probe.stderr}`);
    server = await startServerUnderTest({ cfg: SASL_PROVIDER, env: jaasEnvironment(writeJaasFile(dir.path)) });
  });
  afterAll(async () => {
    await server?.stop();
    dir.remove();
  });

  test('logs in, keeps others out, is refused with a wrong password', () => runCase(server, 'sasl'));
});
