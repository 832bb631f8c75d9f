// The client's side of SASL DIGEST-MD5 (RFC 2831) with ZooKeeper's fixed names: proves that it knows the password without
// sending it, and checks that the server knows it too. One object per connection. Chance (the cnonce) and the hash come
// from outside. It keeps the password in memory for as long as the client lives, and puts it into no message or error.
//
//   client                                             server
//     | --- empty token ----------------------------------> |
//     | <-- realm, nonce, charset, algorithm -------------- |
//     | --- username, realm, nonce, cnonce, response -----> |      response: hash over password, nonces and purpose
//     | <-- rspauth ---------------------------------------- |     the same with another purpose: done
//
// Tokens are handled as text with one character per byte.

import { decodeUtf8, encodeUtf8, latin1 } from '../base/utf8.js';
import { SaslError, type SaslMechanism } from './sasl-mechanism.js';

/** Of the protocol, not of a host: every ZooKeeper server is called so. */
const DIGEST_URI = 'zookeeper/zk-sasl-md5';
const NONCE_COUNT = '00000001';
const CHALLENGE_BYTES_MAX = 4096;

export interface SaslCredentials {
  readonly username: string;
  readonly password: string;
}

/** 16 bytes. */
export type Md5 = (bytes: Uint8Array) => Uint8Array;

export class DigestMd5Mechanism implements SaslMechanism {
  private readonly credentials: SaslCredentials;
  private readonly cnonce: string;
  private readonly md5: Md5;
  /** Of the server, once our proof has been sent. */
  private expectedRspauth: string | null = null;

  /** The cnonce: printable ASCII without quotes, never the same twice. */
  constructor(credentials: SaslCredentials, cnonce: string, md5: Md5) {
    this.credentials = credentials;
    this.cnonce = cnonce;
    this.md5 = md5;
  }

  firstToken(): Uint8Array {
    return new Uint8Array(0);
  }

  onToken(token: Uint8Array): Uint8Array | null {
    if (token.length > CHALLENGE_BYTES_MAX) throw new SaslError(`a token of ${token.length} bytes`);
    const directives = parseDirectives(latin1(token, 0, token.length));
    if (this.expectedRspauth === null) return this.answerChallenge(directives);
    if (directives.get('rspauth') !== this.expectedRspauth)
      throw new SaslError('the server does not know the password');
    return null;
  }

  private answerChallenge(challenge: ReadonlyMap<string, string>): Uint8Array {
    const nonce = challenge.get('nonce');
    if (nonce === undefined || nonce === '') throw new SaslError('a challenge without a nonce');
    if (challenge.get('algorithm') !== 'md5-sess') throw new SaslError('a challenge with another algorithm');
    const qops = (challenge.get('qop') ?? 'auth').split(',').map((qop) => qop.trim());
    if (!qops.includes('auth')) throw new SaslError('the server asks for protection of the messages');
    const isUtf8 = challenge.get('charset')?.toLowerCase() === 'utf-8';
    const { username } = this.credentials;
    if (!isUtf8 && !isLatin1(username)) throw new SaslError('the server does not take such a user name');
    const realm = challenge.get('realm') ?? '';
    this.expectedRspauth = this.proof(':', realm, nonce);
    const directives = [
      ...(isUtf8 ? ['charset=utf-8'] : []),
      `username="${escaped(isUtf8 ? bytesOf(username) : username)}"`,
      ...(challenge.has('realm') ? [`realm="${escaped(realm)}"`] : []),
      `nonce="${escaped(nonce)}"`,
      `nc=${NONCE_COUNT}`,
      `cnonce="${this.cnonce}"`,
      `digest-uri="${DIGEST_URI}"`,
      'maxbuf=65536',
      `response=${this.proof('AUTHENTICATE:', realm, nonce)}`,
      'qop=auth',
    ];
    return toBytes(directives.join(','));
  }

  /** 32 hexadecimal digits. Realm and nonce as the server sent them, byte for byte. */
  private proof(purpose: string, realm: string, nonce: string): string {
    const { username, password } = this.credentials;
    const secret = this.hash(`${shortestBytesOf(username)}:${realmBytes(realm)}:${shortestBytesOf(password)}`);
    const hashedA1 = hexOf(this.hash(`${secret}:${nonce}:${this.cnonce}`));
    const hashedA2 = hexOf(this.hash(`${purpose}${DIGEST_URI}`));
    return hexOf(this.hash(`${hashedA1}:${nonce}:${NONCE_COUNT}:${this.cnonce}:auth:${hashedA2}`));
  }

  private hash(byteText: string): string {
    const digest = this.md5(toBytes(byteText));
    return latin1(digest, 0, digest.length);
  }
}

/** `key=value` and `key="value"`, separated by commas and blanks. A key that comes twice makes no sense here. */
function parseDirectives(text: string): Map<string, string> {
  const directives = new Map<string, string>();
  const form = /[\s,]*([^\s,="]+)\s*=\s*(?:"((?:[^"\\]|\\[\s\S])*)"|([^\s,"]*))(?=[\s,]|$)/y;
  while (form.lastIndex < text.length) {
    const at = form.lastIndex;
    const match = form.exec(text);
    if (match === null) {
      if (/^[\s,]*$/.test(text.slice(at))) break;
      throw new SaslError('a token that is no list of directives');
    }
    const key = (match[1] as string).toLowerCase();
    if (directives.has(key)) throw new SaslError(`${key} stands in the token twice`);
    directives.set(key, match[2] === undefined ? (match[3] as string) : match[2].replaceAll(/\\([\s\S])/g, '$1'));
  }
  return directives;
}

function escaped(byteText: string): string {
  return byteText.replaceAll(/["\\]/g, '\\$&');
}

function isLatin1(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return false;
  return true;
}

/** The UTF-8 bytes, one character each. */
function bytesOf(text: string): string {
  const bytes = encodeUtf8(text);
  return latin1(bytes, 0, bytes.length);
}

/** The RFC hashes ISO 8859-1 of whatever fits into it, and UTF-8 only of the rest, whatever the charset of the wire. */
function shortestBytesOf(text: string): string {
  return isLatin1(text) ? text : bytesOf(text);
}

/** The same of a realm, which came as bytes. */
function realmBytes(realm: string): string {
  const bytes = toBytes(realm);
  return shortestBytesOf(decodeUtf8(bytes, 0, bytes.length));
}

function toBytes(byteText: string): Uint8Array {
  return Uint8Array.from(byteText, (character) => character.charCodeAt(0));
}

function hexOf(byteText: string): string {
  let hex = '';
  for (let i = 0; i < byteText.length; i++) hex += byteText.charCodeAt(i).toString(16).padStart(2, '0');
  return hex;
}
