/**
 * Reads Java's own key stores (JKS), so that the files of an Apache ZooKeeper serve unchanged. Any thread; pure.
 *
 *   file    | 0xfeedfeed | version 1 or 2 | count | entry ... | SHA-1 of password, "Mighty Aphrodite" and all before |
 *   entry   | 1 | alias | date: 8 | length, encrypted key | count, certificate ... |      a key and its chain
 *           | 2 | alias | date: 8 | certificate |                                         a trusted certificate
 *   certificate   | type (version 2 only) | length, DER |
 *
 * All numbers big-endian; texts as in Java's DataInput, a length of 2 bytes and (here) ASCII. An encrypted key is an
 * EncryptedPrivateKeyInfo whose octets are  | salt: 20 | key xor keystream | SHA-1 of password and key: 20 |  with the
 * keystream SHA-1(password, salt), SHA-1(password, what came before), ... Passwords count as UTF-16, big-endian.
 */
import { createHash } from 'node:crypto';
import { DerTag, DerValue } from './tls-der.js';
import { type StoredKey, type StoreEntries, StoreError } from './tls-store-entries.js';

const MAGIC = 0xfeedfeed;
const WHITENER = 'Mighty Aphrodite';
const DIGEST_BYTES = 20;
const KEY_PROTECTOR = '1.3.6.1.4.1.42.2.17.1.1';
const KEY_ENTRY = 1;
const CERTIFICATE_ENTRY = 2;

export function isJks(bytes: Buffer): boolean {
  return bytes.length >= 4 && bytes.readUInt32BE(0) === MAGIC;
}

/** Without a password the certificates are read unchecked, as Java does; keys cannot be. */
export function readJks(bytes: Buffer, password: string): StoreEntries {
  const secret = Buffer.from(password, 'utf16le').swap16();
  if (bytes.length < 12 + DIGEST_BYTES) throw new StoreError('the file is cut short');
  const bodyEnd = bytes.length - DIGEST_BYTES;
  if (password !== '') {
    const digest = sha1(secret, Buffer.from(WHITENER), bytes.subarray(0, bodyEnd));
    if (!digest.equals(bytes.subarray(bodyEnd))) {
      throw new StoreError('Keystore was tampered with, or password was incorrect');
    }
  }
  const reader = new JksReader(bytes.subarray(0, bodyEnd));
  if (reader.uint32() !== MAGIC) throw new StoreError('the file is not a JKS key store');
  const version = reader.uint32();
  if (version !== 1 && version !== 2) throw new StoreError(`version ${version} of JKS is not known`);
  const readCertificate = (): Buffer => {
    if (version === 2) reader.text();
    return reader.take(reader.uint32());
  };
  const keys: StoredKey[] = [];
  const trusted: Buffer[] = [];
  for (let count = reader.uint32(); count > 0; count--) {
    const tag = reader.uint32();
    reader.text();
    reader.take(8);
    if (tag === CERTIFICATE_ENTRY) {
      trusted.push(readCertificate());
    } else if (tag === KEY_ENTRY) {
      const encrypted = reader.take(reader.uint32());
      const chain: Buffer[] = [];
      for (let left = reader.uint32(); left > 0; left--) chain.push(readCertificate());
      keys.push({ pkcs8: () => decryptKey(encrypted, secret), chain });
    } else {
      throw new StoreError(`an entry of unknown kind ${tag}`);
    }
  }
  return { keys, trusted };
}

class JksReader {
  private readonly bytes: Buffer;
  private at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  take(length: number): Buffer {
    if (length > this.bytes.length - this.at) throw new StoreError('the file is cut short');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  uint32(): number {
    return this.take(4).readUInt32BE(0);
  }

  text(): string {
    return this.take(this.take(2).readUInt16BE(0)).toString('utf8');
  }
}

function decryptKey(encrypted: Buffer, secret: Buffer): Buffer {
  const [algorithm, octets] = DerValue.whole(encrypted).fields(DerTag.sequence, 2);
  const oid = algorithm.fields(DerTag.sequence, 1)[0].oid();
  if (oid !== KEY_PROTECTOR) throw new StoreError(`a private key is encrypted in a way that is not known (${oid})`);
  const sealed = Buffer.from(octets.expect(DerTag.octetString).content);
  if (sealed.length < 2 * DIGEST_BYTES) throw new StoreError('an encrypted private key is cut short');
  const key = Buffer.from(sealed.subarray(DIGEST_BYTES, sealed.length - DIGEST_BYTES));
  let stream: Uint8Array = sealed.subarray(0, DIGEST_BYTES);
  for (let at = 0; at < key.length; at++) {
    if (at % DIGEST_BYTES === 0) stream = sha1(secret, stream);
    key[at] ^= stream[at % DIGEST_BYTES];
  }
  if (!sha1(secret, key).equals(sealed.subarray(sealed.length - DIGEST_BYTES))) {
    throw new StoreError('Cannot recover key: the password is not that of the private key');
  }
  return key;
}

function sha1(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha1');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
