// SIGTERM under load (operations 11.3): the server ends within its second, with 143; what it had applied it has answered, what it
// had answered is there after the restart, and sessions go on.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fourLetterWord } from '../testing/four-letter-word.js';
import { freePort } from '../testing/free-port.js';
import { makeTempDir } from '../testing/temp-dir.js';
import { SERVER_MAIN, startThreadkeeper, threadkeeperServer } from '../testing/threadkeeper-server.js';
import { until } from '../testing/until.js';
import { counted, int32, Op, openAcl, request, WireConnection } from '../testing/wire-connection.js';
import { killNine } from './kill-nine-trials.js';

const END_MS = 1500;

test('no write is lost, and none is applied without its answer', async () => {
  const report = await killNine(threadkeeperServer, { times: 3, seed: 7, writers: 4, signal: 'SIGTERM' });
  expect(report.acknowledged).toBeGreaterThan(100);
  expect(report.survivedUnacknowledged).toBe(0);
  expect(report.sessionsReopened).toBe(12);
  expect(report.exitCodes).toEqual([143, 143, 143]);
  expect(Math.max(...report.exitMs)).toBeLessThan(END_MS);
});

test('connections end with a FIN; SIGQUIT tells where the server stands; a second signal does not wait', async () => {
  await using server = await startThreadkeeper();
  const idle = await WireConnection.openSession(server.port);
  // Its replies fill the sockets, so that the end has to wait for it.
  const deaf = await WireConnection.openSession(server.port);
  await deaf.call(1, Op.Create, counted('/big'), counted(new Uint8Array(900_000)), openAcl, int32(0));
  server.signal('SIGQUIT');
  await until('the report', 10_000, () => server.log().includes('Full thread dump Threadkeeper'));
  expect(server.log()).toMatch(/"log" heartbeat \d+\n {3}sync: running/);
  for (let xid = 2; xid < 40; xid++) deaf.send(request(xid, Op.GetData, counted('/big'), Uint8Array.of(0)));
  deaf.socket.pause();
  await until('the server to answer somebody who does not read', 10_000, async () => {
    const received = /Received: (\d+)/.exec(await fourLetterWord(server.port, 'srvr'))?.[1];
    return Number(received) > 5;
  });
  server.signal('SIGTERM');
  await idle.readToEnd();
  expect(await idle.closed).toBe(true);
  expect(server.isRunning).toBe(true);
  const secondMs = performance.now();
  server.signal('SIGTERM');
  expect((await server.exited).code).toBe(143);
  expect(performance.now() - secondMs).toBeLessThan(400);
  deaf.destroy();
});

test('SIGQUIT, when nobody reads what the server says any more, does not end it', async () => {
  const dir = makeTempDir('sigquit');
  const port = await freePort();
  const configFile = join(dir.path, 'zoo.cfg');
  writeFileSync(configFile, `dataDir=${dir.path}\nclientPort=${port}\nadmin.enableServer=false\n`);
  const server = spawn(process.execPath, [SERVER_MAIN, configFile], { stdio: ['ignore', 'pipe', 'ignore'] });
  const exited = once(server, 'exit');
  try {
    server.stdout.resume();
    // The port is tried for a moment before anybody is served.
    const mode = (): Promise<string> => fourLetterWord(port, 'srvr').catch(() => '');
    await until('the server', 10_000, async () => (await mode()).includes('Mode: standalone'));
    server.stdout.destroy();
    server.kill('SIGQUIT');
    for (let i = 0; i < 50; i++) expect(await fourLetterWord(port, 'srvr')).toContain('Mode: standalone');
    server.kill('SIGTERM');
    expect(await exited).toEqual([143, null]);
  } finally {
    server.kill('SIGKILL');
    await exited;
    dir.remove();
  }
});
