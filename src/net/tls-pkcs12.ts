/**
 * Reads PKCS 12 key stores (RFC 7292): keys and trusted certificates, password and integrity checked. Any thread; pure.
 *
 * Node can load such a file by itself, but only as a key store, and then it also trusts every certificate in it to vouch
 * for clients. So the file is taken apart here. Bags as Java understands them: a certificate of its own is trusted when it
 * bears Java's mark; where none does, and there is no key (a store made by other tools), all are.
 */
import { createDecipheriv, createHash, createHmac, pbkdf2Sync, timingSafeEqual, X509Certificate } from 'node:crypto';
import { DerError, DerTag, DerValue } from './tls-der.js';
import { decryptRc2Cbc } from './tls-rc2.js';
import { type StoredKey, type StoreEntries, StoreError } from './tls-store-entries.js';

const DATA = '1.2.840.113549.1.7.1';
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6';
const KEY_BAG = '1.2.840.113549.1.12.10.1.1';
const SHROUDED_KEY_BAG = '1.2.840.113549.1.12.10.1.2';
const CERTIFICATE_BAG = '1.2.840.113549.1.12.10.1.3';
const SAFE_CONTENTS_BAG = '1.2.840.113549.1.12.10.1.6';
const X509 = '1.2.840.113549.1.9.22.1';
const LOCAL_KEY_ID = '1.2.840.113549.1.9.21';
const TRUSTED_KEY_USAGE = '2.16.840.1.113894.746875.1.1';
const PBES2 = '1.2.840.113549.1.5.13';
const PBKDF2 = '1.2.840.113549.1.5.12';

const WRONG_PASSWORD = 'keystore password was incorrect';

const HASHES: ReadonlyMap<string, string> = new Map([
  ['1.3.14.3.2.26', 'sha1'],
  ['2.16.840.1.101.3.4.2.4', 'sha224'],
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
]);
const HMACS: ReadonlyMap<string, string> = new Map([
  ['1.2.840.113549.2.7', 'sha1'],
  ['1.2.840.113549.2.8', 'sha224'],
  ['1.2.840.113549.2.9', 'sha256'],
  ['1.2.840.113549.2.10', 'sha384'],
  ['1.2.840.113549.2.11', 'sha512'],
]);
const PBES2_CIPHERS: ReadonlyMap<string, { readonly name: string; readonly keyBytes: number }> = new Map([
  ['2.16.840.1.101.3.4.1.2', { name: 'aes-128-cbc', keyBytes: 16 }],
  ['2.16.840.1.101.3.4.1.22', { name: 'aes-192-cbc', keyBytes: 24 }],
  ['2.16.840.1.101.3.4.1.42', { name: 'aes-256-cbc', keyBytes: 32 }],
  ['1.2.840.113549.3.7', { name: 'des-ede3-cbc', keyBytes: 24 }],
]);
/** The format's own encryptions, all with SHA-1. */
const PKCS12_CIPHERS: ReadonlyMap<string, { readonly name: 'des-ede3-cbc' | 'rc2-cbc'; readonly keyBytes: number }> =
  new Map([
    ['1.2.840.113549.1.12.1.3', { name: 'des-ede3-cbc', keyBytes: 24 }],
    ['1.2.840.113549.1.12.1.5', { name: 'rc2-cbc', keyBytes: 16 }],
    ['1.2.840.113549.1.12.1.6', { name: 'rc2-cbc', keyBytes: 5 }],
  ]);

/** What the key derivation of appendix B makes: the diversifier byte. */
const Purpose = { key: 1, iv: 2, mac: 3 } as const;

interface Bag {
  readonly kind: 'key' | 'certificate';
  readonly bytes: () => Uint8Array;
  readonly localKeyId: string | null;
  readonly isMarkedTrusted: boolean;
}

export function isPkcs12(bytes: Uint8Array): boolean {
  return bytes[0] === DerTag.sequence;
}

export function readPkcs12(bytes: Uint8Array, password: string): StoreEntries {
  try {
    const [version, authSafe, mac] = DerValue.whole(bytes).fields(DerTag.sequence, 2);
    if (version.int() !== 3) throw new StoreError('the file is not a PKCS12 key store');
    const content = contentOf(authSafe, DATA);
    if (mac !== undefined) checkMac(mac, content, password);
    const bags: Bag[] = [];
    for (const safe of DerValue.whole(content).fields(DerTag.sequence, 0)) readSafe(safe, password, bags);
    return entriesOf(bags);
  } catch (error) {
    if (error instanceof DerError) throw new StoreError(`the file is not a PKCS12 key store: ${error.message}`);
    throw error;
  }
}

/** The octets of a ContentInfo of type data. */
function contentOf(info: DerValue, type: string): Uint8Array {
  const [oid, explicit] = info.fields(DerTag.sequence, 2);
  if (oid.oid() !== type) throw new StoreError(`contents of type ${oid.oid()} are not understood`);
  return explicit.fields(DerTag.context0, 1)[0].expect(DerTag.octetString).content;
}

function readSafe(safe: DerValue, password: string, bags: Bag[]): void {
  const [oid, explicit] = safe.fields(DerTag.sequence, 2);
  if (oid.oid() !== ENCRYPTED_DATA) {
    readBags(DerValue.whole(contentOf(safe, DATA)), password, bags);
    return;
  }
  const [, info] = explicit.fields(DerTag.context0, 1)[0].fields(DerTag.sequence, 2);
  const [, algorithm, encrypted] = info.fields(DerTag.sequence, 3);
  readBags(DerValue.whole(decrypt(algorithm, implicitOctets(encrypted), password)), password, bags);
}

function implicitOctets(value: DerValue): Uint8Array {
  if (value.tag === DerTag.context0Primitive) return value.content;
  const parts = value.expect(DerTag.context0).children();
  return Buffer.concat(parts.map((part) => part.expect(DerTag.octetString).content));
}

function readBags(contents: DerValue, password: string, bags: Bag[]): void {
  for (const bag of contents.fields(DerTag.sequence, 0)) {
    const [oid, explicit, attributes] = bag.fields(DerTag.sequence, 2);
    const [value] = explicit.fields(DerTag.context0, 1);
    let localKeyId: string | null = null;
    let isMarkedTrusted = false;
    for (const attribute of attributes === undefined ? [] : attributes.fields(DerTag.set, 0)) {
      const [type, values] = attribute.fields(DerTag.sequence, 2);
      if (type.oid() === TRUSTED_KEY_USAGE) isMarkedTrusted = true;
      if (type.oid() === LOCAL_KEY_ID) localKeyId = Buffer.from(values.content).toString('hex');
    }
    switch (oid.oid()) {
      case KEY_BAG:
        bags.push({ kind: 'key', bytes: () => value.encoded, localKeyId, isMarkedTrusted });
        break;
      case SHROUDED_KEY_BAG: {
        const [algorithm, octets] = value.fields(DerTag.sequence, 2);
        const key = (): Uint8Array => decrypt(algorithm, octets.expect(DerTag.octetString).content, password);
        bags.push({ kind: 'key', bytes: key, localKeyId, isMarkedTrusted });
        break;
      }
      case CERTIFICATE_BAG: {
        const [type, wrapped] = value.fields(DerTag.sequence, 2);
        if (type.oid() !== X509) break;
        const certificate = wrapped.fields(DerTag.context0, 1)[0].expect(DerTag.octetString).content;
        bags.push({ kind: 'certificate', bytes: () => certificate, localKeyId, isMarkedTrusted });
        break;
      }
      case SAFE_CONTENTS_BAG:
        readBags(value, password, bags);
        break;
      default:
        // Secrets and revocation lists say nothing to a TLS server.
        break;
    }
  }
}

function entriesOf(bags: readonly Bag[]): StoreEntries {
  const certificates = bags.filter((bag) => bag.kind === 'certificate');
  const keyBags = bags.filter((bag) => bag.kind === 'key');
  const all = certificates.map((bag) => bag.bytes());
  const keys = keyBags.map((key): StoredKey => {
    const own = certificates.find((bag) => bag.localKeyId !== null && bag.localKeyId === key.localKeyId);
    const leaf = own ?? (keyBags.length === 1 ? certificates[0] : undefined);
    if (leaf === undefined) throw new StoreError('a private key has no certificate');
    return { pkcs8: key.bytes, chain: chainFrom(leaf.bytes(), all) };
  });
  const marked = certificates.filter((bag) => bag.isMarkedTrusted);
  const trusted = marked.length > 0 || keys.length > 0 ? marked : certificates;
  return { keys, trusted: trusted.map((bag) => bag.bytes()) };
}

/** From the leaf upwards, each vouched for by the next, as far as the store goes. */
function chainFrom(leaf: Uint8Array, all: readonly Uint8Array[]): Uint8Array[] {
  const others = all.map((der) => ({ der, parsed: new X509Certificate(der) }));
  const chain = [leaf];
  let last = new X509Certificate(leaf);
  for (;;) {
    const issuer = others.find(
      ({ parsed }) => parsed.fingerprint256 !== last.fingerprint256 && last.checkIssued(parsed),
    );
    if (issuer === undefined || chain.some((der) => Buffer.compare(der, issuer.der) === 0)) return chain;
    chain.push(issuer.der);
    last = issuer.parsed;
  }
}

// ---- passwords

function checkMac(mac: DerValue, content: Uint8Array, password: string): void {
  const [digestInfo, salt, rounds] = mac.fields(DerTag.sequence, 2);
  const [algorithm, digest] = digestInfo.fields(DerTag.sequence, 2);
  const oid = algorithm.fields(DerTag.sequence, 1)[0].oid();
  const hash = HASHES.get(oid);
  if (hash === undefined) throw new StoreError(`its integrity is protected in a way that is not known (${oid})`);
  const count = rounds === undefined ? 1 : rounds.int();
  const wanted = digest.expect(DerTag.octetString).content;
  for (const secret of secretsOf(password)) {
    const key = deriveKey(hash, secret, salt.content, Purpose.mac, count, wanted.length);
    const found = createHmac(hash, key).update(content).digest();
    if (found.length === wanted.length && timingSafeEqual(found, wanted)) return;
  }
  throw new StoreError(WRONG_PASSWORD);
}

/** UTF-16, big-endian, with an end mark; without a password some tools leave the mark out. */
function secretsOf(password: string): Buffer[] {
  const secret = Buffer.from(`${password}\0`, 'utf16le').swap16();
  return password === '' ? [secret, Buffer.alloc(0)] : [secret];
}

function decrypt(algorithm: DerValue, encrypted: Uint8Array, password: string): Uint8Array {
  const [type, parameters] = algorithm.fields(DerTag.sequence, 2);
  const oid = type.oid();
  if (oid === PBES2) return decryptPbes2(parameters, encrypted, password);
  const cipher = PKCS12_CIPHERS.get(oid);
  if (cipher === undefined) throw new StoreError(`it is encrypted in a way that is not known (${oid})`);
  const [salt, rounds] = parameters.fields(DerTag.sequence, 2);
  for (const secret of secretsOf(password)) {
    const key = deriveKey('sha1', secret, salt.content, Purpose.key, rounds.int(), cipher.keyBytes);
    const iv = deriveKey('sha1', secret, salt.content, Purpose.iv, rounds.int(), 8);
    const plain =
      cipher.name === 'rc2-cbc' ? decryptRc2Cbc(key, iv, encrypted) : tryDecrypt(cipher.name, key, iv, encrypted);
    if (plain !== null) return plain;
  }
  throw new StoreError(WRONG_PASSWORD);
}

function decryptPbes2(parameters: DerValue, encrypted: Uint8Array, password: string): Uint8Array {
  const [derivation, encryption] = parameters.fields(DerTag.sequence, 2);
  const [derivationType, derivationParameters] = derivation.fields(DerTag.sequence, 2);
  const [encryptionType, iv] = encryption.fields(DerTag.sequence, 2);
  const cipher = PBES2_CIPHERS.get(encryptionType.oid());
  if (derivationType.oid() !== PBKDF2 || cipher === undefined) {
    throw new StoreError(
      `it is encrypted in a way that is not known (${derivationType.oid()}, ${encryptionType.oid()})`,
    );
  }
  const [salt, rounds, ...optional] = derivationParameters.fields(DerTag.sequence, 2);
  const algorithm = optional.find((value) => value.tag === DerTag.sequence);
  const hmacOid = algorithm?.fields(DerTag.sequence, 1)[0].oid();
  const hash = hmacOid === undefined ? 'sha1' : HMACS.get(hmacOid);
  if (hash === undefined) throw new StoreError(`it is encrypted in a way that is not known (${hmacOid})`);
  const key = pbkdf2Sync(password, salt.expect(DerTag.octetString).content, rounds.int(), cipher.keyBytes, hash);
  const plain = tryDecrypt(cipher.name, key, iv.expect(DerTag.octetString).content, encrypted);
  if (plain === null) throw new StoreError(WRONG_PASSWORD);
  return plain;
}

/** Null: the padding is wrong, as with a wrong key. */
function tryDecrypt(name: string, key: Uint8Array, iv: Uint8Array, encrypted: Uint8Array): Buffer | null {
  const decipher = createDecipheriv(name, key, iv);
  const first = decipher.update(encrypted);
  try {
    return Buffer.concat([first, decipher.final()]);
  } catch {
    return null;
  }
}

/** RFC 7292, appendix B.2. */
function deriveKey(
  hash: string,
  secret: Uint8Array,
  salt: Uint8Array,
  purpose: number,
  rounds: number,
  keyBytes: number,
): Buffer {
  const blockBytes = hash === 'sha384' || hash === 'sha512' ? 128 : 64;
  const input = Buffer.concat([repeated(salt, blockBytes), repeated(secret, blockBytes)]);
  const diversifier = Buffer.alloc(blockBytes, purpose);
  const parts: Buffer[] = [];
  for (let length = 0; length < keyBytes; ) {
    let digest = createHash(hash).update(diversifier).update(input).digest();
    for (let round = 1; round < rounds; round++) digest = createHash(hash).update(digest).digest();
    parts.push(digest);
    length += digest.length;
    addToBlocks(input, repeated(digest, blockBytes, 1), blockBytes);
  }
  return Buffer.concat(parts).subarray(0, keyBytes);
}

/** Over and over until whole blocks are full; over exactly `blocks` of them where that is given. */
function repeated(bytes: Uint8Array, blockBytes: number, blocks?: number): Buffer {
  if (bytes.length === 0) return Buffer.alloc(0);
  const out = Buffer.alloc(blockBytes * (blocks ?? Math.ceil(bytes.length / blockBytes)));
  for (let i = 0; i < out.length; i++) out[i] = bytes[i % bytes.length];
  return out;
}

/** Every block, as a big-endian number, grows by `amount` and by one. */
function addToBlocks(blocks: Buffer, amount: Uint8Array, blockBytes: number): void {
  for (let begin = 0; begin < blocks.length; begin += blockBytes) {
    let carry = 1;
    for (let i = blockBytes - 1; i >= 0; i--) {
      carry += blocks[begin + i] + amount[i];
      blocks[begin + i] = carry & 0xff;
      carry >>= 8;
    }
  }
}
