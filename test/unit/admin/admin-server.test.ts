// The AdminServer over real HTTP, beside a server that is only played: transport, listing, methods and errors (operations
// 3.1 to 3.3), the order of the checks of snapshot and restore (3.6), rate limits by a clock that is moved, files that are
// streamed to clients who read, who do not, and who go away.

import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CounterSet } from '../../../src/actor/counters/counters.js';
import { createCountersBuffer } from '../../../src/actor/counters/counters-layout.js';
import { MetricSet } from '../../../src/actor/counters/metric-set.js';
import { emptyCells } from '../../../src/actor/counters/metric-set-reader.js';
import { createMetricsBuffer } from '../../../src/actor/counters/metrics-layout.js';
import { silentLogger } from '../../../src/actor/logger.js';
import { startAdminServer } from '../../../src/admin/admin-server.js';
import { ManualClock } from '../../../src/base/clock.js';
import { defaultFigures, type MetricFigure } from '../../../src/metrics/default-figures.js';
import { MetricsReader, NO_GAUGES } from '../../../src/metrics/metrics-reader.js';
import { AclPolicy, type Identity } from '../../../src/processor/acl.js';
import { AdminCounters } from '../../../src/server/admin-counters.js';
import type { AdminHost, RunningAdmin } from '../../../src/server/admin-host.js';
import type { LiveControl } from '../../../src/server/live-control.js';
import { type LiveRestore, RestoreRefused } from '../../../src/server/live-restore.js';
import type { LiveStatus } from '../../../src/server/status/live-status.js';
import type { TreeReader } from '../../../src/store/tree-reader.js';
import { InlineServer } from '../../testing/inline-server.js';
import { makeTempDir, type TempDir } from '../../testing/temp-dir.js';
import { until } from '../../testing/until.js';

const AUTH = { Authorization: 'digest bob:secret' };
const INTERVAL_MS = 300_000;
/** As 3.9.5 lists them. */
const APACHE_COMMANDS = (
  'configuration connection_stat_reset connections dirs dump environment get_trace_mask hash initial_configuration ' +
  'is_read_only last_snapshot leader monitor observer_connection_stat_reset observers restore ruok server_stats ' +
  'set_trace_mask snapshot stat_reset stats system_properties voting_view watch_summary watches watches_by_path zabstate'
).split(' ');

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly bytes: Buffer;
}

let dir: TempDir;
let admin: RunningAdmin;
let clock: ManualClock;
let host: {
  -readonly [K in keyof AdminHost]: AdminHost[K];
};
let counterBuffer: SharedArrayBuffer;
let metricBuffer: SharedArrayBuffer;
let snapshotCount = 0;
/** What the played restore found when it ran, and what it is to do. */
let restored: Buffer[];
let refusal: Error | null;
const warnings: string[] = [];

function configOf(changes: Partial<AdminHost['config']> = {}): AdminHost['config'] {
  return {
    ...InlineServer.defaults().admin,
    port: 0,
    snapshotEnabled: true,
    controlEnabled: false,
    restoreEnabled: true,
    idleTimeoutMs: 2000,
    pageEnabled: false,
    ...changes,
  };
}

async function start(changes: Partial<AdminHost['config']> = {}): Promise<void> {
  host.config = configOf(changes);
  admin = await startAdminServer(host);
}

beforeEach(async () => {
  dir = makeTempDir('admin');
  clock = new ManualClock(1_000_000);
  counterBuffer = createCountersBuffer();
  metricBuffer = createMetricsBuffer();
  snapshotCount = 0;
  restored = [];
  refusal = null;
  warnings.length = 0;
  const snapshotPath = join(dir.path, 'snapshot.1f');
  writeFileSync(snapshotPath, Buffer.alloc(3_000_000, 'snapshot '));
  const file = {
    name: 'snapshot.1f',
    path: snapshotPath,
    zxidHi: 0,
    zxidLo: 0x1f,
    sizeBytes: 3_000_000,
    fileTimeMs: 7999,
  };
  const live = {
    path: join(dir.path, '.tmp-snapshot.restore'),
    run: async () => {
      restored.push(readFileSync(join(dir.path, '.tmp-snapshot.restore')));
      if (refusal !== null) throw refusal;
      clock.advance(40);
      return { zxidHi: 1, zxidLo: 2 };
    },
  };
  host = {
    config: configOf(),
    auth: InlineServer.defaults().auth,
    log: { ...silentLogger, warn: (text) => warnings.push(text), error: (text) => warnings.push(text) },
    clock,
    counters: new AdminCounters(new MetricSet(metricBuffer, new CounterSet(counterBuffer))),
    // Commands that show it are compared with Apache's (test/interop).
    status: {} as LiveStatus,
    isServing: true,
    snapshots: {
      takeSnapshot: async () => {
        snapshotCount++;
        return file;
      },
      isUnfinished: () => false,
      holdSnapshots: () => Promise.resolve(() => undefined),
      lastSnapshot: () => file,
    },
    slowRequests: { thresholdMs: 1000, last: [] },
    pipeline: {
      look: () => ({ takenMs: 1, uptimeMs: 2, placement: 'compact', threads: [], actors: [], links: [] }),
    },
    metrics: {
      stateFields: () => [
        ['version', '3.9'],
        ['server_state', 'standalone'],
      ],
      figures: async () => [
        { key: 'avg_latency', value: 0, isDouble: true },
        { key: 'znode_count', value: 5, isDouble: false },
      ],
      reader: { summary: () => emptyCells() } as unknown as MetricsReader,
      gaugeValues: async () => ({ znode_count: 5 }),
    },
    tree: {} as TreeReader,
    aclPolicy: new AclPolicy(false, []),
    // Shown at work in test/system/runtime-control.test.ts.
    control: {} as LiveControl,
    newRestore: () => live as unknown as LiveRestore,
    restoreRefusal: null,
    ownsRoot: () => true,
  };
});

afterEach(() => {
  admin?.close();
  dir.remove();
});

function ask(
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: Buffer | string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body } = options;
    const outgoing = httpRequest({ host: '127.0.0.1', port: admin.port, path, method, headers, agent: false });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const bytes = Buffer.concat(chunks);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: bytes.toString(), bytes });
      });
    });
    outgoing.end(body);
  });
}

function post(path: string, body: Buffer | string, headers: Record<string, string> = AUTH): Promise<Answer> {
  return ask(path, { method: 'POST', body, headers });
}

function errorText(command: string, error: string | null): string {
  return `{\n  "command" : "${command}",\n  "error" : ${error === null ? 'null' : `"${error}"`}\n}`;
}

describe('transport', () => {
  it('lists the commands by their primary names, without a content type', async () => {
    await start();
    for (const [method, path] of [
      ['GET', '/commands'],
      ['GET', '/commands/'],
      ['POST', '/commands'],
    ] as const) {
      const answer = await ask(path, { method });
      expect(answer.status).toBe(200);
      expect(answer.headers['content-type']).toBeUndefined();
      // Apache's in the order of the alphabet, and then our own.
      const names = [...answer.text.matchAll(/<a href="\/commands\/(\w+)">\1<\/a>\n<br\/>\n/g)].map(([, name]) => name);
      expect(answer.text).toBe(names.map((name) => `<a href="/commands/${name}">${name}</a>\n<br/>\n`).join(''));
      expect(names.slice(0, APACHE_COMMANDS.length)).toEqual(APACHE_COMMANDS);
      expect(names).toContain('pipeline');
    }
  });

  it('answers a command as JSON, and HEAD without it', async () => {
    await start();
    const answer = await ask('/commands/ruok?x=1');
    expect(answer).toMatchObject({ status: 200, text: errorText('ruok', null) });
    expect(answer.headers['content-type']).toBe('application/json');
    expect(await ask('/commands/ruok', { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
  });

  it('knows what it does not know, as it was typed', async () => {
    await start();
    expect(await ask('/commands/nope')).toMatchObject({
      status: 200,
      text: errorText('nope', 'Unknown command: nope'),
    });
    expect((await ask('/commands/no%20pe/x')).text).toContain('Unknown command: no pe/x');
    expect((await post('/commands/nope', 'x')).text).toContain('Unknown command: nope');
  });

  it.each([
    ['PUT', '/commands/ruok', 405],
    ['DELETE', '/commands/ruok', 405],
    ['PATCH', '/commands/ruok', 405],
    ['TRACE', '/commands/ruok', 403],
    ['GET', '/commands/restore', 405],
    ['POST', '/commands/ruok', 405],
  ])('%s %s is %d, empty', async (method, path, status) => {
    await start();
    expect(await ask(path, { method, headers: AUTH })).toMatchObject({ status, text: '' });
  });

  it.each(['/', '/command', '/commandsx/ruok', '/favicon.ico'])('%s is not here', async (path) => {
    await start();
    const answer = await ask(path);
    expect(answer.status).toBe(404);
    expect(answer.headers['content-type']).toMatch(/^text\/html/);
  });

  it('stands below another path, if so configured', async () => {
    await start({ commandUrl: '/zk/admin' });
    expect((await ask('/zk/admin/ruok')).status).toBe(200);
    expect((await ask('/zk/admin')).text).toContain('<a href="/zk/admin/ruok">');
    expect((await ask('/commands/ruok')).status).toBe(404);
  });

  it('says when no client is served', async () => {
    host.isServing = false;
    await start();
    const text = 'This ZooKeeper instance is not currently serving requests';
    expect(await ask('/commands/ruok')).toMatchObject({ status: 200, text: errorText('ruok', text) });
    expect((await ask('/commands/snapshot', { headers: AUTH })).text).toBe(errorText('snapshot', text));
  });

  it('closes connections on which nothing happens', async () => {
    await start({ idleTimeoutMs: 50 });
    const socket = connect(admin.port, '127.0.0.1');
    socket.write('GET /commands/ruok HTTP/1.1\r\nHost: x\r\n\r\n');
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
  });

  it('does not start on a port that is taken', async () => {
    await start();
    host.config = configOf({ port: admin.port });
    await expect(startAdminServer(host)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

describe('last_snapshot', () => {
  it('has the zxid as in file names, and seconds', async () => {
    await start();
    const text = '{\n  "zxid" : "1f",\n  "timestamp" : 7,\n  "command" : "last_snapshot",\n  "error" : null\n}';
    expect((await ask('/commands/lsnp')).text).toBe(text);
    host.snapshots = { ...host.snapshots, lastSnapshot: () => null };
    admin.close();
    await start();
    expect((await ask('/commands/last_snapshot')).text).toContain('"zxid" : "ffffffffffffffff",\n  "timestamp" : -1');
  });
});

describe.each(['snapshot', 'restore'])('%s is for who owns the root (CVE-2025-58457)', (command) => {
  const call = (headers: Record<string, string>): Promise<Answer> =>
    command === 'restore' ? post('/commands/restore', 'body', headers) : ask('/commands/snapshot', { headers });

  it('says so to who has not said who he is', async () => {
    await start();
    expect(await call({})).toMatchObject({
      status: 401,
      text: errorText(command, 'Auth info is missing for the command'),
    });
  });

  it('and to who has said it badly', async () => {
    await start();
    expect(await call({ Authorization: 'basic x' })).toMatchObject({
      status: 401,
      text: errorText(command, 'Not authenticated'),
    });
  });

  it('and to who is somebody else, before it is a question whether the command is on, and how often', async () => {
    host.ownsRoot = () => false;
    await start({ snapshotEnabled: false, restoreEnabled: false });
    const answer = { status: 403, text: errorText(command, 'Not authorized') };
    expect(await call(AUTH)).toMatchObject(answer);
    expect(await call(AUTH)).toMatchObject(answer);
  });

  it('believes no header about an address (CVE-2024-51504)', async () => {
    const seen: (readonly Identity[])[] = [];
    host.ownsRoot = (identities) => {
      seen.push(identities);
      return false;
    };
    await start();
    const forged = { 'X-Forwarded-For': '10.9.8.7', Forwarded: 'for=10.9.8.7', 'X-Real-IP': '10.9.8.7' };
    expect((await call({ ...forged, Authorization: 'ip 10.9.8.7' })).status).toBe(403);
    expect(seen).toEqual([[{ scheme: 'ip', id: '127.0.0.1' }]]);
  });

  it('waits while the root cannot be read', async () => {
    let asked = 0;
    host.ownsRoot = () => (++asked < 3 ? null : false);
    await start();
    expect((await call(AUTH)).status).toBe(403);
    expect(asked).toBe(3);
  });

  it('fails in a word when the root can never be read', async () => {
    host.ownsRoot = () => {
      clock.advance(60_000);
      return null;
    };
    await start();
    expect(await call(AUTH)).toMatchObject({ status: 500, text: errorText(command, 'Error occurred during auth') });
  });

  it('is off by default', async () => {
    const { snapshotEnabled, restoreEnabled } = InlineServer.defaults().admin;
    await start({ snapshotEnabled, restoreEnabled });
    expect(await call(AUTH)).toMatchObject({ status: 503, text: errorText(command, null) });
    expect(snapshotCount + restored.length).toBe(0);
  });

  it('fails without the zxid in snapshots', async () => {
    await start({ serializeLastZxid: false });
    expect(await call(AUTH)).toMatchObject({ status: 500, text: errorText(command, null) });
  });

  it('is answered once per interval, in milliseconds; refusals do not count', async () => {
    await start();
    await call({});
    expect((await call(AUTH)).status).toBe(200);
    expect(await call(AUTH)).toMatchObject({ status: 429, text: errorText(command, null) });
    clock.advance(INTERVAL_MS - 41);
    expect((await call(AUTH)).status).toBe(429);
    clock.advance(41);
    expect((await call(AUTH)).status).toBe(200);
    expect(snapshotCount + restored.length).toBe(2);
  });
});

describe('snapshot', () => {
  it('is the file, whole, with its zxid and size', async () => {
    await start();
    const answer = await ask('/commands/snap', { headers: AUTH });
    expect(answer.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      last_zxid: '0x1f',
      snapshot_size: '3000000',
    });
    expect(answer.bytes.equals(readFileSync(join(dir.path, 'snapshot.1f')))).toBe(true);
  });

  it.each(['false', 'no', ''])('streaming=%s leaves the file where it is', async (streaming) => {
    await start();
    const answer = await ask(`/commands/snapshot?streaming=${streaming}&streaming=true`, { headers: AUTH });
    expect(answer.text).toBe(errorText('snapshot', null));
    expect(answer.headers).toMatchObject({ last_zxid: '0x1f', snapshot_size: '3000000' });
  });

  it('HEAD takes it and says how long it is', async () => {
    await start();
    const answer = await ask('/commands/snapshot', { method: 'HEAD', headers: AUTH });
    expect(answer).toMatchObject({ status: 200, text: '' });
    expect(answer.headers.snapshot_size).toBe('3000000');
    await noneOpen();
  });

  it.each([
    ['cannot be taken', () => Promise.reject(new Error('disk full'))],
    [
      'is gone when it is looked for',
      async () => ({ path: '/nonexistent/snapshot.1', name: '', zxidHi: 0, zxidLo: 1, sizeBytes: 1, fileTimeMs: 0 }),
    ],
  ] as const)('one that %s is an error of this command alone', async (_what, takeSnapshot) => {
    host.snapshots = { ...host.snapshots, takeSnapshot };
    await start();
    expect(await ask('/commands/snapshot', { headers: AUTH })).toMatchObject({
      status: 500,
      text: errorText('snapshot', null),
    });
    expect((await ask('/commands/ruok')).status).toBe(200);
  });

  it('a client that goes away, or does not read, holds no file open for long', async () => {
    writeFileSync(join(dir.path, 'snapshot.1f'), Buffer.alloc(30_000_000));
    await start({ idleTimeoutMs: 300, rateLimiterIntervalMs: 0 });
    const text = `GET /commands/snapshot HTTP/1.1\r\nHost: x\r\nAuthorization: ${AUTH.Authorization}\r\n\r\n`;
    const gone = connect(admin.port, '127.0.0.1', () => gone.write(text));
    await new Promise((resolve) => gone.once('data', resolve));
    gone.destroy();
    const deaf = connect(admin.port, '127.0.0.1', () => deaf.write(text));
    deaf.on('error', () => {});
    deaf.pause();
    await until(
      'both files to be let go',
      10_000,
      () => (snapshotCount === 2 ? openSnapshots() === 0 : undefined) || undefined,
    );
    deaf.destroy();
  });
});

describe('restore', () => {
  it('hands on the body as it came, and answers with the zxid', async () => {
    await start();
    const body = Buffer.alloc(5_000_000, 'restore me ');
    const answer = await post('/commands/restore', body);
    expect(answer).toMatchObject({
      status: 200,
      text: '{\n  "last_zxid" : 4294967298,\n  "command" : "restore",\n  "error" : null\n}',
    });
    expect(restored).toHaveLength(1);
    expect(restored[0]?.equals(body)).toBe(true);
    expect(readdirSync(dir.path)).toEqual(['snapshot.1f']);
  });

  it('asks a client that waits for it to send its body, but only one that may', async () => {
    await start();
    const answer = await post('/commands/rest', 'body', { ...AUTH, Expect: '100-continue' });
    expect(answer.status).toBe(200);
    host.ownsRoot = () => false;
    expect((await post('/commands/rest', 'body', { ...AUTH, Expect: '100-continue' })).status).toBe(403);
    expect(restored).toHaveLength(1);
  });

  it('of a server that takes none is refused in one clear line', async () => {
    host.restoreRefusal = 'the database is another one';
    await start();
    const text = errorText('restore', 'the database is another one');
    expect(await post('/commands/restore', 'body')).toMatchObject({ status: 503, text });
    expect(warnings).toEqual(['Restore command is refused: the database is another one']);
    expect(restored).toEqual([]);
  });

  it('wants a body', async () => {
    await start();
    expect(await post('/commands/restore', '')).toMatchObject({ status: 400, text: errorText('restore', null) });
    expect(readdirSync(dir.path)).toEqual(['snapshot.1f']);
  });

  it('that is refused leaves nothing behind', async () => {
    refusal = new RestoreRefused('it is no snapshot');
    await start();
    expect(await post('/commands/restore', 'hello')).toMatchObject({ status: 500, text: errorText('restore', null) });
    expect(readdirSync(dir.path)).toEqual(['snapshot.1f']);
    expect(warnings.join()).toContain('it is no snapshot');
  });

  it('removes what a crash has left of another one', async () => {
    writeFileSync(join(dir.path, '.tmp-snapshot.restore'), 'half of something long');
    await start();
    expect((await post('/commands/restore', 'new')).status).toBe(200);
    expect(restored[0]?.toString()).toBe('new');
  });

  it('whose place cannot be written is an error of this command alone', async () => {
    mkdirSync(join(dir.path, '.tmp-snapshot.restore'));
    await start();
    expect((await post('/commands/restore', 'new')).status).toBe(500);
    expect((await ask('/commands/ruok')).status).toBe(200);
  });

  it('of a client that goes away, or says nothing more, is forgotten', async () => {
    await start({ idleTimeoutMs: 300, rateLimiterIntervalMs: 0 });
    const text =
      `POST /commands/restore HTTP/1.1\r\nHost: x\r\nAuthorization: ${AUTH.Authorization}\r\n` +
      'Content-Length: 1000\r\n\r\nonly so much';
    for (const leaves of [true, false]) {
      const socket = connect(admin.port, '127.0.0.1', () => socket.write(text));
      socket.on('error', () => {});
      socket.resume();
      await until('the upload to begin', 30_000, () => existsSync(join(dir.path, '.tmp-snapshot.restore')));
      if (leaves) socket.destroy();
      await until('the upload to be removed', 30_000, () =>
        existsSync(join(dir.path, '.tmp-snapshot.restore')) ? undefined : true,
      );
    }
    expect(restored).toEqual([]);
    await until(
      'the next one to be taken',
      5000,
      async () => (await post('/commands/restore', 'x')).status === 200 || undefined,
    );
  });

  it('one at a time', async () => {
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let running = false;
    const live = host.newRestore();
    host.newRestore = () =>
      ({
        path: live.path,
        run: async () => {
          running = true;
          await released;
          return { zxidHi: 0, zxidLo: 1 };
        },
      }) as unknown as LiveRestore;
    await start({ rateLimiterIntervalMs: 0 });
    const first = post('/commands/restore', 'one');
    await until('the first to run', 30_000, () => running);
    expect((await post('/commands/restore', 'two')).status).toBe(429);
    release();
    expect((await first).status).toBe(200);
  });
});

it('shows metrics as mntr does, with a point in what is no whole number by its kind', async () => {
  await start();
  const { text } = await ask('/commands/mntr');
  expect(text).toBe(
    '{\n  "version" : "3.9",\n  "server_state" : "standalone",\n  "avg_latency" : 0.0,\n  "znode_count" : 5,\n' +
      '  "command" : "monitor",\n  "error" : null\n}',
  );
});

it('counts what snapshot and restore come to', async () => {
  await start();
  const counted = (): MetricFigure[] => {
    const reader = new MetricsReader({ counters: { restorer: counterBuffer }, metrics: { restorer: metricBuffer } });
    return defaultFigures(reader.read(NO_GAUGES)).filter(({ key }) => /snapshot_|restore_/.test(key));
  };
  await post('/commands/restore', 'one');
  await post('/commands/restore', 'two');
  clock.advance(INTERVAL_MS);
  refusal = new RestoreRefused('no snapshot');
  await post('/commands/restore', 'three');
  host.snapshots = { ...host.snapshots, takeSnapshot: () => Promise.reject(new Error('disk full')) };
  admin.close();
  await start();
  await ask('/commands/snapshot', { headers: AUTH });
  await ask('/commands/snapshot', { headers: AUTH });
  expect(counted().map(({ key, value }) => `${key} ${value}`)).toEqual([
    'snapshot_error_count 1',
    'snapshot_rate_limited_count 1',
    'restore_error_count 1',
    'restore_rate_limited_count 1',
    'avg_restore_time 40',
    'min_restore_time 40',
    'max_restore_time 40',
    'cnt_restore_time 1',
    'sum_restore_time 40',
  ]);
});

function openSnapshots(): number {
  return readdirSync('/proc/self/fd').filter((fd) => linkOf(fd).endsWith('snapshot.1f')).length;
}

function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}

async function noneOpen(): Promise<void> {
  await until('the file to be let go', 30_000, () => openSnapshots() === 0);
}
