/**
 * TLS as other people's clients speak it: Apache's Java client (on Netty) and kazoo, with certificates as their users have
 * them, and identities in ACLs. The server may be Apache's, to prove the test: then with its Netty factory.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CertificateAuthority, type Certified, openssl } from '../testing/certificates.js';
import { freePort } from '../testing/free-port.js';
import { repositoryRoot } from '../testing/repository-root.js';
import { requireTool, runTool, type ToolRun } from '../testing/run-tool.js';
import type { ServerProcess } from '../testing/server-process.js';
import { startServerUnderTest } from '../testing/server-under-test.js';
import { until } from '../testing/until.js';
import { WireConnection } from '../testing/wire-connection.js';

const JAVA = '/usr/bin/java';
const KEYTOOL = '/usr/bin/keytool';
const PYTHON = '/usr/bin/python3';
const KAZOO_CASE = join(repositoryRoot, 'test/interop/kazoo/tls_case.py');
/** What netty-handler and netty-transport need is not on the class path of Debian's zookeeper.jar. */
const JARS = ['zookeeper', 'netty-codec', 'netty-resolver', 'slf4j-simple'].map(
  (name) => `/usr/share/java/${name}.jar`,
);
const DEADLINE_MS = 50_000;
const PASSWORD = 'secret1';
const CLIENT_DN = 'CN=client one,OU=Cli,O=Te\\, st,C=DE';

let authority: CertificateAuthority;
let client: Certified;
let admin: Certified;
let server: ServerProcess;
let securePort: number;

beforeAll(async () => {
  for (const path of [JAVA, KEYTOOL, ...JARS])
    requireTool(path, 'default-jre-headless libzookeeper-java libnetty-java');
  authority = new CertificateAuthority();
  client = authority.issue('client', { subject: '/C=DE/O=Te, st/OU=Cli/CN=client one' });
  admin = authority.issue('admin', { subject: '/O=Ops/CN=admin' });
  const trustStore = javaTrustStore();
  securePort = await freePort();
  server = await startServerUnderTest({
    cfg: {
      serverCnxnFactory: 'org.apache.zookeeper.server.NettyServerCnxnFactory',
      secureClientPort: securePort,
      secureClientPortAddress: '127.0.0.1',
      // The package's client is of 3.8, which speaks 1.2.
      'ssl.enabledProtocols': 'TLSv1.2,TLSv1.3',
      'ssl.keyStore.location': javaKeyStore(authority.issue('server')),
      'ssl.keyStore.password': PASSWORD,
      'ssl.trustStore.location': trustStore,
      'ssl.trustStore.password': PASSWORD,
      'X509AuthenticationProvider.superUser': 'CN=admin,O=Ops',
    },
  });
  await until('the secure port', DEADLINE_MS, async () => {
    const probe = await WireConnection.open(securePort).catch((): undefined => {});
    probe?.destroy();
    return probe;
  });
});
afterAll(async () => {
  await server?.stop();
  authority?.remove();
});

/** JKS, as its users have it: made from a PKCS12 by keytool. */
function javaKeyStore(of: Certified): string {
  const p12 = authority.path(`${of.name}.p12`);
  const jks = authority.path(`${of.name}.jks`);
  openssl(['pkcs12', '-export', '-inkey', of.keyFile, '-in', of.certFile, '-out', p12, '-passout', `pass:${PASSWORD}`]);
  const from = ['-srckeystore', p12, '-srcstoretype', 'PKCS12', '-srcstorepass', PASSWORD];
  keytool('-importkeystore', ...from, '-destkeystore', jks, '-deststoretype', 'JKS', '-deststorepass', PASSWORD);
  return jks;
}

function javaTrustStore(): string {
  const path = authority.path('trust.jks');
  const store = ['-keystore', path, '-storepass', PASSWORD, '-storetype', 'JKS'];
  keytool('-importcert', '-alias', 'ca', '-file', authority.own.certFile, ...store);
  return path;
}

function keytool(...args: readonly string[]): void {
  execFileSync(KEYTOOL, [...args, '-noprompt'], { stdio: ['ignore', 'pipe', 'pipe'], timeout: DEADLINE_MS });
}

/** Apache's command line client over TLS, as this client. */
function zkCli(as: Certified | null, ...command: readonly string[]): Promise<ToolRun> {
  const options = {
    'zookeeper.client.secure': 'true',
    'zookeeper.clientCnxnSocket': 'org.apache.zookeeper.ClientCnxnSocketNetty',
    'zookeeper.ssl.trustStore.location': authority.path('trust.jks'),
    'zookeeper.ssl.trustStore.password': PASSWORD,
    ...(as === null
      ? {}
      : { 'zookeeper.ssl.keyStore.location': javaKeyStore(as), 'zookeeper.ssl.keyStore.password': PASSWORD }),
  };
  const flags = Object.entries(options).map(([name, value]) => `-D${name}=${value}`);
  const main = 'org.apache.zookeeper.ZooKeeperMain';
  const args = [
    '-Xmx128m',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    ...flags,
    '-cp',
    JARS.join(':'),
    main,
    '-server',
    `127.0.0.1:${securePort}`,
    ...command,
  ];
  return runTool(JAVA, args, { deadlineMs: DEADLINE_MS });
}

test('Apache’s Java client: data, and an ACL for the subject of its certificate', async () => {
  const created = await zkCli(client, 'create', '/java-tls', 'over TLS', 'auth::cdrwa');
  expect(created.stderr).toContain('Created /java-tls');
  const acl = await zkCli(client, 'getAcl', '/java-tls');
  // This client shows commas so.
  expect(acl.stdout).toContain(`'x509,'${CLIENT_DN.replaceAll(',', '%2C')}\n: cdrwa`);
  const got = await zkCli(client, 'get', '/java-tls');
  expect(got.stdout).toContain('over TLS');
  // Another certificate is another client, no certificate none at all, and the super user may do everything.
  const other = await zkCli(authority.issue('other'), 'get', '/java-tls');
  expect(other.stderr).toContain('Insufficient permission : /java-tls');
  const set = await zkCli(admin, 'set', '/java-tls', 'by the super user');
  expect([set.code, set.stderr.includes('Insufficient permission')]).toEqual([0, false]);
  expect((await zkCli(client, 'get', '/java-tls')).stdout).toContain('by the super user');
});

test('kazoo over TLS', async () => {
  const { keyFile, certFile } = client;
  const args = ['-B', KAZOO_CASE, String(securePort), authority.own.certFile, certFile, keyFile, CLIENT_DN];
  const run = await runTool(PYTHON, args, { deadlineMs: DEADLINE_MS });
  expect(run.code, `${run.stdout}\n${run.stderr}`).toBe(0);
  expect(run.stdout).toMatch(/^ok$/m);
});
