/**
 * A server that cannot start says why in a line and exits with ZooKeeper's code: configuration 2, data directory 3, a port
 * in use 1. It must end by itself, soon, and leave nothing behind.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePort } from '../testing/free-port.js';
import { runTool, type ToolRun } from '../testing/run-tool.js';
import { serverUnderTest } from '../testing/server-under-test.js';
import { makeTempDir, type TempDir } from '../testing/temp-dir.js';

const DEADLINE_MS = 20_000;

let dir: TempDir;
let port: number;
let occupant: Server | null = null;

beforeEach(async () => {
  dir = makeTempDir('bad-start');
  port = await freePort();
});
afterEach(() => {
  occupant?.close();
  occupant = null;
  dir.remove();
});

function start(configFile: string | null): Promise<ToolRun> {
  const [program, ...args] = serverUnderTest.command(configFile ?? '', {});
  return runTool(program, configFile === null ? args.slice(0, -1) : args, { deadlineMs: DEADLINE_MS, cwd: dir.path });
}

/** Starts with this configuration; what the server says is on either stream. */
async function startWith(lines: Record<string, string | number>): Promise<{ code: number | null; says: string }> {
  const configFile = join(dir.path, 'zoo.cfg');
  const all = { tickTime: 2000, clientPortAddress: '127.0.0.1', 'admin.enableServer': 'false', ...lines };
  writeFileSync(
    configFile,
    Object.entries(all)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  );
  const run = await start(configFile);
  return { code: run.code, says: run.stdout + run.stderr };
}

test('no arguments: usage, exit 2', async () => {
  const run = await start(null);
  expect(run.code).toBe(2);
  expect(run.stderr).toMatch(/^Usage: /m);
});

test('no such configuration file: exit 2', async () => {
  const run = await start(join(dir.path, 'missing.cfg'));
  expect(run.code).toBe(2);
  expect(run.stdout + run.stderr).toContain('Invalid config, exiting abnormally');
});

test('a directory in place of the configuration file: exit 2', async () => {
  const run = await start(dir.path);
  expect(run.code).toBe(2);
  expect(run.stdout + run.stderr).toContain('Invalid config, exiting abnormally');
});

test('no dataDir: exit 2', async () => {
  const { code, says } = await startWith({ clientPort: port });
  expect(code).toBe(2);
  expect(says).toContain('dataDir is not set');
});

test('a port that is no number: exit 2', async () => {
  const { code, says } = await startWith({ clientPort: 'many', dataDir: join(dir.path, 'data') });
  expect(code).toBe(2);
  expect(says).toContain('Invalid config, exiting abnormally');
});

test('a data directory that cannot be: exit 3', async () => {
  const file = join(dir.path, 'file');
  writeFileSync(file, '');
  const { code, says } = await startWith({ clientPort: port, dataDir: join(file, 'data') });
  expect(code).toBe(3);
  expect(says).toContain('Unable to access datadir, exiting abnormally');
});

test('a port in use: exit 1', async () => {
  occupant = createServer();
  await new Promise<void>((resolve) => occupant?.listen(port, '127.0.0.1', resolve));
  const dataDir = join(dir.path, 'data');
  mkdirSync(dataDir);
  const { code, says } = await startWith({ clientPort: port, dataDir });
  expect(code).toBe(1);
  expect(says).toContain('Address already in use');
});
