/** The keys of TLS and SASL between servers, from zoo.cfg and a login configuration to plain data; every refusal by its sentence. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/actor/logger.js';
import { type PeerSecurity, withPeerSecurityLoaded } from '../../../src/server/peer-security-config.js';
import { loadServerConfig, type ServerConfig } from '../../../src/server/server-config.js';
import { causeChain } from '../../../src/server/start-error.js';
import { CertificateAuthority } from '../../testing/certificates.js';
import { makeTempDir, type TempDir } from '../../testing/temp-dir.js';

const DIGEST_MODULE = 'org.apache.zookeeper.server.auth.DigestLoginModule';
const MEMBERS = {
  initLimit: 5,
  syncLimit: 2,
  'server.1': '127.0.0.1:31001:31101',
  'server.2': '127.0.0.1:31002:31102',
  'server.3': '127.0.0.1:31003:31103',
};

let dir: TempDir;
let authority: CertificateAuthority;
let store: string;
let lines: string[] = [];

beforeAll(() => {
  dir = makeTempDir('peer-security');
  authority = new CertificateAuthority();
  store = authority.keyStore(authority.issue('server'));
  writeFileSync(join(dir.path, 'myid'), '1\n');
});
afterAll(() => {
  dir.remove();
  authority.remove();
});
beforeEach(() => {
  lines = [];
});

type Keys = Readonly<Record<string, string | number>>;

function config(keys: Keys): ServerConfig {
  const path = join(dir.path, 'zoo.cfg');
  const pairs = Object.entries({ dataDir: dir.path, ...MEMBERS, ...keys });
  writeFileSync(path, pairs.map(([key, value]) => `${key}=${value}\n`).join(''));
  const line = (message: string): void => void lines.push(message);
  return loadServerConfig({ argv: [path], env: {}, coreCount: 2, log: { ...silentLogger, info: line, warn: line } });
}

function security(keys: Keys): PeerSecurity {
  return config(keys).peerSecurity;
}

function refusal(keys: Keys): string {
  try {
    config(keys);
  } catch (error) {
    return causeChain(error).replace(/^Error processing [^ ]+: /, '');
  }
  return 'no refusal';
}

describe('TLS', () => {
  const tls = (): Keys => ({ sslQuorum: 'true', 'ssl.quorum.keyStore.location': store });

  it('is off unless a key asks for it', () => {
    expect(security({ 'ssl.quorum.keyStore.location': store })).toMatchObject({
      tls: null,
      tlsLoaded: null,
      sasl: null,
    });
  });

  it('wants certificates of both sides, their names, and speaks 1.2 and 1.3', () => {
    expect(security(tls()).tls).toMatchObject({
      isRequired: true,
      takesPlain: false,
      verifiesServerHost: true,
      verifiesClientHost: true,
      detectionMs: 5000,
      tls: {
        clientAuth: 'need',
        protocols: ['TLSv1.2', 'TLSv1.3'],
        trustStore: null,
        looksUpClientHost: false,
        reloadsStores: false,
      },
    });
    expect(lines.join('\n')).toContain('zookeeper.ssl.quorum.trustStore.location not specified');
  });

  it('goes by every key', () => {
    const read = security({
      ...tls(),
      sslQuorum: 'false',
      portUnification: 'true',
      sslQuorumReloadCertFiles: 'true',
      'ssl.quorum.keyStore.password': 'a',
      'ssl.quorum.trustStore.location': authority.own.certFile,
      'ssl.quorum.trustStore.passwordPath': '/b',
      'ssl.quorum.clientAuth': 'WANT',
      'ssl.quorum.enabledProtocols': 'TLSv1.3',
      'ssl.quorum.ciphersuites': 'TLS_AES_128_GCM_SHA256',
      'ssl.quorum.clientHostnameVerification': 'false',
      'ssl.quorum.handshakeDetectionTimeoutMillis': 70,
    });
    expect(read.tls).toMatchObject({
      isRequired: false,
      takesPlain: true,
      verifiesServerHost: true,
      verifiesClientHost: false,
      detectionMs: 70,
      tls: {
        keyStore: { path: store, password: 'a' },
        trustStore: { path: authority.own.certFile, passwordPath: '/b' },
        clientAuth: 'want',
        protocols: ['TLSv1.3'],
        cipherSuites: ['TLS_AES_128_GCM_SHA256'],
        reloadsStores: true,
      },
    });
    const unverified = security({ ...tls(), 'ssl.quorum.hostnameVerification': 'false' }).tls;
    expect([unverified?.verifiesServerHost, unverified?.verifiesClientHost]).toEqual([false, false]);
  });

  it('never looks addresses up backwards, whatever it is told (CVE-2026-24281)', () => {
    const read = security({ ...tls(), 'ssl.quorum.allowReverseDnsLookup': 'true' });
    expect(read.tls?.tls.looksUpClientHost).toBe(false);
    expect(lines.join('\n')).toContain('addresses of servers are never looked up backwards');
  });

  it.each([
    [{ 'ssl.quorum.keyStore.location': '' }, /^ssl\.quorum\.keyStore\.location is not set, but TLS needs/],
    [{ 'ssl.quorum.crl': 'true' }, /^ssl\.quorum\.crl is true, but this server cannot check/],
    [{ 'ssl.quorum.ocsp': 'true' }, /^ssl\.quorum\.ocsp is true/],
    [{ 'ssl.quorum.clientAuth': 'maybe' }, /^Invalid option maybe for ssl\.quorum\.clientAuth/],
    [{ 'ssl.quorum.protocol': 'SSLv3' }, /^TLS protocol SSLv3 is not one of/],
    [{ sslQuorum: 'perhaps' }, /^Invalid option perhaps for sslQuorum/],
  ])('is refused with %o', (keys, sentence) => {
    expect(refusal({ ...tls(), ...keys })).toMatch(sentence);
  });

  it('has its stores read before anything is started', async () => {
    const loaded = await withPeerSecurityLoaded(config(tls()));
    expect(loaded.peerSecurity.tlsLoaded?.loaded.context.cert).toHaveLength(1);
    const absent = withPeerSecurityLoaded(config({ ...tls(), 'ssl.quorum.keyStore.location': '/nowhere.pem' }));
    await expect(absent.catch(causeChain)).resolves.toMatch(/^TLS between servers cannot be served: .*nowhere\.pem/);
    const plain = config({});
    expect(await withPeerSecurityLoaded(plain)).toBe(plain);
  });
});

describe('SASL', () => {
  const jaas = (text: string): string => {
    const path = join(dir.path, 'jaas.conf');
    writeFileSync(path, text);
    return path;
  };
  const both = (): string =>
    jaas(
      `QuorumServer { ${DIGEST_MODULE} required user_test="secret1" user_other="secret2"; };\n` +
        `QuorumLearner { ${DIGEST_MODULE} required username="test" password="secret1"; };\n`,
    );
  const enabled = (file: string): Keys => ({
    'quorum.auth.enableSasl': 'true',
    'java.security.auth.login.config': file,
  });
  const all = (file: string): Keys => ({
    ...enabled(file),
    'quorum.auth.learnerRequireSasl': 'true',
    'quorum.auth.serverRequireSasl': 'true',
  });

  it('takes passwords of one section and credentials of the other, as far as its switches go', () => {
    const passwords = new Map([
      ['test', 'secret1'],
      ['other', 'secret2'],
    ]);
    expect(security(enabled(both())).sasl).toEqual({ passwords, credentials: null, isRequired: false });
    const credentials = { username: 'test', password: 'secret1' };
    expect(security(all(both())).sasl).toEqual({ passwords, credentials, isRequired: true });
    expect(security({ 'java.security.auth.login.config': both() }).sasl).toBeNull();
  });

  it('finds sections by other names', () => {
    const file = jaas(
      `A { ${DIGEST_MODULE} required user_x="1"; }; B { ${DIGEST_MODULE} required username="x" password="1"; };`,
    );
    const names = { 'quorum.auth.server.saslLoginContext': 'A', 'quorum.auth.learner.saslLoginContext': 'B' };
    expect(security({ ...all(file), ...names }).sasl?.credentials?.username).toBe('x');
  });

  it.each([{}, { 'fips-mode': 'true' }, { 'fips-mode': 'false' }])(
    'ZOOKEEPER-4889: is by DIGEST-MD5 whatever fips-mode says: %o',
    (switched) => {
      expect(security({ ...all(both()), ...switched }).sasl).toMatchObject({
        credentials: { username: 'test' },
        isRequired: true,
      });
    },
  );

  it('is refused in one clear line where it cannot be, without a secret in it', () => {
    expect(refusal({ 'quorum.auth.enableSasl': 'true' })).toMatch(/java\.security\.auth\.login\.config names no login/);
    expect(refusal(all(jaas('Server { x required; };')))).toMatch(
      /^No JAAS configuration section named 'QuorumServer' \(quorum\.auth\.server\.saslLoginContext\) was found/,
    );
    const serverOnly = jaas(`QuorumServer { ${DIGEST_MODULE} required user_test="secret1"; };`);
    expect(refusal(all(serverOnly))).toMatch(/section named 'QuorumLearner'/);
    expect(refusal(enabled(jaas(`QuorumServer { ${DIGEST_MODULE} required; };`)))).toMatch(/has no user_<name>/);
    const nameless = jaas(
      `QuorumServer { ${DIGEST_MODULE} required user_t="secret1"; }; QuorumLearner { ${DIGEST_MODULE} required password="secret1"; };`,
    );
    expect(refusal(all(nameless))).toBe(
      'Section QuorumLearner of the login configuration has no username and password',
    );
  });

  it('by Kerberos is not for this server (CVE-2023-44981)', () => {
    const file = jaas('QuorumServer { com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true; };');
    expect(refusal(enabled(file))).toBe(
      'No LoginModule found for com.sun.security.auth.module.Krb5LoginModule in section QuorumServer: Kerberos (GSSAPI) ' +
        'is not supported; between servers there is org.apache.zookeeper.server.auth.DigestLoginModule only',
    );
  });
});

it('servers from addresses of nobody are refused unless members may change, or a key allows them (CVE-2018-8012)', () => {
  expect(security({}).refusesForeign).toBe(true);
  expect(security({ reconfigEnabled: 'true' }).refusesForeign).toBe(false);
  expect(security({ 'threadkeeper.quorum.foreignAddresses': 'allow' }).refusesForeign).toBe(false);
  expect(refusal({ 'threadkeeper.quorum.foreignAddresses': 'no' })).toMatch(/^Invalid option no for threadkeeper/);
});
