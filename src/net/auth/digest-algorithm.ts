/**
 * Names of message digests, from Java's, which stand in configurations, to OpenSSL's; and whether this runtime computes them,
 * which is asked once, at the start, so that no login finds out.
 */
import { createHash } from 'node:crypto';

const BY_JAVA_NAME: ReadonlyMap<string, string> = new Map([
  ['MD5', 'md5'],
  ['SHA', 'sha1'],
  ['SHA1', 'sha1'],
  ['SHA-1', 'sha1'],
  ['SHA224', 'sha224'],
  ['SHA-224', 'sha224'],
  ['SHA256', 'sha256'],
  ['SHA-256', 'sha256'],
  ['SHA384', 'sha384'],
  ['SHA-384', 'sha384'],
  ['SHA512', 'sha512'],
  ['SHA-512', 'sha512'],
  ['SHA512/224', 'sha512-224'],
  ['SHA-512/224', 'sha512-224'],
  ['SHA512/256', 'sha512-256'],
  ['SHA-512/256', 'sha512-256'],
  ['SHA3-224', 'sha3-224'],
  ['SHA3-256', 'sha3-256'],
  ['SHA3-384', 'sha3-384'],
  ['SHA3-512', 'sha3-512'],
]);

/** Null: nobody here computes it (MD2, which Java still has, among others). Upper and lower case are the same. */
export function digestAlgorithm(javaName: string): string | null {
  const name = BY_JAVA_NAME.get(javaName.toUpperCase());
  return name !== undefined && canCompute(name) ? name : null;
}

/** An OpenSSL in FIPS mode, for one, refuses MD5. */
export function canCompute(algorithm: string): boolean {
  try {
    createHash(algorithm);
    return true;
  } catch {
    return false;
  }
}
