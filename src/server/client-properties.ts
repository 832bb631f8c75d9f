// What Java's client reads from system properties, for our tools that connect to a server: TLS with its stores, the SASL
// login, limits. Under the full names only (zookeeper.ssl.keyStore.location). Used by command line tools, once, at their
// start. What was asked for and cannot be done is refused with one sentence: to connect with less would be worse.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { StoreLocation } from '../net/tls-key-store.js';
import { type JaasModule, parseJaasFile } from './jaas-file.js';

/** Shaped as the client library takes it. */
export interface ClientProperties {
  readonly tls?: ClientTls;
  readonly sasl?: { readonly username: string; readonly password: string };
  readonly requestTimeoutMs?: number;
  readonly frameBytesMax?: number;
}

interface ClientTls {
  readonly ca?: readonly string[];
  readonly cert?: readonly string[];
  readonly key?: readonly string[];
  readonly verifyHostName: boolean;
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3';
  readonly ciphers?: string;
}

/** The sentence for whoever gave the properties. */
export class ClientPropertiesError extends Error {
  override readonly name = 'ClientPropertiesError';
}

type Properties = ReadonlyMap<string, string>;

const PROTOCOLS = ['TLSv1.2', 'TLSv1.3'] as const;
const DIGEST_LOGIN_MODULE = 'org.apache.zookeeper.server.auth.DigestLoginModule';
const LOGIN_CONFIG = 'java.security.auth.login.config';

export async function readClientProperties(properties: Properties): Promise<ClientProperties> {
  const sasl = readSasl(properties);
  const requestTimeoutMs = readInt(properties, 'zookeeper.request.timeout');
  const frameBytesMax = readInt(properties, 'jute.maxbuffer');
  return {
    ...(isTrue(properties, 'zookeeper.client.secure') ? { tls: await readTls(properties) } : {}),
    ...(sasl === null ? {} : { sasl }),
    ...(requestTimeoutMs === null ? {} : { requestTimeoutMs }),
    ...(frameBytesMax === null ? {} : { frameBytesMax }),
  };
}

/** What does TLS is loaded only by those who want it: every start of a tool would pay for it. */
async function readTls(properties: Properties): Promise<ClientTls> {
  for (const name of ['zookeeper.ssl.crl', 'zookeeper.ssl.ocsp']) {
    if (isTrue(properties, name)) {
      throw new ClientPropertiesError(`${name} is true, but whether certificates were revoked cannot be checked`);
    }
  }
  const { loadKeyStore, loadTrustStore } = await import('../net/tls-key-store.js');
  const { usableCiphers } = await import('../net/tls-cipher-suites.js');
  const { getCiphers } = await import('node:tls');
  const keyStore = storeOf(properties, 'keyStore');
  const trustStore = storeOf(properties, 'trustStore');
  const asked = protocolsOf(properties);
  const suites = listOf(properties.get('zookeeper.ssl.ciphersuites'));
  try {
    const pairs = keyStore === null ? [] : loadKeyStore(keyStore);
    return {
      ...(trustStore === null ? {} : { ca: loadTrustStore(trustStore) }),
      ...(pairs.length === 0 ? {} : { key: pairs.map(({ key }) => key), cert: pairs.map(({ cert }) => cert) }),
      verifyHostName: properties.get('zookeeper.ssl.hostnameVerification')?.toLowerCase() !== 'false',
      ...(asked.length === 0
        ? {}
        : { minVersion: asked[0] as ClientTls['minVersion'] & string, maxVersion: asked.at(-1) as 'TLSv1.3' }),
      ...(suites.length === 0 ? {} : { ciphers: usableCiphers(suites, PROTOCOLS, getCiphers()).suites.join(':') }),
    };
  } catch (error) {
    throw new ClientPropertiesError((error as Error).message, { cause: error });
  }
}

function storeOf(properties: Properties, name: 'keyStore' | 'trustStore'): StoreLocation | null {
  const part = (suffix: string): string => properties.get(`zookeeper.ssl.${name}.${suffix}`) ?? '';
  const path = part('location');
  if (path === '') return null;
  return { path, type: part('type'), password: part('password'), passwordPath: part('passwordPath') };
}

/** Oldest first; none: whatever both sides can. */
function protocolsOf(properties: Properties): (typeof PROTOCOLS)[number][] {
  const enabled = listOf(properties.get('zookeeper.ssl.enabledProtocols'));
  const names = enabled.length > 0 ? enabled : listOf(properties.get('zookeeper.ssl.protocol'));
  for (const name of names) {
    if (name !== 'TLSv1' && name !== 'TLSv1.1' && !PROTOCOLS.some((known) => known === name)) {
      throw new ClientPropertiesError(`TLS protocol ${name} is not known`);
    }
  }
  const usable = PROTOCOLS.filter((protocol) => names.includes(protocol));
  if (names.length > 0 && usable.length === 0) {
    throw new ClientPropertiesError(
      `of the TLS protocols ${names.join(', ')} none is spoken; ${PROTOCOLS.join(', ')} are`,
    );
  }
  return usable;
}

/** null: nobody asked for it. A section that is not there is none, as in the reference. */
function readSasl(properties: Properties): { username: string; password: string } | null {
  const file = properties.get(LOGIN_CONFIG) ?? '';
  if (file === '' || properties.get('zookeeper.sasl.client')?.toLowerCase() === 'false') return null;
  const section = properties.get('zookeeper.sasl.clientconfig') ?? 'Client';
  const [module] = readSection(file, section, properties);
  if (module === undefined) return null;
  if (module.className !== DIGEST_LOGIN_MODULE) {
    const kerberos = module.className.includes('Krb5') ? 'Kerberos (GSSAPI) is not supported' : 'it is unknown';
    throw new ClientPropertiesError(`${module.className} in section ${section} of ${file}: ${kerberos}`);
  }
  const username = module.options.get('username');
  const password = module.options.get('password');
  if (username === undefined || password === undefined) {
    throw new ClientPropertiesError(`section ${section} of ${file} needs a username and a password`);
  }
  return { username, password };
}

/** A name or a file: URL; Java's `==` in front, which replaces other files, has nothing to replace here. */
function readSection(file: string, section: string, properties: Properties): readonly JaasModule[] {
  const bare = file.startsWith('=') ? file.slice(1) : file;
  try {
    const path = bare.startsWith('file:') ? fileURLToPath(bare) : bare;
    return parseJaasFile(readFileSync(path, 'utf8'), properties).get(section) ?? [];
  } catch (error) {
    throw new ClientPropertiesError(`${LOGIN_CONFIG} ${bare}: ${(error as Error).message}`, { cause: error });
  }
}

/** null: not set. Decimal, hexadecimal with 0x or #, octal with a leading 0, as Java's Integer.decode. */
function readInt(properties: Properties, name: string): number | null {
  const text = properties.get(name);
  if (text === undefined) return null;
  const hex = /^(?:0x|#)([0-9a-f]{1,8})$/i.exec(text);
  const octal = /^0([0-7]+)$/.exec(text);
  const value =
    hex !== null ? Number.parseInt(hex[1], 16) : octal !== null ? Number.parseInt(octal[1], 8) : Number(text);
  if (!/^[0-9a-fx#]+$/i.test(text) || !Number.isInteger(value) || value > 0x7fff_ffff) {
    throw new ClientPropertiesError(`${name}: ${text} is not a number of 0 to 2147483647`);
  }
  return value;
}

function isTrue(properties: Properties, name: string): boolean {
  return properties.get(name)?.toLowerCase() === 'true';
}

function listOf(text = ''): string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}
