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
// The arithmetic and the form of the messages are the server's, too (protocol/sasl). Values that go back are handled as text
// with one character per byte.

import { decodeUtf8, encodeUtf8, latin1 } from '../base/utf8.js';
import {
  clientResponse,
  DIGEST_URI,
  type DigestMd5Exchange,
  type DigestMd5Secrets,
  isLatin1,
  latin1Bytes,
  type Md5,
  NONCE_COUNT,
  serverResponse,
} from '../protocol/sasl/digest-md5.js';
import { type Directives, DirectivesError, parseDirectives } from '../protocol/sasl/digest-md5-directives.js';
import { SaslError, type SaslMechanism } from './sasl-mechanism.js';

export interface SaslCredentials {
  readonly username: string;
  readonly password: string;
}

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
    const directives = directivesOf(token);
    if (this.expectedRspauth === null) return this.answerChallenge(directives);
    if (textOf(directives, 'rspauth') !== this.expectedRspauth) {
      throw new SaslError('the server does not know the password');
    }
    return null;
  }

  private answerChallenge(challenge: Directives): Uint8Array {
    const nonce = textOf(challenge, 'nonce');
    if (nonce === undefined || nonce === '') throw new SaslError('a challenge without a nonce');
    if (textOf(challenge, 'algorithm') !== 'md5-sess') throw new SaslError('a challenge with another algorithm');
    const qops = (textOf(challenge, 'qop') ?? 'auth').split(',').map((qop) => qop.trim());
    if (!qops.includes('auth')) throw new SaslError('the server asks for protection of the messages');
    const isUtf8 = textOf(challenge, 'charset')?.toLowerCase() === 'utf-8';
    const { username, password } = this.credentials;
    if (!isUtf8 && !isLatin1(username)) throw new SaslError('the server does not take such a user name');
    const realm = textOf(challenge, 'realm');
    const realmBytes = latin1Bytes(realm ?? '');
    const secrets: DigestMd5Secrets = {
      user: username,
      realm: decodeUtf8(realmBytes, 0, realmBytes.length),
      password,
    };
    const exchange: DigestMd5Exchange = {
      nonce: latin1Bytes(nonce),
      cnonce: latin1Bytes(this.cnonce),
      authzid: null,
      digestUri: latin1Bytes(DIGEST_URI),
    };
    this.expectedRspauth = serverResponse(this.md5, secrets, exchange);
    const directives = [
      ...(isUtf8 ? ['charset=utf-8'] : []),
      `username="${escaped(isUtf8 ? utf8Text(username) : username)}"`,
      ...(realm === undefined ? [] : [`realm="${escaped(realm)}"`]),
      `nonce="${escaped(nonce)}"`,
      `nc=${NONCE_COUNT}`,
      `cnonce="${this.cnonce}"`,
      `digest-uri="${DIGEST_URI}"`,
      'maxbuf=65536',
      `response=${clientResponse(this.md5, secrets, exchange)}`,
      'qop=auth',
    ];
    return latin1Bytes(directives.join(','));
  }
}

function directivesOf(token: Uint8Array): Directives {
  let directives: Directives;
  try {
    directives = parseDirectives(token);
  } catch (error) {
    if (error instanceof DirectivesError) throw new SaslError(error.message, { cause: error });
    throw error;
  }
  if (directives.size === 0 && token.length > 0) throw new SaslError('a token that is no list of directives');
  return directives;
}

function textOf(directives: Directives, key: string): string | undefined {
  const value = directives.get(key);
  return value === undefined ? undefined : latin1(value, 0, value.length);
}

function escaped(byteText: string): string {
  return byteText.replaceAll(/["\\]/g, '\\$&');
}

/** The UTF-8 bytes, one character each. */
function utf8Text(text: string): string {
  const bytes = encodeUtf8(text);
  return latin1(bytes, 0, bytes.length);
}
