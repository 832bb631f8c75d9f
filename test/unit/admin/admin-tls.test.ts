// TLS on the admin port over real sockets (operations 3.1): HTTPS alone, both on one port, certificates of clients, who proves what
// by them; stores that cannot be read.

import { createHook } from 'node:async_hooks';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { connect } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CounterSet } from '../../../src/actor/counters/counters.js';
import { createCountersBuffer } from '../../../src/actor/counters/counters-layout.js';
import { CountersReader } from '../../../src/actor/counters/counters-reader.js';
import { MetricSet } from '../../../src/actor/counters/metric-set.js';
import { createMetricsBuffer } from '../../../src/actor/counters/metrics-layout.js';
import { silentLogger } from '../../../src/actor/logger.js';
import { startAdminServer } from '../../../src/admin/admin-server.js';
import { ManualClock } from '../../../src/base/clock.js';
import type { Identity } from '../../../src/processor/acl.js';
import { readAdminConfig } from '../../../src/server/admin-config.js';
import { AdminCounters } from '../../../src/server/admin-counters.js';
import { type AdminHost, AdminTlsError, type RunningAdmin } from '../../../src/server/admin-host.js';
import { Settings } from '../../../src/server/settings.js';
import { CertificateAuthority, type Certified } from '../../testing/certificates.js';
import { InlineServer } from '../../testing/inline-server.js';

let authority: CertificateAuthority;
let server: Certified;
let client: Certified;
let admin: RunningAdmin | null = null;
let counters: CountersReader;
let asked: readonly Identity[] = [];

beforeAll(() => {
  authority = new CertificateAuthority();
  server = authority.issue('server');
  client = authority.issue('client', { subject: '/CN=operator' });
});

afterEach(() => {
  admin?.close();
  admin = null;
});

afterAll(() => authority.remove());

async function start(file: Record<string, string>): Promise<RunningAdmin> {
  const keys = {
    'admin.serverPort': '0',
    'admin.snapshot.enabled': 'true',
    'ssl.quorum.keyStore.location': authority.keyStore(server),
    'ssl.quorum.trustStore.location': authority.own.certFile,
    ...file,
  };
  const buffer = createCountersBuffer();
  counters = new CountersReader({ restorer: buffer });
  const host: Partial<AdminHost> = {
    config: readAdminConfig(new Settings(new Map(Object.entries(keys)), new Map())),
    auth: { ...InlineServer.defaults().auth, schemes: ['ip', 'digest', 'x509'], x509SuperUser: 'CN=operator' },
    log: silentLogger,
    clock: new ManualClock(0),
    counters: new AdminCounters(new MetricSet(createMetricsBuffer(), new CounterSet(buffer))),
    isServing: true,
    ownsRoot: (identities) => {
      asked = identities;
      return false;
    },
  };
  admin = await startAdminServer(host as AdminHost);
  return admin;
}

interface Answer {
  readonly status: number;
  readonly strictTransport: string | undefined;
}

function ask(port: number, isTls: boolean, path = '/commands/ruok', options: RequestOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const common = { host: '127.0.0.1', port, path, agent: false, ...options };
    const outgoing = isTls ? httpsRequest({ ca: authority.own.cert, ...common }) : httpRequest(common);
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      response.resume();
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          strictTransport: response.headers['strict-transport-security'],
        }),
      );
    });
    outgoing.end();
  });
}

function insecureCount(): number {
  return counters.sum('insecure_admin_count');
}

describe('TLS on the admin port', () => {
  it('alone: HTTPS with its header, and no HTTP answer in the clear', async () => {
    const { port } = await start({ 'admin.forceHttps': 'true', 'admin.portUnification': 'true' });
    expect(await ask(port, true)).toEqual({ status: 200, strictTransport: 'max-age=86400; includeSubDomains' });
    await expect(ask(port, false)).rejects.toThrow();
    expect(insecureCount()).toBe(0);
  });

  it('beside plain HTTP, which is counted', async () => {
    const { port } = await start({ 'admin.portUnification': 'true' });
    expect(await ask(port, true)).toMatchObject({ status: 200, strictTransport: expect.any(String) });
    expect(insecureCount()).toBe(0);
    expect(await ask(port, false)).toEqual({ status: 200, strictTransport: undefined });
    expect(insecureCount()).toBe(1);
  });

  it('with the certificates of clients, which prove who they are', async () => {
    const { port } = await start({ 'admin.forceHttps': 'true', 'admin.needClientAuth': 'true' });
    await expect(ask(port, true)).rejects.toThrow();
    const known = { key: client.key, cert: client.cert, headers: { Authorization: 'x509' } };
    expect((await ask(port, true, '/commands/snapshot', known)).status).toBe(403);
    expect(asked).toEqual([
      { scheme: 'super', id: 'CN=operator' },
      { scheme: 'x509', id: 'CN=operator' },
    ]);
  });

  it('proves nobody by x509 where no certificate was asked for', async () => {
    const { port } = await start({ 'admin.portUnification': 'true' });
    const bare = { headers: { Authorization: 'x509' } };
    expect((await ask(port, true, '/commands/snapshot', bare)).status).toBe(401);
    expect((await ask(port, false, '/commands/snapshot', bare)).status).toBe(401);
  });

  it('believes X-Forwarded-For only where it is told to', async () => {
    const forwarded = { headers: { Authorization: 'ip', 'X-Forwarded-For': '10.1.2.3, 10.9.9.9' } };
    const { port } = await start({});
    await ask(port, false, '/commands/snapshot', forwarded);
    expect(asked).toEqual([{ scheme: 'ip', id: '127.0.0.1' }]);
    admin?.close();
    const { port: trusting } = await start({ 'IPAuthenticationProvider.usexforwardedfor': 'true' });
    await ask(trusting, false, '/commands/snapshot', forwarded);
    expect(asked).toEqual([{ scheme: 'ip', id: '10.1.2.3' }]);
    await ask(trusting, false, '/commands/snapshot', { headers: { Authorization: 'ip' } });
    expect(asked).toEqual([{ scheme: 'ip', id: '127.0.0.1' }]);
  });

  it('cuts off who begins neither', async () => {
    const { port } = await start({
      'admin.portUnification': 'true',
      'ssl.quorum.handshakeDetectionTimeoutMillis': '50',
    });
    const socket = connect(port, '127.0.0.1');
    await new Promise<void>((resolve) => socket.on('close', () => resolve()));
    expect(await ask(port, false)).toMatchObject({ status: 200 });
  });

  it('leaves no timer behind when it is closed', async () => {
    const timers = new Set<number>();
    const hook = createHook({
      init: (id, type) => {
        if (type === 'Timeout') timers.add(id);
      },
      destroy: (id) => timers.delete(id),
    }).enable();
    try {
      (await start({ 'admin.portUnification': 'true' })).close();
      await nextTurn();
      expect(timers.size).toBe(0);
    } finally {
      hook.disable();
    }
  });

  it('cannot start with stores that cannot be read', async () => {
    const missing = start({ 'admin.forceHttps': 'true', 'ssl.quorum.keyStore.location': '/nowhere/store.pem' });
    await expect(missing).rejects.toBeInstanceOf(AdminTlsError);
    await expect(start({ 'admin.forceHttps': 'true', 'ssl.quorum.keyStore.location': '' })).rejects.toThrow(
      /keyStore\.location is not set/,
    );
  });
});
