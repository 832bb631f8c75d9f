/**
 * Reads PEM files: certificates, and at most one private key, encrypted or not, in whatever order they stand. Any thread;
 * pure. The first certificate is the key's own, the others its chain, as in Apache's PEM stores.
 */
import { createPrivateKey } from 'node:crypto';
import { type StoreEntries, StoreError } from './tls-store-entries.js';

const CERTIFICATE =
  /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----([\s\S]*?)-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;
const PRIVATE_KEY = /-----BEGIN ([A-Z ]*)PRIVATE KEY-----[\s\S]*?-----END \1PRIVATE KEY-----/;

export function readPem(text: string, password: string): StoreEntries {
  const certificates = [...text.matchAll(CERTIFICATE)].map((match) => Buffer.from(match[1], 'base64'));
  const key = PRIVATE_KEY.exec(text)?.[0];
  if (certificates.length === 0 && key === undefined)
    throw new StoreError('the file has neither certificates nor a key');
  if (key === undefined) return { keys: [], trusted: certificates };
  return { keys: [{ pkcs8: () => decryptKey(key, password), chain: certificates }], trusted: certificates };
}

function decryptKey(pem: string, password: string): Uint8Array {
  try {
    return createPrivateKey({ key: pem, passphrase: password }).export({ type: 'pkcs8', format: 'der' });
  } catch (error) {
    const reason = password === '' ? 'it may need a password' : 'the password may be wrong';
    throw new StoreError(`the private key cannot be read, ${reason}: ${(error as Error).message}`);
  }
}
