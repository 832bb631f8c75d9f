/**
 * The side of DIGEST-MD5 (RFC 2831) that asks to be let in, a client or a server that connects to another: proves that it knows the
 * password without sending it, and checks that the other side knows it too. One object per connection; pure, chance (the cnonce) and
 * the hash come from outside. It keeps the password for as long as it lives, and puts it into no message or error.
 *
 *   initiator                                          server
 *     | --- empty token ----------------------------------> |
 *     | <-- realm, nonce, charset, algorithm -------------- |
 *     | --- username, realm, nonce, cnonce, response -----> |      response: hash over password, nonces and purpose
 *     | <-- rspauth ---------------------------------------- |     the same with another purpose: done
 *
 * Values that go back are handled as text with one character per byte.
 */
import { decodeUtf8, encodeUtf8, latin1 } from '../../base/utf8.js';
import {
  clientResponse,
  type DigestMd5Exchange,
  type DigestMd5Secrets,
  isLatin1,
  latin1Bytes,
  type Md5,
  NONCE_COUNT,
  serverResponse,
} from './digest-md5.js';
import { type Directives, DirectivesError, parseDirectives } from './digest-md5-directives.js';

/** The other side said something that this one cannot accept. */
export class DigestMd5Error extends Error {
  override readonly name = 'DigestMd5Error';
}

/** What is fixed on one kind of connection. */
export interface DigestMd5Names {
  readonly digestUri: string;
  /** Says, too, as whom it wants to act: as itself. */
  readonly namesAuthorized: boolean;
}

export interface DigestMd5Credentials {
  readonly username: string;
  readonly password: string;
}

export class DigestMd5Initiator {
  private readonly credentials: DigestMd5Credentials;
  private readonly names: DigestMd5Names;
  private readonly cnonce: string;
  private readonly md5: Md5;
  /** Of the server, once our proof has been sent. */
  private expectedRspauth: string | null = null;

  /** The cnonce: printable ASCII without quotes, never the same twice. */
  constructor(credentials: DigestMd5Credentials, names: DigestMd5Names, cnonce: string, md5: Md5) {
    this.credentials = credentials;
    this.names = names;
    this.cnonce = cnonce;
    this.md5 = md5;
  }

  /** Null: done, and the other side knows the password, too. Throws DigestMd5Error. */
  onToken(token: Uint8Array): Uint8Array | null {
    const directives = directivesOf(token);
    if (this.expectedRspauth === null) return this.answerChallenge(directives);
    if (textOf(directives, 'rspauth') !== this.expectedRspauth) {
      throw new DigestMd5Error('the server does not know the password');
    }
    return null;
  }

  private answerChallenge(challenge: Directives): Uint8Array {
    const nonce = textOf(challenge, 'nonce');
    if (nonce === undefined || nonce === '') throw new DigestMd5Error('a challenge without a nonce');
    if (textOf(challenge, 'algorithm') !== 'md5-sess') throw new DigestMd5Error('a challenge with another algorithm');
    const qops = (textOf(challenge, 'qop') ?? 'auth').split(',').map((qop) => qop.trim());
    if (!qops.includes('auth')) throw new DigestMd5Error('the server asks for protection of the messages');
    const isUtf8 = textOf(challenge, 'charset')?.toLowerCase() === 'utf-8';
    const { username, password } = this.credentials;
    const { digestUri, namesAuthorized } = this.names;
    const wireName = isUtf8 ? utf8Text(username) : username;
    if (!isUtf8 && !isLatin1(username)) throw new DigestMd5Error('the server does not take such a user name');
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
      authzid: namesAuthorized ? latin1Bytes(wireName) : null,
      digestUri: latin1Bytes(digestUri),
    };
    this.expectedRspauth = serverResponse(this.md5, secrets, exchange);
    const directives = [
      ...(isUtf8 ? ['charset=utf-8'] : []),
      `username="${escaped(wireName)}"`,
      ...(realm === undefined ? [] : [`realm="${escaped(realm)}"`]),
      `nonce="${escaped(nonce)}"`,
      `nc=${NONCE_COUNT}`,
      `cnonce="${this.cnonce}"`,
      `digest-uri="${digestUri}"`,
      'maxbuf=65536',
      `response=${clientResponse(this.md5, secrets, exchange)}`,
      'qop=auth',
      ...(namesAuthorized ? [`authzid="${escaped(wireName)}"`] : []),
    ];
    return latin1Bytes(directives.join(','));
  }
}

function directivesOf(token: Uint8Array): Directives {
  let directives: Directives;
  try {
    directives = parseDirectives(token);
  } catch (error) {
    if (error instanceof DirectivesError) throw new DigestMd5Error(error.message, { cause: error });
    throw error;
  }
  if (directives.size === 0 && token.length > 0) throw new DigestMd5Error('a token that is no list of directives');
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
