/**
 * TLS as a client meets it: a server process of ours with generated certificates, and clients that have the right ones, the
 * wrong ones, none, or no TLS at all.
 */
import { lookupService } from 'node:dns/promises';
import { renameSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CertificateAuthority, type Certified } from '../testing/certificates.js';
import { freePort } from '../testing/free-port.js';
import { readMntr } from '../testing/mntr-lines.js';
import { repositoryRoot } from '../testing/repository-root.js';
import { runTool } from '../testing/run-tool.js';
import type { ServerOptions, ServerProcess } from '../testing/server-process.js';
import { startThreadkeeper } from '../testing/threadkeeper-server.js';
import { until } from '../testing/until.js';
import { counted, Op, openAcl, request, WireConnection } from '../testing/wire-connection.js';

const FLAGS = Buffer.alloc(4);
const DEADLINE_MS = 10_000;

let authority: CertificateAuthority;
let stranger: CertificateAuthority;
let serverCert: Certified;
let alice: Certified;

beforeAll(() => {
  authority = new CertificateAuthority('authority');
  stranger = new CertificateAuthority('stranger');
  serverCert = authority.issue('server');
  alice = authority.issue('alice', { subject: '/C=DE/O=Te, st/CN=alice' });
});
afterAll(() => {
  authority?.remove();
  stranger?.remove();
});

let server: ServerProcess | undefined;
let securePort: number;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

type Cfg = Readonly<Record<string, string | number | undefined>>;

async function start(cfg: Cfg = {}, options: ServerOptions = {}): Promise<ServerProcess> {
  securePort = await freePort();
  server = await startThreadkeeper({
    ...options,
    cfg: {
      secureClientPort: securePort,
      secureClientPortAddress: '127.0.0.1',
      'ssl.keyStore.location': authority.keyStore(serverCert),
      'ssl.trustStore.location': authority.own.certFile,
      ...cfg,
    },
  });
  // The ports are opened one by one.
  await until('the secure port', DEADLINE_MS, async () => {
    const probe = await WireConnection.open(securePort).catch((): undefined => {});
    probe?.destroy();
    return probe;
  });
  return server;
}

/** What a client needs that shows a certificate. */
function as(client: Certified | null, ca: CertificateAuthority = authority): ConnectionOptions {
  const own = client === null ? {} : { key: client.key, cert: client.cert };
  return { ca: ca.own.cert, servername: 'localhost', ...own };
}

/** Whether the server has given this client a session. */
async function isServed(port: number, options: ConnectionOptions): Promise<boolean> {
  let connection: WireConnection;
  try {
    connection = await WireConnection.openTls(port, options);
  } catch {
    return false;
  }
  try {
    const grant = await connection.handshake();
    return grant.timeOutMs > 0;
  } catch {
    // A client of TLS 1.3 learns that it is not wanted when its own handshake is long done.
    return false;
  } finally {
    connection.destroy();
  }
}

/** The server's log may come behind what its client sees. */
async function logged(pattern: RegExp): Promise<void> {
  await until(`${pattern} in the log`, DEADLINE_MS, () => pattern.test(server?.log() ?? ''));
}

async function wordOver(connection: WireConnection, word: string): Promise<string> {
  connection.send(Buffer.from(word));
  return (await connection.readToEnd()).toString();
}

describe('secureClientPort', () => {
  it('serves over TLS 1.3 beside the plain port, four-letter words included', async () => {
    const { port } = await start();
    const secure = await WireConnection.openTls(securePort, as(alice));
    expect((secure.socket as TLSSocket).getProtocol()).toBe('TLSv1.3');
    await secure.handshake();
    const created = await secure.call(1, Op.Create, counted('/over-tls'), counted('x'), openAcl, FLAGS);
    expect(created.err).toBe(0);
    const plain = await WireConnection.openSession(port);
    expect((await plain.call(1, Op.Exists, counted('/over-tls'), Buffer.of(0))).err).toBe(0);
    expect(await wordOver(await WireConnection.openTls(securePort, as(alice)), 'ruok')).toBe('imok');
    const conf = await wordOver(await WireConnection.openTls(securePort, as(alice)), 'conf');
    expect(conf).toContain(`secureClientPort=${securePort}\n`);
    await secure.closeSession();
    await plain.closeSession();
  });

  it('a big answer and many requests at once', async () => {
    await start();
    const client = await WireConnection.openTls(securePort, as(alice));
    await client.handshake();
    const data = Buffer.alloc(900_000, 'x');
    expect((await client.call(1, Op.Create, counted('/big'), counted(data), openAcl, FLAGS)).err).toBe(0);
    client.send(...Array.from({ length: 20 }, (_, i) => request(i + 2, Op.GetData, counted('/big'), Buffer.of(0))));
    for (let xid = 2; xid < 22; xid++) {
      const reply = await client.nextReply();
      expect([reply.xid, reply.err, reply.body.readInt32BE(0)]).toEqual([xid, 0, data.length]);
    }
    await client.closeSession();
  });

  it('needs a certificate of its authority by default', async () => {
    await start();
    expect(await isServed(securePort, as(alice))).toBe(true);
    expect(await isServed(securePort, as(null))).toBe(false);
    const imposter = stranger.issue('alice', { subject: '/C=DE/O=Te, st/CN=alice' });
    expect(await isServed(securePort, as(imposter))).toBe(false);
    await logged(/WARN .*Unsuccessful handshake with \/[\w:.]*127\.0\.0\.1:\d+: UNABLE_TO_VERIFY_LEAF_SIGNATURE/);
  });

  it('clientAuth=want takes those without a certificate, but no wrong one', async () => {
    const { port } = await start({ 'ssl.clientAuth': 'want', '4lw.commands.whitelist': '*' });
    expect(await isServed(securePort, as(alice))).toBe(true);
    expect(await isServed(securePort, as(null))).toBe(true);
    expect(await isServed(securePort, as(stranger.issue('mallory')))).toBe(false);
    const before = await readMntr(port);
    expect(before.get('zk_auth_failed_count')?.value).toBe('1');
    const plain = (lines: typeof before) => Number(lines.get('zk_non_mtls_local_conn_count')?.value);
    expect(plain(await readMntr(port))).toBe(plain(before) + 1);
    expect(before.get('zk_non_mtls_remote_conn_count')?.value).toBe('0');
  });

  it('clientAuth=none asks nobody', async () => {
    await start({ 'ssl.clientAuth': 'NONE' });
    expect(await isServed(securePort, as(null))).toBe(true);
    expect(await isServed(securePort, as(stranger.issue('eve')))).toBe(true);
  });

  it('is refused to clients of TLS 1.2 unless the configuration says otherwise', async () => {
    await start();
    expect(await isServed(securePort, { ...as(alice), maxVersion: 'TLSv1.2' })).toBe(false);
    await logged(/Unsuccessful handshake with \/127\.0\.0\.1:\d+: unsupported protocol\n/);
    await server?.stop();
    await start({
      'zookeeper.ssl.enabledProtocols': 'TLSv1.2, TLSv1.3',
      'ssl.ciphersuites': 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,TLS_AES_128_GCM_SHA256',
    });
    const old = await WireConnection.openTls(securePort, { ...as(alice), maxVersion: 'TLSv1.2' });
    expect((old.socket as TLSSocket).getCipher().standardName).toBe('TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384');
    expect((await old.handshake()).timeOutMs).toBeGreaterThan(0);
    old.destroy();
    expect(await isServed(securePort, as(alice))).toBe(true);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('no connection of %s lives on in another one', async (maxVersion) => {
    await start({ 'ssl.enabledProtocols': 'TLSv1.2,TLSv1.3' });
    const first = await WireConnection.openTls(securePort, { ...as(alice), maxVersion });
    await first.handshake();
    const session = (first.socket as TLSSocket).getSession() as Buffer;
    first.destroy();
    const second = await WireConnection.openTls(securePort, { ...as(alice), maxVersion, session });
    await second.handshake();
    expect((second.socket as TLSSocket).isSessionReused()).toBe(false);
    second.destroy();
  });

  it('plain bytes on it are answered by a close, and nothing else', async () => {
    await start();
    const plain = await WireConnection.open(securePort);
    plain.send(Buffer.from('ruok'), Buffer.alloc(64));
    const bytes = await plain.readToEnd();
    // At most an alert of TLS itself: nothing of what was asked.
    expect(bytes.toString('latin1')).not.toContain('imok');
    expect(bytes.length).toBeLessThanOrEqual(7);
  });
});

describe('secureClientPort alone', () => {
  const ZK_SERVER = join(repositoryRoot, 'dist/src/cli/zk-server.js');

  it('is all that a server needs, and zkServer status asks over it', async () => {
    const dial = (): Promise<WireConnection> => WireConnection.openTls(securePort, as(alice));
    const { configFile } = await start({ clientPort: undefined, clientPortAddress: undefined }, { dial });
    expect(server?.log()).toContain('clientPort is not set');
    const stores = [
      `-Dzookeeper.ssl.trustStore.location=${authority.own.certFile}`,
      `-Dzookeeper.ssl.keyStore.location=${authority.keyStore(alice)}`,
    ];
    const status = (...flags: readonly string[]): ReturnType<typeof runTool> =>
      runTool(process.execPath, [ZK_SERVER, 'status', configFile], {
        deadlineMs: DEADLINE_MS,
        env: { CLIENT_JVMFLAGS: flags.join(' ') },
      });
    const found = `Client port found: ${securePort}. Client address: 127.0.0.1. Client SSL: true.\n`;
    const asked = await status(...stores);
    expect(asked.stdout).toContain(`${found}Mode: standalone\n`);
    expect(asked.code).toBe(0);
    const unarmed = await status(stores[0]);
    expect(unarmed.stdout).toMatch(/nothing could be asked over TLS[\s\S]*Error contacting service/);
    expect(unarmed.code).toBe(1);
    const wrong = await status('-Dzookeeper.ssl.trustStore.location=/nowhere/t.jks');
    expect(wrong.stderr).toContain('trust store /nowhere/t.jks: ENOENT');
  });
});

describe('a unified port', () => {
  it('takes TLS and plain bytes, and tells them apart by the first', async () => {
    const { port } = await start({ 'client.portUnification': 'true' });
    const secure = await WireConnection.openTls(port, as(alice));
    await secure.handshake();
    const plain = await WireConnection.openSession(port);
    expect((await plain.call(1, Op.Create, counted('/p'), counted('x'), openAcl, FLAGS)).err).toBe(0);
    expect((await secure.call(1, Op.GetData, counted('/p'), Buffer.of(0))).err).toBe(0);
    expect(await wordOver(await WireConnection.open(port), 'ruok')).toBe('imok');
    expect(await wordOver(await WireConnection.openTls(port, as(alice)), 'ruok')).toBe('imok');
    expect(await isServed(port, as(null))).toBe(false);
    // Byte by byte, and half closed before anything was said.
    const slow = await WireConnection.open(port);
    for (const byte of Buffer.from('ruok')) slow.send(Buffer.of(byte));
    expect((await slow.readToEnd()).toString()).toBe('imok');
    const silent = await WireConnection.open(port);
    silent.socket.end();
    expect(await silent.readToEnd()).toHaveLength(0);
    await secure.closeSession();
    await plain.closeSession();
  });
});

describe('sessions and limits', () => {
  it('a session moves between the listeners, and the old connection is closed', async () => {
    const { port } = await start();
    const plain = await WireConnection.open(port);
    const { sessionId, password } = await plain.handshake();
    const secure = await WireConnection.openTls(securePort, as(alice));
    expect((await secure.handshake({ sessionId, password })).sessionId).toBe(sessionId);
    expect(await plain.readToEnd()).toHaveLength(0);
    const again = await WireConnection.open(port);
    expect((await again.handshake({ sessionId, password })).sessionId).toBe(sessionId);
    expect(await secure.readToEnd()).toHaveLength(0);
    await again.closeSession();
  });

  it('a handshake that stalls holds up nobody and is cut off; limits come before it', async () => {
    const { port } = await start({ 'nio.sessionlessCnxnTimeout': 1000, maxClientCnxns: 3 });
    const stalled = [await WireConnection.open(securePort), await WireConnection.open(securePort)];
    // The beginning of a handshake, and nothing at all.
    stalled[0].send(Buffer.from('1603010200010001fc0303', 'hex'));
    expect(await isServed(securePort, as(alice))).toBe(true);
    // The server may still be about to see that the one that was served has gone.
    const third = await until('room for a third', DEADLINE_MS, () =>
      WireConnection.openSession(port).catch(() => undefined),
    );
    const fourth = connect({ port: securePort, host: '127.0.0.1' });
    const isRefused = new Promise((resolve) =>
      fourth.on('error', () => resolve(true)).on('close', () => resolve(true)),
    );
    fourth.resume();
    expect(await isRefused).toBe(true);
    third.destroy();
    for (const connection of stalled) await connection.readToEnd();
    // On a machine that is busy elsewhere, a whole handshake may take longer than a stalled one is given here.
    await until('a client that is served', DEADLINE_MS, () => isServed(securePort, as(alice)));
  });

  it('only so many handshakes go on at a time, where that is asked for', async () => {
    await start({ 'netty.server.outstandingHandshake.limit': 1, 'threadkeeper.connectionShards': 1 });
    const stalled = await until('a refusal', DEADLINE_MS, async () => {
      const begun = await WireConnection.open(securePort);
      begun.send(Buffer.from('1603010200010001fc0303', 'hex'));
      if (!(await isServed(securePort, as(alice)))) return begun;
      // It was refused itself, beside what was there before.
      begun.destroy();
      return undefined;
    });
    stalled.destroy();
    await until('room again', DEADLINE_MS, () => isServed(securePort, as(alice)));
  });

  it('a client that breaks off leaves no connection behind', async () => {
    const { port } = await start();
    for (let i = 0; i < 3; i++) {
      const client = await WireConnection.openTls(securePort, as(alice));
      await client.handshake();
      client.destroy();
      const early = connectTls({ port: securePort, host: '127.0.0.1', ...as(alice) });
      early.on('error', () => {});
      early.once('connect', () => early.destroy());
    }
    // In the middle of its own half of the handshake, orderly.
    const middle = await WireConnection.open(securePort);
    middle.send(Buffer.from('1603010200010001fc0303', 'hex'));
    middle.socket.end();
    await middle.readToEnd();
    // One is left: the one that asks.
    await until('connections to be gone', DEADLINE_MS, async () => {
      const text = await wordOver(await WireConnection.open(port), 'srvr');
      return text.includes('Connections: 1\n') ? true : undefined;
    });
  });
});

describe('certReload', () => {
  const use = (certified: Certified, trust: CertificateAuthority): void => {
    writeFileSync(authority.path('live.pem.new'), certified.key + certified.cert);
    renameSync(authority.path('live.pem.new'), authority.path('live.pem'));
    writeFileSync(authority.path('trust.pem'), trust.own.cert);
  };
  const live = (): Promise<ServerProcess> =>
    start({
      'client.certReload': 'true',
      'ssl.keyStore.location': authority.path('live.pem'),
      'ssl.trustStore.location': authority.path('trust.pem'),
      'threadkeeper.connectionShards': 2,
      'threadkeeper.placement': 'compact',
    });

  it('new connections see new files, old ones go on, broken files change nothing', async () => {
    use(serverCert, authority);
    await live();
    const old = await WireConnection.openTls(securePort, as(alice));
    await old.handshake();

    writeFileSync(authority.path('live.pem'), 'broken');
    await until('the complaint', DEADLINE_MS, () =>
      Promise.resolve(
        server?.log().includes('The changed key and trust stores are not used, the old ones stay') || undefined,
      ),
    );
    expect(await isServed(securePort, as(alice))).toBe(true);

    const other = stranger.issue('server2');
    use(other, stranger);
    const bob = stranger.issue('bob');
    await until('the new certificates on every shard', DEADLINE_MS, async () => {
      // Connections are dealt to both shards in turn.
      const served = await Promise.all(Array.from({ length: 8 }, () => isServed(securePort, as(bob, stranger))));
      return served.every((yes) => yes) || undefined;
    });
    expect(await isServed(securePort, as(alice))).toBe(false);
    expect((await old.call(1, Op.Exists, counted('/'), Buffer.of(0))).err).toBe(0);
    await old.closeSession();
    expect(server?.log().match(/old ones stay/g)).toHaveLength(1);
  });
});

describe('a client’s host name', () => {
  it('must be in its certificate where that is asked for', async () => {
    await start({ 'ssl.clientHostnameVerification': 'true' });
    const elsewhere = authority.issue('elsewhere', { altNames: 'DNS:example.org,IP:10.0.0.1' });
    expect(await isServed(securePort, as(alice))).toBe(true);
    expect(await isServed(securePort, as(elsewhere))).toBe(false);
  });

  it('may be the DNS name of its address where that may be asked for', async () => {
    await start({ 'ssl.clientHostnameVerification': 'true', 'ssl.allowReverseDnsLookup': 'true' });
    const { service: _, hostname } = await lookupService('127.0.0.1', 80);
    const named = authority.issue('named', { altNames: `DNS:${hostname}` });
    expect(await isServed(securePort, as(named))).toBe(true);
    expect(await isServed(securePort, as(authority.issue('misnamed', { altNames: 'DNS:example.org' })))).toBe(false);
  });
});
