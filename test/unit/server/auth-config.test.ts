// From the keys of authentication to what the server goes by, and the mistakes it does not start with. The sentences are those
// of Apache ZooKeeper 3.8.0, which was started with the same settings.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Logger, silentLogger } from '../../../src/actor/logger.js';
import type { AuthOptions } from '../../../src/net/auth/auth-options.js';
import { canCompute } from '../../../src/net/auth/digest-algorithm.js';
import { loadServerConfig } from '../../../src/server/server-config.js';
import { causeChain, reportStartFailure } from '../../../src/server/start-error.js';

const PACKAGE = 'org.apache.zookeeper.server.auth.';
const JAAS = `
  Server {
    ${PACKAGE}DigestLoginModule required user_super="adminsecret" user_bob="bobsecret" other="x";
    ${PACKAGE}DigestLoginModule optional user_ann="";
  };
  Kerberos { com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true; };
  Strange { no.such.Module required; };
  Empty { };
`;

let dir = '';
let jaas = '';
let warnings: string[] = [];
const log: Logger = { ...silentLogger, warn: (message) => warnings.push(message) };

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'auth-config-'));
  jaas = join(dir, 'jaas.conf');
  writeFileSync(jaas, JAAS);
});
afterAll(() => rmSync(dir, { recursive: true }));
beforeEach(() => {
  warnings = [];
});

function load(lines: Readonly<Record<string, string>>, options: Readonly<Record<string, string>> = {}): AuthOptions {
  const path = join(dir, 'zoo.cfg');
  const text = Object.entries({ dataDir: join(dir, 'data'), clientPort: '2181', ...lines });
  writeFileSync(path, text.map(([key, value]) => `${key}=${value}\n`).join(''));
  const argv = Object.entries(options).map(([name, value]) => `-D${name}=${value}`);
  return loadServerConfig({ argv: [...argv, path], env: {}, coreCount: 2, log }).auth;
}

function failure(lines: Readonly<Record<string, string>>): { exitCode: number; chain: string; stderrLine: string } {
  try {
    load(lines);
  } catch (error) {
    return { ...reportStartFailure(error, silentLogger), chain: causeChain(error) };
  }
  throw new Error('nothing was thrown');
}

describe('schemes', () => {
  it.each<[string, Record<string, string>, string[]]>([
    ['by default', {}, ['ip', 'digest']],
    ['without digest', { 'DigestAuthenticationProvider.enabled': 'false' }, ['ip']],
    [
      'digest switched off, and on again by its class',
      { 'DigestAuthenticationProvider.enabled': 'no', 'authProvider.1': `${PACKAGE}DigestAuthenticationProvider` },
      ['ip', 'digest'],
    ],
    [
      'sasl, whatever stands behind the dot',
      { 'authProvider.x': `${PACKAGE}SASLAuthenticationProvider` },
      ['ip', 'digest', 'sasl'],
    ],
    [
      'all there are',
      {
        'authProvider.1': `${PACKAGE}SASLAuthenticationProvider`,
        'authProvider.2': `${PACKAGE}X509AuthenticationProvider`,
        'authProvider.3': `${PACKAGE}EnsembleAuthenticationProvider`,
        'authProvider.4': `${PACKAGE}IPAuthenticationProvider`,
      },
      ['ip', 'digest', 'sasl', 'x509', 'ensemble'],
    ],
  ])('%s', (_what, lines, schemes) => {
    expect(load(lines).schemes).toEqual(schemes);
    expect(warnings.filter((line) => line.startsWith('Problems'))).toEqual([]);
  });

  it('go on without a class that is not here', () => {
    const auth = load({
      'authProvider.1': 'com.example.Foo',
      'authProvider.2': `${PACKAGE}SASLAuthenticationProvider`,
    });
    expect(auth.schemes).toEqual(['ip', 'digest', 'sasl']);
    expect(warnings).toContain('Problems loading com.example.Foo: this server has no such authentication provider');
  });
});

describe('digests', () => {
  it.each([
    ['SHA1', 'sha1'],
    ['sha-1', 'sha1'],
    ['SHA', 'sha1'],
    ['MD5', 'md5'],
    ['SHA256', 'sha256'],
    ['SHA-512', 'sha512'],
    ['SHA-512/256', 'sha512-256'],
    ['SHA3-384', 'sha3-384'],
  ])('made with %s', (name, algorithm) => {
    expect(load({ 'DigestAuthenticationProvider.digestAlg': name }).digestAlgorithm).toBe(algorithm);
  });

  it.each(['nosuch', 'MD2', 'SHA3256', ''])('not made with "%s"', (name) => {
    const lines = { 'DigestAuthenticationProvider.digestAlg': name };
    expect(failure({ ...lines, 'DigestAuthenticationProvider.enabled': 'false' })).toMatchObject({
      exitCode: 1,
      chain: `don't support this ACL digest algorithm: ${name} in the current environment`,
    });
  });
});

it('what the runtime cannot compute is found out at the start', () => {
  expect(canCompute('md5')).toBe(true);
  expect(canCompute('md6')).toBe(false);
});

it('single settings', () => {
  expect(load({})).toMatchObject({
    superDigest: null,
    anySaslUserId: null,
    x509SuperUser: null,
    ensembleNames: null,
    sasl: null,
    allowSaslFailedClients: false,
    enforcedSchemes: [],
  });
  expect(
    load({
      'DigestAuthenticationProvider.superDigest': 'super:x=',
      letAnySaslUserDoX: 'x',
      'X509AuthenticationProvider.superUser': 'CN=a',
      ensembleAuthName: 'one, two',
      allowSaslFailedClients: 'TRUE',
    }),
  ).toMatchObject({
    superDigest: 'super:x=',
    anySaslUserId: 'x',
    x509SuperUser: 'CN=a',
    ensembleNames: ['one', 'two'],
    allowSaslFailedClients: true,
  });
});

describe('SASL users', () => {
  const KEY = 'java.security.auth.login.config';

  it('come from the section Server', () => {
    const passwords = new Map([
      ['super', 'adminsecret'],
      ['bob', 'bobsecret'],
      ['ann', ''],
    ]);
    expect(load({ [KEY]: jaas }).sasl).toEqual({ passwords, superUsers: [] });
    expect(load({}, { [KEY]: jaas }).sasl?.passwords).toEqual(passwords);
    expect(load({}, { [KEY]: `=${jaas}` }).sasl?.passwords).toEqual(passwords);
    expect(load({}, { [KEY]: pathToFileURL(jaas).href }).sasl?.passwords).toEqual(passwords);
  });

  it('are nobody where the section is missing or empty', () => {
    expect(load({ [KEY]: jaas, 'sasl.serverconfig': 'Nobody' }).sasl).toBeNull();
    expect(load({ [KEY]: jaas, 'sasl.serverconfig': 'Empty' }).sasl).toBeNull();
    expect(load({ 'sasl.serverconfig': 'Server' }).sasl).toBeNull();
  });

  it('may be super', () => {
    const lines = { [KEY]: jaas, superUser: 'bob', 'superUser.2': 'ann', superUserX: 'eve' };
    expect(load(lines).sasl?.superUsers).toEqual(['bob', 'ann']);
  });

  it('called super may have a password apart', () => {
    const lines = { [KEY]: jaas, 'SASLAuthenticationProvider.superPassword': 'other' };
    expect(load(lines).sasl?.passwords.get('super')).toBe('other');
  });

  it('do not exist for a server that cannot read of them', () => {
    const missing = join(dir, 'missing.conf');
    const { exitCode, chain, stderrLine } = failure({ [KEY]: missing });
    expect(exitCode).toBe(1);
    expect(chain).toMatch(`No JAAS configuration section named 'Server' was found in '${missing}'.: ENOENT`);
    expect(stderrLine).toMatch(/^Unexpected exception, exiting abnormally: No JAAS/);

    const broken = join(dir, 'broken.conf');
    writeFileSync(broken, 'Server { m required user_bob="HUSH" };');
    expect(failure({ [KEY]: broken }).chain).toBe(
      `No JAAS configuration section named 'Server' was found in '${broken}'.: line 1: an option or ; is missing`,
    );
  });

  it.each([
    ['Kerberos', 'com.sun.security.auth.module.Krb5LoginModule', 'Kerberos (GSSAPI) is not supported'],
    ['Strange', 'no.such.Module', 'it is unknown'],
  ])('do not log in by the module of section %s', (section, module, reason) => {
    const { exitCode, chain } = failure({ [KEY]: jaas, 'sasl.serverconfig': section });
    expect(exitCode).toBe(1);
    expect(chain).toBe(
      'Could not configure server because SASL configuration did not allow the  ZooKeeper server to authenticate itself ' +
        `properly: No LoginModule found for ${module} in section ${section}: ${reason}; this server has ` +
        `${PACKAGE}DigestLoginModule only`,
    );
  });
});

describe('enforced authentication', () => {
  const SASL = { 'authProvider.1': `${PACKAGE}SASLAuthenticationProvider` };
  const ON = { 'enforce.auth.enabled': 'true' };

  it.each<[string, Record<string, string>, string[]]>([
    ['off', { 'enforce.auth.schemes': 'digest' }, []],
    ['off, with schemes that are not there', { 'enforce.auth.schemes': 'nosuch' }, []],
    ['on', { ...ON, 'enforce.auth.schemes': 'digest , ip,' }, ['digest', 'ip']],
    ['sasl, in one word', { ...SASL, sessionRequireClientSASLAuth: 'true' }, ['sasl']],
    [
      'sasl, whatever else is said',
      {
        ...SASL,
        sessionRequireClientSASLAuth: 'true',
        'enforce.auth.enabled': 'false',
        'enforce.auth.schemes': 'nosuch',
      },
      ['sasl'],
    ],
  ])('%s', (_what, lines, schemes) => {
    expect(load(lines).enforcedSchemes).toEqual(schemes);
  });

  it.each<[Record<string, string>, string]>([
    [ON, 'zookeeper.enforce.auth.enabled is true zookeeper.enforce.auth.schemes must be  configured.'],
    [{ ...ON, 'enforce.auth.schemes': 'digest,nosuch' }, 'Authentication scheme nosuch is not available.'],
    [{ ...ON, 'enforce.auth.schemes': 'digest,,ip' }, 'Authentication scheme  is not available.'],
    [{ ...ON, 'enforce.auth.schemes': 'super' }, 'Authentication scheme super is not available.'],
    [{ sessionRequireClientSASLAuth: 'true' }, 'Authentication scheme sasl is not available.'],
    [
      { ...ON, 'enforce.auth.schemes': 'digest', 'DigestAuthenticationProvider.enabled': 'false' },
      'Authentication scheme digest is not available.',
    ],
  ])('is refused: %j', (lines, message) => {
    expect(failure(lines)).toEqual({
      exitCode: 2,
      chain: message,
      stderrLine: `Invalid arguments, exiting abnormally: ${message}`,
    });
  });
});
