/**
 * The arithmetic of DIGEST-MD5 (RFC 2831, 2.1.2.1): what client and server prove to each other that they know the password.
 * Shell round node:crypto; keeps nothing.
 */
import { createHash } from 'node:crypto';

export interface DigestMd5Secrets {
  readonly user: string;
  readonly realm: string;
  readonly password: string;
}

export interface DigestMd5Exchange {
  readonly nonce: Uint8Array;
  readonly cnonce: Uint8Array;
  /** Null when the client sent none. */
  readonly authzid: Uint8Array | null;
  readonly digestUri: Uint8Array;
}

/** A nonce is used once, so this is the only count there is. */
const NONCE_COUNT = '00000001';
const QOP = 'auth';

/** 32 hexadecimal digits: what the client has to send as `response`. */
export function clientResponse(secrets: DigestMd5Secrets, exchange: DigestMd5Exchange): string {
  return responseOf('AUTHENTICATE:', secrets, exchange);
}

/** The same for `rspauth`, by which the server proves itself. */
export function serverResponse(secrets: DigestMd5Secrets, exchange: DigestMd5Exchange): string {
  return responseOf(':', secrets, exchange);
}

function responseOf(a2Prefix: string, secrets: DigestMd5Secrets, exchange: DigestMd5Exchange): string {
  const { nonce, cnonce, authzid, digestUri } = exchange;
  const { user, realm, password } = secrets;
  const secret = md5(oneByteEach(user), ':', oneByteEach(realm), ':', oneByteEach(password)).digest();
  const a1 = authzid === null ? [secret, ':', nonce, ':', cnonce] : [secret, ':', nonce, ':', cnonce, ':', authzid];
  const hashedA1 = md5(...a1).digest('hex');
  const hashedA2 = md5(a2Prefix, digestUri).digest('hex');
  return md5(hashedA1, ':', nonce, `:${NONCE_COUNT}:`, cnonce, `:${QOP}:`, hashedA2).digest('hex');
}

/** The RFC wants ISO 8859-1 of whatever fits into it, and UTF-8 only of the rest, whatever the character set of the wire. */
function oneByteEach(text: string): Buffer {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return Buffer.from(text, 'utf8');
  return Buffer.from(text, 'latin1');
}

function md5(...parts: readonly (string | Uint8Array)[]) {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part);
  return hash;
}
