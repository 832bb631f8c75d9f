/** Settings of Java's client, as our tools read them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ClientPropertiesError, readClientProperties } from '../../../src/server/client-properties.js';
import { CertificateAuthority, type Certified } from '../../testing/certificates.js';
import { makeTempDir, type TempDir } from '../../testing/temp-dir.js';

const read = (properties: Readonly<Record<string, string>>) =>
  readClientProperties(new Map(Object.entries(properties)));

test('nothing asked for, nothing given', async () => {
  expect(await read({})).toEqual({});
  expect(await read({ 'zookeeper.client.secure': 'false', 'zookeeper.sasl.client': 'true' })).toEqual({});
});

test.each([
  ['1048575', 1_048_575],
  ['0xfffff', 1_048_575],
  ['#ff', 255],
  ['0', 0],
])('jute.maxbuffer=%s is %i bytes', async (text, bytes) => {
  expect(await read({ 'jute.maxbuffer': text })).toEqual({ frameBytesMax: bytes });
});

test.each(['many', '-1', '4294967296', '12ab', ''])('a limit of "%s" is refused', async (text) => {
  await expect(read({ 'zookeeper.request.timeout': text })).rejects.toThrow(ClientPropertiesError);
});

describe('TLS', () => {
  let authority: CertificateAuthority;
  let alice: Certified;
  beforeAll(() => {
    authority = new CertificateAuthority();
    alice = authority.issue('alice');
  });
  afterAll(() => authority?.remove());

  test('stores become what node:tls takes', async () => {
    const { tls } = await read({
      'zookeeper.client.secure': 'TRUE',
      'zookeeper.ssl.keyStore.location': authority.keyStore(alice),
      'zookeeper.ssl.trustStore.location': authority.own.certFile,
      'zookeeper.ssl.enabledProtocols': 'TLSv1.3,TLSv1.2',
      'zookeeper.ssl.ciphersuites': 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256',
      'zookeeper.ssl.hostnameVerification': 'false',
    });
    expect(tls).toMatchObject({
      ca: [authority.own.cert],
      verifyHostName: false,
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.3',
      ciphers: 'ECDHE-RSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256',
    });
    expect([tls?.cert?.length, tls?.key?.length]).toEqual([1, 1]);
  });

  test('without stores: the authorities of the system, names verified', async () => {
    expect(await read({ 'zookeeper.client.secure': 'true' })).toEqual({ tls: { verifyHostName: true } });
  });

  test.each([
    [{ 'zookeeper.ssl.crl': 'true' }, 'revoked'],
    [{ 'zookeeper.ssl.ocsp': 'true' }, 'revoked'],
    [{ 'zookeeper.ssl.protocol': 'SSLv3' }, 'SSLv3 is not known'],
    [{ 'zookeeper.ssl.protocol': 'TLSv1' }, 'none is spoken'],
    [{ 'zookeeper.ssl.ciphersuites': 'TLS_NONE_SUCH' }, 'TLS_NONE_SUCH'],
    [{ 'zookeeper.ssl.keyStore.location': '/no/such.pem' }, 'key store /no/such.pem'],
    [{ 'zookeeper.ssl.trustStore.location': '/no/such.pem' }, 'trust store /no/such.pem'],
  ])('what cannot be done is refused: %o', async (properties, message) => {
    await expect(read({ 'zookeeper.client.secure': 'true', ...properties })).rejects.toThrow(message);
  });
});

describe('SASL', () => {
  let dir: TempDir;
  beforeAll(() => {
    dir = makeTempDir('jaas');
  });
  afterAll(() => dir?.remove());

  function jaas(text: string): string {
    const file = join(dir.path, 'jaas.conf');
    writeFileSync(file, text);
    return file;
  }

  const MODULE = 'org.apache.zookeeper.server.auth.DigestLoginModule required';

  test('the login of the section Client, or of another that is named', async () => {
    const file = jaas(
      `Client { ${MODULE} username="bob" password="bobsecret"; };\nOther { ${MODULE} username="eve" password="x"; };`,
    );
    const config = { 'java.security.auth.login.config': file };
    expect(await read(config)).toEqual({ sasl: { username: 'bob', password: 'bobsecret' } });
    expect(await read({ ...config, 'zookeeper.sasl.clientconfig': 'Other' })).toMatchObject({
      sasl: { username: 'eve' },
    });
    expect(await read({ ...config, 'zookeeper.sasl.clientconfig': 'Absent' })).toEqual({});
    expect(await read({ ...config, 'zookeeper.sasl.client': 'false' })).toEqual({});
  });

  test.each([
    ['Client { com.sun.security.auth.module.Krb5LoginModule required; };', 'Kerberos (GSSAPI) is not supported'],
    [`Client { ${MODULE} username="bob"; };`, 'needs a username and a password'],
    ['Client {', 'java.security.auth.login.config'],
  ])('%s is refused', async (text, message) => {
    await expect(read({ 'java.security.auth.login.config': jaas(text) })).rejects.toThrow(message);
  });

  test('a password stands in no message (CVE-2026-24308)', async () => {
    const file = jaas(`Client { ${MODULE} password="topsecret"; };`);
    const error: unknown = await read({ 'java.security.auth.login.config': file }).catch((reason: unknown) => reason);
    expect(String(error)).not.toContain('topsecret');
  });
});
