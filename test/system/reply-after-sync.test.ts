// No reply leaves the server process before the fdatasync that covers it has returned: the process under strace, with clients
// that write and read, and a walk through the trace. The walk itself is tried on traces that are wrong.

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ServerProcess } from '../testing/server-process.js';
import { straced, wholeTrace } from '../testing/strace.js';
import { makeTempDir } from '../testing/temp-dir.js';
import { threadkeeperServer } from '../testing/threadkeeper-server.js';
import { ReplyOrder } from './trace/reply-order.js';
import { setDataLoad } from './trace/set-data-load.js';

const CALLS = 'pwrite64,pwritev,write,writev,sendto,sendmsg,fdatasync,fsync,ftruncate';

test.each(['compact', 'pipeline'])('%s: of all that clients were told, nothing was early', async (placement) => {
  using directory = makeTempDir('reply-after-sync');
  const traceFile = join(directory.path, 'trace');
  const kind = straced(threadkeeperServer, { calls: CALLS, traceFile, contents: true });
  // A few files, too: their names have to be synced before anything in them is told.
  const server = await ServerProcess.start(kind, {
    cfg: { 'threadkeeper.placement': placement, snapCount: 3000, preAllocSize: 1024 },
    readyMs: 60_000,
  });
  const { acknowledged } = await setDataLoad({ port: server.port, connections: 16, outstanding: 64, durationMs: 700 });
  await server.stop();
  const order = ReplyOrder.of(await wholeTrace(traceFile, server.pid));
  expect(order.violations.slice(0, 5)).toEqual([]);
  expect(order.repliesChecked).toBeGreaterThanOrEqual(acknowledged);
  expect(order.sessionsChecked).toBeGreaterThanOrEqual(17);
  expect(order.logSyncs).toBeGreaterThan(3);
});

describe('the walk through a trace finds', () => {
  const hex = (bytes: Buffer): string => `"${[...bytes].map((b) => `\\x${b.toString(16).padStart(2, '0')}`).join('')}"`;
  const LOG = '7</d/version-2/log.1>';
  const long = (value: bigint): Buffer => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64BE(value);
    return bytes;
  };
  const int = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    return bytes;
  };
  const framed = (payload: Buffer): Buffer => Buffer.concat([int(payload.length), payload]);
  const record = (zxid: bigint, type: number): Buffer => {
    const entry = Buffer.concat([long(0x55n), int(1), long(zxid), long(0n), int(type)]);
    return Buffer.concat([long(0n), int(entry.length), entry, Buffer.from('B')]);
  };
  const wrote = (zxid: bigint, type = 5): string => `1 pwrite64(${LOG}, ${hex(record(zxid, type))}, 45, 16) = 45`;
  const synced = `1 fdatasync(${LOG}) = 0`;
  const named = '1 fsync(8</d/version-2>) = 0';
  const told = (bytes: Buffer): string =>
    `2 write(9<TCP:[127.0.0.1:1->127.0.0.1:2]>, ${hex(bytes)}, 1) = ${bytes.length}`;
  const granted = told(framed(Buffer.concat([int(0), int(4000), long(0x55n), int(16), Buffer.alloc(16)])));
  const answer = (zxid: bigint): string => told(framed(Buffer.concat([int(1), long(zxid), int(0)])));
  const start = [wrote(1n, -10), named, synced, granted];
  const check = (...lines: string[]): string[] => ReplyOrder.of(lines.join('\n')).violations;

  test('nothing where all is right', () => {
    expect(check(...start, wrote(2n), synced, answer(2n), answer(2n))).toEqual([]);
  });

  test.each<[string, string[]]>([
    ['a session granted before its sync', [wrote(1n, -10), named, granted, synced]],
    ['a reply before its sync', [...start, wrote(2n), answer(2n), synced]],
    [
      'a sync that failed',
      [...start, wrote(2n), `1 fdatasync(${LOG}) = -1 EIO (Input/output error) (INJECTED)`, answer(2n)],
    ],
    [
      'a sync that began before the write',
      [
        ...start,
        `1 fdatasync(${LOG} <unfinished ...>`,
        `3 ${wrote(2n).slice(2)}`,
        '1 <... fdatasync resumed>) = 0',
        answer(2n),
      ],
    ],
    [
      'a reply that began before the sync returned',
      [...start, wrote(2n), `1 fdatasync(${LOG} <unfinished ...>`, answer(2n), '1 <... fdatasync resumed>) = 0'],
    ],
    ['a log whose name is not synced', [wrote(1n, -10), synced, granted]],
    ['a gap in what is synced', [...start, wrote(3n), synced, answer(3n)]],
  ])('%s', (_what, lines) => {
    expect(check(...lines)).toHaveLength(1);
  });
});
