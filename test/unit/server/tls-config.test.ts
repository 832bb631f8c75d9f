/**
 * The keys of TLS for clients, from zoo.cfg to what connection shards are given; every refusal by its sentence.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/actor/logger.js';
import { PortKind } from '../../../src/net/client-socket.js';
import { clientPorts } from '../../../src/server/client-ports.js';
import { loadServerConfig, type ServerConfig } from '../../../src/server/server-config.js';
import { causeChain } from '../../../src/server/start-error.js';
import { withTlsLoaded } from '../../../src/server/tls-config.js';
import { CertificateAuthority } from '../../testing/certificates.js';

let dir: string;
let authority: CertificateAuthority;
let store: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'threadkeeper-tls-config-'));
  authority = new CertificateAuthority();
  store = authority.keyStore(authority.issue('server'));
});
afterAll(() => {
  rmSync(dir, { recursive: true });
  authority.remove();
});

let lines: string[] = [];
beforeEach(() => {
  lines = [];
});

function load(cfg: Readonly<Record<string, string | number>>, argv: readonly string[] = []): ServerConfig {
  const path = join(dir, 'zoo.cfg');
  const all = { dataDir: dir, ...cfg };
  writeFileSync(
    path,
    Object.entries(all)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  );
  const info = (message: string): void => void lines.push(message);
  const log = { ...silentLogger, info, warn: info };
  return loadServerConfig({ argv: [...argv, path], env: {}, coreCount: 2, log });
}

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return causeChain(error).replace(/^Error processing [^ ]+: /, '');
  }
  return 'no refusal';
}

async function refusalLater(act: () => Promise<unknown>): Promise<string> {
  return await act().then(
    () => 'no refusal',
    (error: unknown) => causeChain(error),
  );
}

describe('TLS for clients', () => {
  it('is nobody’s business by default', () => {
    const config = load({ clientPort: 2181 });
    expect(config).toMatchObject({ secureClientPort: null, secureClientPortAddress: null, tls: null, tlsLoaded: null });
    expect(clientPorts(config)).toEqual([{ port: 2181, host: undefined, kind: PortKind.plain }]);
  });

  it('has the reference’s defaults', () => {
    const { tls } = load({ secureClientPort: 2281, 'ssl.keyStore.location': store });
    expect(tls).toEqual({
      keyStore: { path: store, type: '', password: '', passwordPath: '' },
      trustStore: null,
      clientAuth: 'need',
      protocols: ['TLSv1.3'],
      cipherSuites: [],
      verifiesClientHost: false,
      looksUpClientHost: false,
      reloadsStores: false,
      handshakesMax: 0,
    });
    expect(lines).toContain('secureClientPortAddress is 0.0.0.0:2281');
    expect(lines.find((line) => line.includes('trustStore.location not specified'))).toBeDefined();
  });

  it('takes every key, with the prefix and without, and -D', () => {
    const config = load(
      {
        clientPort: 2181,
        secureClientPort: 2281,
        secureClientPortAddress: '[::1]',
        'client.portUnification': 'true',
        'zookeeper.ssl.keyStore.location': 'k.p12',
        'ssl.keyStore.password': 'a',
        'ssl.keyStore.passwordPath': 'b',
        'ssl.keyStore.type': 'PKCS12',
        'zookeeper.ssl.trustStore.location': 't.jks',
        'ssl.trustStore.password': 'c',
        'ssl.trustStore.passwordPath': 'd',
        'ssl.trustStore.type': 'jks',
        'ssl.clientAuth': 'Want',
        'ssl.enabledProtocols': 'TLSv1.3,TLSv1.2',
        'ssl.protocol': 'TLSv1.1',
        'ssl.ciphersuites': 'TLS_AES_128_GCM_SHA256 , ECDHE-RSA-AES128-GCM-SHA256',
        'ssl.clientHostnameVerification': 'true',
        'ssl.allowReverseDnsLookup': 'true',
        'client.certReload': 'true',
        'netty.server.outstandingHandshake.limit': 10,
        'fips-mode': 'false',
      },
      ['-Dzookeeper.X509AuthenticationProvider.superUser=CN=root', '-Dzookeeper.threadkeeper.connectionShards=3'],
    );
    expect(config.auth.x509SuperUser).toBe('CN=root');
    expect(config.tls).toEqual({
      keyStore: { path: 'k.p12', type: 'PKCS12', password: 'a', passwordPath: 'b' },
      trustStore: { path: 't.jks', type: 'jks', password: 'c', passwordPath: 'd' },
      clientAuth: 'want',
      protocols: ['TLSv1.2', 'TLSv1.3'],
      cipherSuites: ['TLS_AES_128_GCM_SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
      verifiesClientHost: true,
      looksUpClientHost: true,
      reloadsStores: true,
      handshakesMax: 4,
    });
    expect(clientPorts(config)).toEqual([
      { port: 2181, host: undefined, kind: PortKind.either },
      { port: 2281, host: '::1', kind: PortKind.tls },
    ]);
  });

  it('may be all there is', () => {
    const config = load({ secureClientPort: 2281, 'ssl.keyStore.location': store, 'ssl.protocol': 'TLSv1.2' });
    expect(clientPorts(config)).toEqual([{ port: 2281, host: undefined, kind: PortKind.tls }]);
    expect(config.tls?.protocols).toEqual(['TLSv1.2']);
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    [
      'ssl.keyStore.location is not set, but TLS needs a private key and its certificate',
      { 'ssl.keyStore.location': '' },
    ],
    ['Invalid option must for ssl.clientAuth. Choose need, want or none.', { 'ssl.clientAuth': 'must' }],
    ['TLS protocol SSLv3 is not one of TLSv1, TLSv1.1, TLSv1.2, TLSv1.3', { 'ssl.enabledProtocols': 'TLSv1.3,SSLv3' }],
    ["No auth provider configured for the SSL authentication scheme 'mine'.", { 'ssl.authProvider': 'mine' }],
    [
      'ssl.authProvider is mine, but this server knows the clients of TLS by x509 only',
      { 'ssl.authProvider': 'mine', 'authProvider.mine': 'org.example.Mine' },
    ],
    ['ssl.crl is true, but this server cannot check whether certificates have been revoked', { 'ssl.crl': 'true' }],
    ['ssl.ocsp is true, but this server cannot check whether certificates have been revoked', { 'ssl.ocsp': 'true' }],
  ])('%s', (sentence, cfg) => {
    expect(refusal(() => load({ secureClientPort: 2281, 'ssl.keyStore.location': store, ...cfg }))).toBe(sentence);
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    [
      'cipher suite TLS_RSA_WITH_RC4_128_SHA is not known to this server',
      { 'ssl.ciphersuites': 'TLS_RSA_WITH_RC4_128_SHA' },
    ],
    [
      'no cipher suite can be used with TLSv1.3',
      { 'ssl.ciphersuites': 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ssl.protocol': 'TLSv1.3' },
    ],
    ['key store /nowhere/k.pem: ENOENT: no such file or directory', { 'ssl.keyStore.location': '/nowhere/k.pem' }],
    ['trust store /nowhere/t.jks: ENOENT: no such file or directory', { 'ssl.trustStore.location': '/nowhere/t.jks' }],
  ])('before anything starts: %s', async (sentence, cfg) => {
    const config = load({ secureClientPort: 2281, 'ssl.keyStore.location': store, ...cfg });
    const text = await refusalLater(() => withTlsLoaded(config));
    expect(text).toContain(`TLS on the client port cannot be served: ${sentence}`);
  });

  it.each(['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'])('a context is made for %s', async (protocol) => {
    const config = load({ secureClientPort: 2281, 'ssl.keyStore.location': store, 'ssl.protocol': protocol });
    expect(await refusalLater(() => withTlsLoaded(config))).toBe('no refusal');
  });
});
