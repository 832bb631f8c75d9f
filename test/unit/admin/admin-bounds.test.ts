// What strangers and slow readers can do to the admin port: garbage, huge requests, crowds, and answers that nobody takes. On a
// plain port and on one that also speaks TLS, where another listener stands in front of the HTTP server.

import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CounterSet } from '../../../src/actor/counters/counters.js';
import { createCountersBuffer } from '../../../src/actor/counters/counters-layout.js';
import { MetricSet } from '../../../src/actor/counters/metric-set.js';
import { createMetricsBuffer } from '../../../src/actor/counters/metrics-layout.js';
import { silentLogger } from '../../../src/actor/logger.js';
import { startAdminServer } from '../../../src/admin/admin-server.js';
import { ManualClock } from '../../../src/base/clock.js';
import { readAdminConfig } from '../../../src/server/admin-config.js';
import { AdminCounters } from '../../../src/server/admin-counters.js';
import type { AdminHost, RunningAdmin } from '../../../src/server/admin-host.js';
import { Settings } from '../../../src/server/settings.js';
import type { LiveStatus } from '../../../src/server/status/live-status.js';
import { CertificateAuthority } from '../../testing/certificates.js';
import { InlineServer } from '../../testing/inline-server.js';
import { until } from '../../testing/until.js';

const WATCHES = 100_000;
/** Answers do not fit into what systems keep for a connection. */
const LONG_NAME = 'x'.repeat(200);
const CONNECTIONS_MAX = 256;

let authority: CertificateAuthority;
let keyStore: string;
let admin: RunningAdmin | null = null;
const sockets: Socket[] = [];
const errors: string[] = [];
const warnings: string[] = [];

beforeAll(() => {
  authority = new CertificateAuthority();
  keyStore = authority.keyStore(authority.issue('server'));
});

afterEach(() => {
  warnings.length = 0;
  for (const socket of sockets.splice(0)) socket.destroy();
  admin?.close();
  admin = null;
});

afterAll(() => authority.remove());

async function start(file: Record<string, string>): Promise<number> {
  const keys = { 'admin.serverPort': '0', 'ssl.quorum.keyStore.location': keyStore, ...file };
  const paths = new Set(Array.from({ length: WATCHES }, (_, i) => `/${LONG_NAME}/${i}`));
  const status: Partial<LiveStatus> = { watches: async () => new Map([[72_057_594_037_927_937n, paths]]) };
  const host: Partial<AdminHost> = {
    config: readAdminConfig(new Settings(new Map(Object.entries(keys)), new Map())),
    auth: InlineServer.defaults().auth,
    log: { ...silentLogger, error: (text) => errors.push(text), warn: (text) => warnings.push(text) },
    clock: new ManualClock(0),
    counters: new AdminCounters(new MetricSet(createMetricsBuffer(), new CounterSet(createCountersBuffer()))),
    isServing: true,
    status: status as LiveStatus,
  };
  admin = await startAdminServer(host as AdminHost);
  return admin.port;
}

function dial(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    sockets.push(socket);
    socket.on('error', reject);
  });
}

/** All that comes, until the server ends it. */
function all(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    socket.removeAllListeners('error').on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
  });
}

async function said(port: number, text: string): Promise<string> {
  const socket = await dial(port);
  socket.write(text);
  return await all(socket);
}

const GET = 'GET /commands/ruok HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
const GET_WATCHES = GET.replace('ruok', 'watches');

describe.each([
  ['plain', {}],
  ['plain and TLS', { 'admin.portUnification': 'true' }],
])('a port that is %s', (_name, file) => {
  it('answers garbage with an error or not at all, and goes on', async () => {
    const port = await start(file);
    for (const garbage of [
      'ruok\n\n',
      '\0\0\0\x2c\0\0\0\0\r\n\r\n',
      '\x17\x03\x03\0\x05hello\r\n\r\n',
      'GET\r\n\r\n',
    ]) {
      expect(await said(port, garbage)).toMatch(/^(HTTP\/1\.1 400 |$)/);
    }
    expect(await said(port, GET)).toMatch(/^HTTP\/1\.1 200 /);
    expect(errors).toEqual([]);
  });

  it('takes no URL and no header that is longer than 8 KB', async () => {
    const port = await start(file);
    expect(await said(port, `GET /commands/${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 /,
    );
    expect(await said(port, GET.replace('Host: x', `Host: ${'x'.repeat(20_000)}`))).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('has room for 256 connections, and for new ones when old ones go', async () => {
    const port = await start(file);
    const crowd = await Promise.all(Array.from({ length: CONNECTIONS_MAX }, () => dial(port)));
    // One request each way tells that the server has accepted them all.
    const last = crowd.at(-1) as Socket;
    last.write(GET);
    expect(await all(last)).toMatch(/^HTTP\/1\.1 200 /);
    crowd.push(await dial(port));
    expect(await said(port, GET).catch(() => '')).toBe('');
    for (const socket of crowd) socket.destroy();
    const isServed = async (): Promise<boolean> => (await said(port, GET).catch(() => '')).startsWith('HTTP/1.1 200 ');
    await until('room for a new one', 20_000, async () => (await isServed()) || undefined);
  });

  it('gives a long answer whole to who reads it late', async () => {
    const port = await start(file);
    const late = await dial(port);
    late.pause();
    late.write(GET_WATCHES);
    expect(await said(port, GET)).toMatch(/^HTTP\/1\.1 200 /);
    const text = await all(late.resume());
    const body = text.slice(text.indexOf('\r\n\r\n') + 4).replace(/(^|\r\n)[0-9a-f]+\r\n/g, '');
    const { session_id_to_watched_paths: watched } = JSON.parse(body) as Record<string, Record<string, string[]>>;
    expect(watched?.['72057594037927937']).toHaveLength(WATCHES);
  });

  it('cuts off who never reads a long answer', async () => {
    const port = await start({ ...file, 'admin.idleTimeout': '300' });
    const deaf = await dial(port);
    deaf.pause();
    deaf.write(GET_WATCHES);
    await until('the answer to be broken off', 20_000, () => (warnings.length > 0 ? true : undefined));
    expect((await all(deaf.resume())).length).toBeLessThan(WATCHES * LONG_NAME.length);
  });
});
