// With which code a server ends when something fails that must not (operations 11.1), beyond what test/system/start-errors has: one
// clear line on stderr, and in the log what an operator searches for.

import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fourLetterWord } from '../testing/four-letter-word.js';
import { freePort } from '../testing/free-port.js';
import { runTool, type ToolRun } from '../testing/run-tool.js';
import { PLANTED, saboteur } from '../testing/saboteur.js';
import { makeTempDir, type TempDir } from '../testing/temp-dir.js';
import { SERVER_MAIN } from '../testing/threadkeeper-server.js';
import { until } from '../testing/until.js';

const DEADLINE_MS = 20_000;

let dir: TempDir;
beforeEach(() => {
  dir = makeTempDir('exit-codes');
});
afterEach(() => dir.remove());

function run(lines: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<ToolRun> {
  const path = join(dir.path, 'zoo.cfg');
  const dataDir = join(dir.path, 'data');
  mkdirSync(dataDir);
  writeFileSync(join(dataDir, 'myid'), '1\n');
  writeFileSync(path, [`dataDir=${dataDir}`, 'tickTime=500', ...lines, ''].join('\n'));
  return runTool(process.execPath, [SERVER_MAIN, path], { deadlineMs: DEADLINE_MS, cwd: dir.path, env });
}

/** Somebody else's port, while `work` lasts. */
async function occupied<T>(work: (port: number) => Promise<T>): Promise<T> {
  const occupant = createServer();
  await new Promise<void>((resolve) => occupant.listen(0, '127.0.0.1', resolve));
  const address = occupant.address();
  try {
    return await work(typeof address === 'object' && address !== null ? address.port : 0);
  } finally {
    occupant.close();
  }
}

/** Nobody listens yet: what a server that starts does to those who ask. */
function orNotYet(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED') return undefined;
  throw error;
}

test('4: the AdminServer of a standalone server cannot have its port', async () => {
  const result = await occupied(async (port) =>
    run([`clientPort=${await freePort()}`, `admin.serverPort=${port}`, 'admin.serverAddress=127.0.0.1']),
  );
  expect(result.code).toBe(4);
  expect(result.stderr).toMatch(/^Unable to start AdminServer, exiting abnormally: [^\n]*Address already in use\n$/);
  expect(result.stdout).toContain('Unable to start AdminServer, exiting abnormally\n');
  expect(result.stdout).toMatch(/ - Exiting JVM with code 4\n$/);
});

test('14: the election port is not to be had, after the retries', async () => {
  const ports = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const result = await occupied((port) =>
    run(
      [
        `clientPort=${ports[0]}`,
        'initLimit=5',
        'syncLimit=2',
        'admin.enableServer=false',
        'electionPortBindRetry=2',
        `server.1=127.0.0.1:${ports[1]}:${port}`,
        `server.2=127.0.0.1:${ports[2]}:${ports[3]}`,
        'server.3=127.0.0.1:11:12',
      ],
      {},
    ),
  );
  expect(result.code).toBe(14);
  expect(result.stdout.match(/ERROR .* - Exception while listening to address 127\.0\.0\.1:\d+/g)).toHaveLength(2);
  expect(result.stdout).toMatch(
    /As I'm leaving the listener thread, I won't be able to participate in leader election any longer: 127\.0\.0\.1:\d+\n/,
  );
  expect(result.stdout).toMatch(/ - Exiting JVM with code 14\n$/);
});

test.each(['main', 'prep'])('1: an error that nobody expected, on thread %s', async (thread) => {
  const port = await freePort();
  const { nodeOptions, strike } = saboteur(dir.path, thread);
  const ended = run([`clientPort=${port}`, 'admin.enableServer=false', 'threadkeeper.placement=staged'], {
    NODE_OPTIONS: nodeOptions,
  });
  const served = until('the server serves', DEADLINE_MS, () =>
    fourLetterWord(port, 'srvr').then((answer) => answer.includes('Mode: standalone'), orNotYet),
  );
  // A server that ends before it serves has said why: that is then what the expectations below show.
  await Promise.race([served, ended]);
  strike();
  const result = await ended;
  expect(result.code).toBe(1);
  expect(result.stderr).toBe(`Severe unrecoverable error, from thread : ${thread}: ${PLANTED}\n`);
  expect(result.stdout).toContain(`Severe unrecoverable error, from thread : ${thread}\nError: ${PLANTED}\n`);
  expect(result.stdout).toMatch(
    new RegExp(` - Thread ${thread} exits, error code 1\n[^\n]* - Exiting JVM with code 1\n$`),
  );
});
