/**
 * Watches on a real server, with its connections spread over two shards where it has them: every watcher of a node hears of
 * each change once, and a recursive watch tells a whole history in its order. The C clients of bench/watches are tried along
 * the way: they end with an error at the first event too few or too many.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { repositoryRoot } from '../testing/repository-root.js';
import { runTool } from '../testing/run-tool.js';
import type { ServerProcess } from '../testing/server-process.js';
import { provingAgainstApache, startServerUnderTest } from '../testing/server-under-test.js';
import { makeTempDir } from '../testing/temp-dir.js';
import { counted, int32, Op, openAcl, request, WireConnection } from '../testing/wire-connection.js';

const DEADLINE_MS = 60_000;
const ADD_WATCH = 106;
const RECURSIVE = 1;
const dir = makeTempDir('watches');
const program = join(dir.path, 'watchers');
let server: ServerProcess;

beforeAll(async () => {
  const source = join(repositoryRoot, 'bench/watches/watchers.c');
  const run = await runTool('cc', ['-O2', '-Wall', '-Wextra', '-Werror', '-o', program, source], {
    deadlineMs: DEADLINE_MS,
  });
  if (run.code !== 0) throw new Error(`cc failed: apt-get install gcc libc6-dev\n${run.stderr}`);
  const spread = { 'threadkeeper.placement': 'pipeline', 'threadkeeper.connectionShards': 2 };
  server = await startServerUnderTest({ cfg: provingAgainstApache ? {} : spread });
}, DEADLINE_MS);

afterAll(async () => {
  await server.stop();
  dir.remove();
});

async function watchers(...args: (string | number)[]): Promise<unknown[]> {
  const run = await runTool(program, [server.port, ...args].map(String), { deadlineMs: DEADLINE_MS });
  expect([run.stderr, run.code]).toEqual(['', 0]);
  return run.stdout
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
}

test('two hundred watchers hear of each of ten changes once', { timeout: DEADLINE_MS }, async () => {
  expect(await watchers('fan', 200, 10)).toHaveLength(10);
});

test('watches by the thousand come and go, and others are served meanwhile', { timeout: DEADLINE_MS }, async () => {
  expect(await watchers('hold', 20, 500, 'own')).toMatchObject([{ watches: 10_000 }]);
  expect(await watchers('die', 5000, 0.2)).toMatchObject([{ after: { count: expect.any(Number) } }]);
});

test('a recursive watch hears of every change below it in order', { timeout: DEADLINE_MS }, async () => {
  const watcher = await WireConnection.openSession(server.port);
  const writer = await WireConnection.openSession(server.port);
  try {
    await watcher.call(1, ADD_WATCH, counted('/'), int32(RECURSIVE));
    const due: string[] = [];
    const frames: Buffer[] = [];
    let xid = 0;
    for (let i = 0; i < 300; i++) {
      const path = `/node-${i}`;
      frames.push(request(++xid, Op.Create, counted(path), counted('x'), openAcl, int32(0)));
      frames.push(request(++xid, Op.SetData, counted(path), counted('y'), int32(-1)));
      frames.push(request(++xid, Op.Delete, counted(path), int32(-1)));
      due.push(`1 ${path}`, `3 ${path}`, `2 ${path}`);
    }
    writer.send(...frames);
    const zxids: bigint[] = [];
    for (let i = 0; i < due.length; i++) {
      const { err, zxid } = await writer.nextReply();
      expect(err).toBe(0);
      zxids.push(zxid);
    }
    for (const [i, event] of due.entries()) {
      const { xid: notification, zxid, body } = await watcher.nextReply();
      expect([notification, `${body.readInt32BE(0)} ${body.subarray(12)}`]).toEqual([-1, event]);
      // The reference says -1 before 3.9.
      if (!provingAgainstApache) expect(zxid).toBe(zxids[i]);
    }
  } finally {
    watcher.destroy();
    writer.destroy();
  }
});
