/**
 * Key and trust stores of every format, made by the tools that users make theirs with: openssl and keytool.
 */
import { execFileSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSslName } from '../../../src/net/tls-cipher-suites.js';
import { loadKeyStore, loadTrustStore, type StoreLocation } from '../../../src/net/tls-key-store.js';
import { CertificateAuthority, type Certified, openssl } from '../../testing/certificates.js';
import { requireTool } from '../../testing/run-tool.js';

const KEYTOOL = '/usr/bin/keytool';
const PASSWORD = 'pass word€';

let authority: CertificateAuthority;
let server: Certified;
let rsa: Certified;

beforeAll(() => {
  authority = new CertificateAuthority();
  server = authority.issue('server');
  rsa = authority.issue('rsa', { kind: 'rsa' });
});
afterAll(() => authority?.remove());

function at(path: string, password = '', more: Partial<StoreLocation> = {}): StoreLocation {
  return { path, type: '', password, passwordPath: '', ...more };
}

function keytool(...args: readonly string[]): void {
  requireTool(KEYTOOL, 'default-jre-headless');
  execFileSync(KEYTOOL, [...args, '-noprompt'], { stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 });
}

/** PKCS12 with the server's key and chain. */
function pkcs12(file: string, password: string, ...options: readonly string[]): string {
  const path = authority.path(file);
  const { keyFile, certFile } = server;
  const chain = ['-certfile', authority.own.certFile];
  openssl([
    'pkcs12',
    '-export',
    '-inkey',
    keyFile,
    '-in',
    certFile,
    ...chain,
    '-out',
    path,
    '-passout',
    `pass:${password}`,
    ...options,
  ]);
  return path;
}

function expectServerKey(location: StoreLocation, chainLength: number): void {
  const [pair, ...others] = loadKeyStore(location);
  expect(others).toEqual([]);
  expect(createPrivateKey(pair.key).equals(createPrivateKey(server.key))).toBe(true);
  const chain = pair.cert.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g) ?? [];
  const wanted = [server.cert, authority.own.cert].slice(0, chainLength);
  expect(chain.map((pem) => new X509Certificate(pem).subject)).toEqual(
    wanted.map((pem) => new X509Certificate(pem).subject),
  );
}

describe('PEM', () => {
  it('key and chain in one file', () => {
    const path = authority.path('both.pem');
    writeFileSync(path, `some words\n${server.cert}${authority.own.cert}\n${server.key}`);
    expectServerKey(at(path), 2);
  });

  it('an encrypted key, and one of the old form', () => {
    const encrypted = openssl(['pkcs8', '-topk8', '-in', server.keyFile, '-passout', `pass:${PASSWORD}`]).toString();
    writeFileSync(authority.path('encrypted.pem'), encrypted + server.cert);
    expectServerKey(at(authority.path('encrypted.pem'), PASSWORD), 1);
    const wrong = /encrypted\.pem: the private key cannot be read, the password may be wrong/;
    expect(() => loadKeyStore(at(authority.path('encrypted.pem'), 'wrong'))).toThrow(wrong);
    expect(() => loadKeyStore(at(authority.path('encrypted.pem')))).toThrow('it may need a password');
    const old = openssl(['ec', '-in', server.keyFile]).toString();
    expect(old).toContain('BEGIN EC PRIVATE KEY');
    writeFileSync(authority.path('old.pem'), old + server.cert);
    expectServerKey(at(authority.path('old.pem')), 1);
  });

  it('a key that is not the certificate’s is refused', () => {
    writeFileSync(authority.path('mixed.pem'), rsa.key + server.cert);
    expect(() => loadKeyStore(at(authority.path('mixed.pem')))).toThrow(
      'the private key is not that of its certificate',
    );
  });

  it('trusted certificates', () => {
    writeFileSync(authority.path('trust.pem'), authority.own.cert + server.cert + authority.own.cert);
    expect(loadTrustStore(at(authority.path('trust.pem')))).toEqual([authority.own.cert, server.cert]);
    writeFileSync(authority.path('empty.pem'), 'nothing');
    expect(() => loadTrustStore(at(authority.path('empty.pem')))).toThrow('neither certificates nor a key');
    expect(() => loadKeyStore(at(authority.path('trust.pem')))).toThrow(
      /key store .*trust\.pem: it has no private key/,
    );
  });
});

describe('PKCS12', () => {
  it.each<[string, string, readonly string[]]>([
    ['as OpenSSL 3 makes it', PASSWORD, []],
    ['as OpenSSL 1.1 made it: RC2 and triple DES', PASSWORD, ['-legacy']],
    ['triple DES for both', PASSWORD, ['-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES', '-macalg', 'sha1']],
    ['RC2 of 128 bits', PASSWORD, ['-legacy', '-certpbe', 'PBE-SHA1-RC2-128', '-keypbe', 'PBE-SHA1-RC2-128']],
    [
      'AES of 128 bits and SHA-512',
      PASSWORD,
      ['-keypbe', 'AES-128-CBC', '-certpbe', 'AES-128-CBC', '-macalg', 'sha512'],
    ],
    ['open certificates', PASSWORD, ['-certpbe', 'NONE']],
    ['nothing encrypted, no integrity', '', ['-certpbe', 'NONE', '-keypbe', 'NONE', '-nomac']],
    ['an empty password', '', []],
  ])('%s', (name, password, options) => {
    const path = pkcs12(`${name.replaceAll(/\W/g, '-')}.p12`, password, ...options);
    expectServerKey(at(path, password), 2);
    if (!options.includes('-nomac')) {
      expect(() => loadKeyStore(at(path, 'wrong'))).toThrow('keystore password was incorrect');
    }
  });

  it('keytool’s, with a trusted certificate that bears Java’s mark', () => {
    const path = authority.path('java-trust.p12');
    keytool('-importcert', '-alias', 'ca', '-file', authority.own.certFile, '-keystore', path, '-storepass', 'secret1');
    expect(loadTrustStore(at(path, 'secret1'))).toEqual([authority.own.cert]);
  });

  it('what stands beside a key is not trusted, the key’s own certificate is', () => {
    expect(loadTrustStore(at(pkcs12('as-trust.p12', PASSWORD), PASSWORD))).toEqual([server.cert]);
  });

  it('certificates alone, by another tool, are trusted', () => {
    const path = authority.path('openssl-trust.p12');
    const from = ['-nokeys', '-in', authority.own.certFile];
    openssl(['pkcs12', '-export', ...from, '-out', path, '-passout', 'pass:secret1']);
    expect(loadTrustStore(at(path, 'secret1'))).toEqual([authority.own.cert]);
  });

  it('what was damaged is refused', () => {
    const bytes = readFileSync(pkcs12('damaged.p12', PASSWORD));
    const path = authority.path('damaged.p12');
    writeFileSync(path, bytes.subarray(0, bytes.length - 7));
    expect(() => loadKeyStore(at(path, PASSWORD))).toThrow(
      /damaged\.p12: the file is not a PKCS12 key store: a value is cut/,
    );
    bytes[200] ^= 1;
    writeFileSync(path, bytes);
    expect(() => loadKeyStore(at(path, PASSWORD))).toThrow();
  });
});

describe('JKS', () => {
  const secret = 'secret1';
  let path: string;
  beforeAll(() => {
    path = authority.path('java.jks');
    const from = ['-srckeystore', pkcs12('for-jks.p12', secret), '-srcstoretype', 'PKCS12', '-srcstorepass', secret];
    keytool('-importkeystore', ...from, '-destkeystore', path, '-deststoretype', 'JKS', '-deststorepass', secret);
    keytool('-importcert', '-alias', 'ca', '-file', authority.own.certFile, '-keystore', path, '-storepass', secret);
  });

  it('is what keytool made', () => {
    expect(readFileSync(path).readUInt32BE(0)).toBe(0xfeedfeed);
  });

  it('keys and chains', () => expectServerKey(at(path, secret), 2));

  it('trusted certificates, with the password and without', () => {
    const both = [authority.own.cert, server.cert];
    expect(loadTrustStore(at(path, secret)).sort()).toEqual([...both].sort());
    expect(loadTrustStore(at(path)).sort()).toEqual([...both].sort());
    expect(() => loadKeyStore(at(path))).toThrow('Cannot recover key');
  });

  it('a wrong password, a damaged file', () => {
    expect(() => loadTrustStore(at(path, 'wrong'))).toThrow('Keystore was tampered with, or password was incorrect');
    const bytes = readFileSync(path);
    bytes[100] ^= 1;
    writeFileSync(authority.path('damaged.jks'), bytes);
    expect(() => loadTrustStore(at(authority.path('damaged.jks'), secret))).toThrow('Keystore was tampered with');
    writeFileSync(authority.path('damaged.jks'), bytes.subarray(0, 300));
    expect(() => loadTrustStore(at(authority.path('damaged.jks')))).toThrow('the file is cut short');
  });

  it('may be PKCS12 by another name, and the reverse, as Java allows', () => {
    const bytes = readFileSync(pkcs12('really.p12', secret));
    writeFileSync(authority.path('really.jks'), bytes);
    expectServerKey(at(authority.path('really.jks'), secret), 2);
    expectServerKey(at(path, secret, { type: 'pkcs12' }), 2);
  });

  it('a file with other keys than those of the store’s password', () => {
    const other = authority.path('other-key.jks');
    writeFileSync(other, readFileSync(path));
    keytool(
      '-keypasswd',
      '-alias',
      '1',
      '-keypass',
      secret,
      '-new',
      'another1',
      '-keystore',
      other,
      '-storepass',
      secret,
      '-storetype',
      'JKS',
    );
    expect(() => loadKeyStore(at(other, secret))).toThrow(
      'Cannot recover key: the password is not that of the private key',
    );
    expect(loadTrustStore(at(other, secret))).toHaveLength(2);
  });
});

describe('which file and how', () => {
  it.each<[string, Partial<StoreLocation>, RegExp]>([
    ['x.bcfks', {}, /x\.bcfks: BCFKS is not understood; convert it with keytool -importkeystore/],
    ['x.txt', {}, /its type cannot be told by its extension/],
    ['x.txt', { type: 'zip' }, /type zip is not one of JKS, PEM, PKCS12, BCFKS/],
    ['missing.pem', {}, /key store .*missing\.pem: ENOENT/],
    ['x.jks', {}, /x\.jks: JCEKS is not understood; convert it with keytool -importkeystore/],
    ['y.p12', {}, /y\.p12: the file is neither a JKS nor a PKCS12 key store; convert/],
  ])('%s %j', (file, more, message) => {
    writeFileSync(authority.path('x.jks'), Buffer.from('cececece00000002', 'hex'));
    writeFileSync(authority.path('y.p12'), 'hello');
    expect(() => loadKeyStore(at(join(authority.dir.path, file), '', more))).toThrow(message);
  });

  it('a password in a file wins, and one line end behind it does not count', () => {
    const store = pkcs12('by-file.p12', `${PASSWORD}\n`.trimEnd());
    const passwordPath = authority.path('password.txt');
    writeFileSync(passwordPath, `${PASSWORD}\n`);
    expectServerKey(at(store, 'wrong', { passwordPath }), 2);
    writeFileSync(passwordPath, `${PASSWORD}\n\n`);
    expect(() => loadKeyStore(at(store, 'wrong', { passwordPath }))).toThrow('keystore password was incorrect');
  });

  it('no message tells a password', () => {
    const store = pkcs12('told.p12', PASSWORD);
    expect(() => loadKeyStore(at(store, 'hunter2'))).toThrow(/^(?!.*hunter2)/);
  });
});

describe('cipher suites', () => {
  it.each([
    ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
    ['TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384', 'ECDHE-ECDSA-AES256-SHA384'],
    ['TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'DHE-RSA-CHACHA20-POLY1305'],
    ['TLS_RSA_WITH_AES_256_CBC_SHA', 'AES256-SHA'],
    ['TLS_ECDHE_ECDSA_WITH_AES_128_CCM', 'ECDHE-ECDSA-AES128-CCM'],
    ['TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8', 'ECDHE-ECDSA-AES128-CCM-8'],
    ['SSL_RSA_WITH_3DES_EDE_CBC_SHA', 'DES-CBC3-SHA'],
    ['TLS_AES_256_GCM_SHA384', 'TLS_AES_256_GCM_SHA384'],
    ['ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
    ['TLS_RSA_WITH_SEED_CBC_SHA', null],
    ['@SECLEVEL=0', null],
  ])('%s is %s', (java, openSsl) => {
    expect(openSslName(java)).toBe(openSsl);
  });
});
