/**
 * The arithmetic of DIGEST-MD5 (RFC 2831, 2.1.2.1): what client and server prove to each other that they know the password.
 * Both sides use this one. Deterministic: the hash is given; keeps nothing, and no secret leaves it but inside a proof.
 */
import { concatBytes } from '../../base/bytes.js';
import { encodeUtf8, latin1 } from '../../base/utf8.js';

/** 16 bytes. */
export type Md5 = (bytes: Uint8Array) => Uint8Array;

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
export const NONCE_COUNT = '00000001';
/** Protocol and server name are fixed; the address that the client used does not matter (client-protocol 10.1). */
export const DIGEST_URI = 'zookeeper/zk-sasl-md5';
const QOP = 'auth';

/** 32 hexadecimal digits: what the client has to send as `response`. */
export function clientResponse(md5: Md5, secrets: DigestMd5Secrets, exchange: DigestMd5Exchange): string {
  return responseOf(md5, 'AUTHENTICATE:', secrets, exchange);
}

/** The same for `rspauth`, by which the server proves itself. */
export function serverResponse(md5: Md5, secrets: DigestMd5Secrets, exchange: DigestMd5Exchange): string {
  return responseOf(md5, ':', secrets, exchange);
}

function responseOf(md5: Md5, a2Prefix: string, secrets: DigestMd5Secrets, exchange: DigestMd5Exchange): string {
  const { nonce, cnonce, authzid, digestUri } = exchange;
  const { user, realm, password } = secrets;
  const colon = ascii(':');
  const secret = md5(concatBytes([oneByteEach(user), colon, oneByteEach(realm), colon, oneByteEach(password)]));
  const a1 = [secret, colon, nonce, colon, cnonce, ...(authzid === null ? [] : [colon, authzid])];
  const hashedA1 = hexOf(md5(concatBytes(a1)));
  const hashedA2 = hexOf(md5(concatBytes([ascii(a2Prefix), digestUri])));
  const proof = [ascii(`${hashedA1}:`), nonce, ascii(`:${NONCE_COUNT}:`), cnonce, ascii(`:${QOP}:${hashedA2}`)];
  return hexOf(md5(concatBytes(proof)));
}

/** Whether the text can be told with one byte per character, ISO 8859-1. */
export function isLatin1(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return false;
  return true;
}

/** One byte per character of a text for which `isLatin1`. */
export function latin1Bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** The RFC wants ISO 8859-1 of whatever fits into it, and UTF-8 only of the rest, whatever the character set of the wire. */
function oneByteEach(text: string): Uint8Array {
  return isLatin1(text) ? latin1Bytes(text) : encodeUtf8(text);
}

const ascii = latin1Bytes;

function hexOf(bytes: Uint8Array): string {
  let hex = '';
  for (const character of latin1(bytes, 0, bytes.length)) hex += character.charCodeAt(0).toString(16).padStart(2, '0');
  return hex;
}
