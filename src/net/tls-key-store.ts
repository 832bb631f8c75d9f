/**
 * Key and trust stores of TLS: from the files that the configuration names to the texts a TLS context is made of.
 *
 * A shell over the file system, synchronous, used at the start and when a file has changed; any thread. JKS, PKCS12 and PEM
 * are read; as Java does, the two binary formats are told apart by what is in the file. What cannot be read is refused with
 * one sentence that says which file, why, and what to do. Passwords never stand in a message.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isJks, readJks } from './tls-jks.js';
import { readPem } from './tls-pem.js';
import { isPkcs12, readPkcs12 } from './tls-pkcs12.js';
import { type StoreEntries, StoreError } from './tls-store-entries.js';

export interface StoreLocation {
  readonly path: string;
  /** JKS, PEM, PKCS12 or BCFKS in any case. Empty: by the file's extension. */
  readonly type: string;
  readonly password: string;
  /** A file whose content is the password, and wins over `password`. Empty: none. */
  readonly passwordPath: string;
}

/** PEM texts, as node:tls takes them. */
export interface KeyAndChain {
  readonly key: string;
  readonly cert: string;
}

const TYPES = ['JKS', 'PEM', 'PKCS12', 'BCFKS'] as const;
type StoreType = (typeof TYPES)[number];
const TYPES_BY_EXTENSION: readonly (readonly [string, StoreType])[] = [
  ['.jks', 'JKS'],
  ['.pem', 'PEM'],
  ['.p12', 'PKCS12'],
  ['.bcfks', 'BCFKS'],
];
const JCEKS_MAGIC = 0xcececece;
const CONVERT =
  'convert it with keytool -importkeystore -srckeystore <file> -destkeystore <file>.p12 -deststoretype PKCS12';

/** One key for each kind (RSA, EC), the first where there are several. */
export function loadKeyStore(location: StoreLocation): KeyAndChain[] {
  return loading('key store', location, (entries) => {
    const byKind = new Map<string, KeyAndChain>();
    for (const { pkcs8, chain } of entries.keys) {
      const key = createPrivateKey({ key: Buffer.from(pkcs8()), format: 'der', type: 'pkcs8' });
      if (chain.length === 0) throw new StoreError('the private key has no certificate');
      const leaf = parse(chain[0]);
      if (!leaf.checkPrivateKey(key)) throw new StoreError('the private key is not that of its certificate');
      const kind = key.asymmetricKeyType ?? '';
      if (byKind.has(kind)) continue;
      const pem = key.export({ type: 'pkcs8', format: 'pem' }) as string;
      byKind.set(kind, { key: pem, cert: chain.map((der) => parse(der).toString()).join('') });
    }
    if (byKind.size === 0) throw new StoreError('it has no private key');
    return [...byKind.values()];
  });
}

/** Trusted certificates, and the own certificate of each key, as Java counts them. */
export function loadTrustStore(location: StoreLocation): string[] {
  return loading('trust store', location, (entries) => {
    const all = [...entries.trusted, ...entries.keys.flatMap(({ chain }) => chain.slice(0, 1))];
    const texts = new Set(all.map((der) => parse(der).toString()));
    if (texts.size === 0) throw new StoreError('it has no trusted certificate');
    return [...texts];
  });
}

function loading<T>(what: string, location: StoreLocation, take: (entries: StoreEntries) => T): T {
  try {
    return take(readStore(location));
  } catch (error) {
    throw new StoreError(`${what} ${location.path}: ${(error as Error).message}`, { cause: error });
  }
}

function readStore(location: StoreLocation): StoreEntries {
  const type = typeOf(location);
  if (type === 'BCFKS') throw new StoreError(`BCFKS is not understood; ${CONVERT}`);
  const password = passwordOf(location);
  const bytes = readFileSync(location.path);
  if (type === 'PEM') return readPem(bytes.toString('latin1'), password);
  if (bytes.length >= 4 && bytes.readUInt32BE(0) === JCEKS_MAGIC) {
    throw new StoreError(`JCEKS is not understood; ${CONVERT}`);
  }
  if (isJks(bytes)) return readJks(bytes, password);
  if (isPkcs12(bytes)) return readPkcs12(bytes, password);
  throw new StoreError(`the file is neither a JKS nor a PKCS12 key store; ${CONVERT}`);
}

function typeOf({ path, type }: StoreLocation): StoreType {
  if (type !== '') {
    const known = TYPES.find((name) => name === type.toUpperCase());
    if (known === undefined) throw new StoreError(`type ${type} is not one of ${TYPES.join(', ')}`);
    return known;
  }
  const found = TYPES_BY_EXTENSION.find(([extension]) => path.endsWith(extension));
  if (found === undefined) {
    throw new StoreError(
      'its type cannot be told by its extension (.jks, .pem, .p12, .bcfks); set the key for its type',
    );
  }
  return found[1];
}

/** One line end behind the password in its file is the editor's, not the password's. */
function passwordOf({ password, passwordPath }: StoreLocation): string {
  if (passwordPath === '') return password;
  return readFileSync(passwordPath, 'utf8').replace(/\r?\n$/, '');
}

function parse(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch {
    throw new StoreError('a certificate in it does not decode');
  }
}
