/**
 * The client library and zkCli over TLS and with SASL, against a server process: who is let in, as whom, and what somebody
 * with the wrong key or password is told.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type * as Client from '../../src/client/open-zookeeper.js';
import { CertificateAuthority, type Certified, openssl } from '../testing/certificates.js';
import { freePort } from '../testing/free-port.js';
import { repositoryRoot } from '../testing/repository-root.js';
import { runTool, type ToolRun } from '../testing/run-tool.js';
import type { ServerProcess } from '../testing/server-process.js';
import { makeTempDir, type TempDir } from '../testing/temp-dir.js';
import { startThreadkeeper } from '../testing/threadkeeper-server.js';
import { until } from '../testing/until.js';

const ENTRY = join(repositoryRoot, 'dist/src/client/open-zookeeper.js');
const ZK_CLI = join(repositoryRoot, 'dist/bundle/cli/zk-cli.js');
const DEADLINE_MS = 20_000;
const LOGIN_MODULE = 'org.apache.zookeeper.server.auth.DigestLoginModule required';

let client: typeof Client;
let authority: CertificateAuthority;
let stranger: CertificateAuthority;
let alice: Certified;
let server: ServerProcess;
let securePort: number;
let dir: TempDir;
const opened: Client.ZooKeeper[] = [];

beforeAll(async () => {
  client = (await import(pathToFileURL(ENTRY).href)) as typeof Client;
  authority = new CertificateAuthority('authority');
  stranger = new CertificateAuthority('stranger');
  alice = authority.issue('alice', { subject: '/C=DE/O=Te, st/CN=alice' });
  dir = makeTempDir('client-security');
  const jaas = join(dir.path, 'server-jaas.conf');
  writeFileSync(jaas, `Server { ${LOGIN_MODULE} user_bob="bobsecret" user_jürgen="geheim"; };`);
  securePort = await freePort();
  server = await startThreadkeeper({
    cfg: {
      tickTime: 500,
      secureClientPort: securePort,
      secureClientPortAddress: '127.0.0.1',
      'ssl.keyStore.location': authority.keyStore(authority.issue('server')),
      'ssl.trustStore.location': authority.own.certFile,
      'authProvider.sasl': 'org.apache.zookeeper.server.auth.SASLAuthenticationProvider',
    },
    env: { JVMFLAGS: `-Djava.security.auth.login.config=${jaas}` },
  });
  // The ports are opened one by one.
  await until('a session over TLS', DEADLINE_MS, () =>
    secure({})
      .exists('/')
      .catch(() => null),
  );
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((zk) => zk.close()));
});
afterAll(async () => {
  await server?.stop();
  authority?.remove();
  stranger?.remove();
  dir?.remove();
});

function open(connectString: string, options: Client.OpenOptions): Client.ZooKeeper {
  const zk = client.openZooKeeper(connectString, { sessionTimeoutMs: 10_000, ...options });
  opened.push(zk);
  return zk;
}

const secure = (tls: Client.TlsOptions, host = 'localhost'): Client.ZooKeeper =>
  open(`${host}:${securePort}`, { tls: { ca: authority.own.cert, cert: alice.cert, key: alice.key, ...tls } });

const identities = async (zk: Client.ZooKeeper): Promise<string[]> =>
  (await zk.whoAmI()).map(({ authScheme, user }) => `${authScheme} ${user}`).sort();

describe('TLS', () => {
  test('both sides show who they are; the session is as any other', async () => {
    const zk = secure({});
    expect(await identities(zk)).toEqual(['ip 127.0.0.1', 'x509 CN=alice,O=Te\\, st,C=DE']);
    const text = 'x'.repeat(900_000);
    await zk.create('/tls', client.encodeUtf8(text));
    expect((await zk.getData('/tls')).data?.length).toBe(text.length);
    const events = zk.watch('/tls');
    await events.next();
    await Promise.all(Array.from({ length: 500 }, (_, i) => zk.create(`/tls/n${i}`)));
    expect((await zk.getChildren('/tls')).length).toBe(500);
    await events.return();
  });

  test('PKCS#12 in place of key and certificate', async () => {
    const file = join(dir.path, 'alice.p12');
    openssl([
      'pkcs12',
      '-export',
      '-inkey',
      alice.keyFile,
      '-in',
      alice.certFile,
      '-out',
      file,
      '-passout',
      'pass:secret',
    ]);
    const tls = { ca: authority.own.cert, pfx: readFileSync(file), passphrase: 'secret' };
    expect(await identities(open(`localhost:${securePort}`, { tls }))).toContain('x509 CN=alice,O=Te\\, st,C=DE');
  });

  test.each<[string, RegExp, (of: { stranger: CertificateAuthority }) => Client.TlsOptions]>([
    ['an authority that did not sign the server', /certificate/, ({ stranger: other }) => ({ ca: other.own.cert })],
    ['another name than the certificate has', /altnames/, () => ({ serverName: 'elsewhere.example' })],
    ['no certificate of its own', /alert.*certificate/i, () => ({ cert: undefined, key: undefined })],
  ])('a client with %s gets no session, and is told why', async (_, why, tlsOf) => {
    const zk = secure(tlsOf({ stranger }));
    const cause = { message: expect.stringMatching(why) };
    await expect(zk.exists('/')).rejects.toMatchObject({ name: 'ConnectionLoss', cause });
    expect(zk.sessionId).toBe(0n);
  });

  test('the name may be another when that is said', async () => {
    const zk = secure({ serverName: 'elsewhere.example', verifyHostName: false });
    expect(await zk.exists('/')).not.toBeNull();
  });

  test('plain bytes on the secure port are no session either', async () => {
    const zk = open(`localhost:${securePort}`, {});
    await expect(zk.exists('/')).rejects.toMatchObject({ name: 'ConnectionLoss' });
  });
});

describe('SASL', () => {
  const saslOf = (username: string, password: string): Client.OpenOptions => ({ sasl: { username, password } });

  test.each([
    ['bob', 'bobsecret'],
    ['jürgen', 'geheim'],
  ])('%s proves who he is, and requests wait for it', async (username, password) => {
    const zk = open(`127.0.0.1:${server.port}`, saslOf(username, password));
    expect(await identities(zk)).toEqual(['ip 127.0.0.1', `sasl ${username}`]);
    await zk.create(`/of-${username}`, null, {
      acl: [{ perms: client.Perms.All, id: { scheme: 'sasl', id: username } }],
    });
    await expect(open(`127.0.0.1:${server.port}`, {}).getData(`/of-${username}`)).rejects.toMatchObject({
      name: 'NoAuth',
    });
  });

  test.each([
    ['bob', 'wrong'],
    ['nobody', 'bobsecret'],
  ])('%s with %s is refused: AUTH_FAILED', async (username, password) => {
    const zk = open(`127.0.0.1:${server.port}`, saslOf(username, password));
    await expect(zk.exists('/')).rejects.toMatchObject({ name: 'AuthFailed' });
    expect([zk.state, zk.isAlive]).toEqual(['AUTH_FAILED', false]);
  });

  test('over TLS as well', async () => {
    const zk = open(`localhost:${securePort}`, {
      ...saslOf('bob', 'bobsecret'),
      tls: { ca: authority.own.cert, cert: alice.cert, key: alice.key },
    });
    expect(await identities(zk)).toEqual(['ip 127.0.0.1', 'sasl bob', 'x509 CN=alice,O=Te\\, st,C=DE']);
  });
});

describe('zkCli', () => {
  function cli(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<ToolRun> {
    return runTool(process.execPath, [ZK_CLI, ...args], { deadlineMs: DEADLINE_MS, env });
  }

  function configuration(lines: readonly string[]): string {
    const file = join(dir.path, 'client.properties');
    writeFileSync(file, `${lines.join('\n')}\n`);
    return file;
  }

  const last = (run: ToolRun): string[] => run.stdout.trim().split('\n').slice(-3);

  test('a configuration file: TLS and a login', async () => {
    const jaas = join(dir.path, 'client-jaas.conf');
    writeFileSync(jaas, `Client { ${LOGIN_MODULE} username="bob" password="bobsecret"; };`);
    const file = configuration([
      'zookeeper.client.secure=true',
      'zookeeper.clientCnxnSocket=org.apache.zookeeper.ClientCnxnSocketNetty',
      `zookeeper.ssl.keyStore.location=${authority.keyStore(alice)}`,
      `zookeeper.ssl.trustStore.location=${authority.own.certFile}`,
      `java.security.auth.login.config=${jaas}`,
    ]);
    const run = await cli(['-server', `localhost:${securePort}`, '-client-configuration', file, 'whoami']);
    expect([run.code, last(run).sort()]).toEqual([0, ['ip: 127.0.0.1', 'sasl: bob', 'x509: CN=alice,O=Te\\, st,C=DE']]);
  });

  test('CLIENT_JVMFLAGS do the same', async () => {
    const flags = [
      '-Dzookeeper.client.secure=true',
      `-Dzookeeper.ssl.keyStore.location=${authority.keyStore(alice)}`,
      `-Dzookeeper.ssl.trustStore.location=${authority.own.certFile}`,
    ];
    const run = await cli(['-server', `localhost:${securePort}`, 'ls', '/zookeeper'], {
      CLIENT_JVMFLAGS: flags.join(' '),
    });
    expect([run.code, last(run).at(-1)]).toEqual([0, '[config, quota]']);
  });

  test('a store that cannot be read: exit code 2, and nothing is connected', async () => {
    const file = configuration(['zookeeper.client.secure=true', 'zookeeper.ssl.trustStore.location=/no/such.pem']);
    const run = await cli(['-server', `localhost:${securePort}`, '-client-configuration', file, 'ls', '/']);
    // Apache's zkCli says whereto before it reads the file, too.
    expect([run.code, run.stdout]).toEqual([2, `Connecting to localhost:${securePort}\n`]);
    expect(run.stderr).toMatch(/^Error processing \S+client\.properties: trust store \/no\/such\.pem/);
  });

  test('a wrong password: the session is refused', async () => {
    const jaas = join(dir.path, 'wrong-jaas.conf');
    writeFileSync(jaas, `Client { ${LOGIN_MODULE} username="bob" password="wrong"; };`);
    const env = { CLIENT_JVMFLAGS: `-Djava.security.auth.login.config=${jaas}` };
    const run = await cli(['-server', `127.0.0.1:${server.port}`, 'ls', '/'], env);
    expect(run.code).toBe(1);
    expect(run.stderr).toBe('KeeperErrorCode = AuthFailed for /\n');
    expect(run.stdout).toContain('WatchedEvent state:AuthFailed type:None path:null');
  });
});
