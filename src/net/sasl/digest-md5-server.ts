/**
 * The server's side of one DIGEST-MD5 negotiation (RFC 2831, client-protocol 10.1): challenge, response, done. One object per
 * connection that negotiates, on its shard's thread. Neither passwords nor responses leave it but in the proof it returns.
 *
 *   [challenge due] -- any token --> [response due] -- right response --> [over]
 *                                          |
 *                                          +---------- anything else ---> [over]
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { decodeUtf8 } from '../../base/utf8.js';
import { clientResponse, DIGEST_URI, type Md5, serverResponse } from '../../protocol/sasl/digest-md5.js';
import { type Directives, DirectivesError, parseDirectives } from '../../protocol/sasl/digest-md5-directives.js';

const RESPONSE_DIGITS = 32;

/** What is fixed on one kind of port. */
export interface DigestMd5Port {
  readonly realm: string;
  readonly digestUri: string;
  /** Who says as whom he wants to act must say himself. */
  readonly actsAsSelfOnly: boolean;
}

const CLIENT_PORT: DigestMd5Port = { realm: 'zk-sasl-md5', digestUri: DIGEST_URI, actsAsSelfOnly: false };

const Phase = { challengeDue: 0, responseDue: 1, over: 2 } as const;
type Phase = (typeof Phase)[keyof typeof Phase];

export type SaslStep =
  | { readonly kind: 'challenge'; readonly token: string }
  | { readonly kind: 'done'; readonly token: string; readonly user: string }
  /** `reason` is for the log: it tells of the message, never of a secret. */
  | { readonly kind: 'failed'; readonly reason: string };

export class DigestMd5Server {
  private readonly passwords: ReadonlyMap<string, string>;
  private readonly nonce: string;
  private readonly port: DigestMd5Port;
  private phase: Phase = Phase.challengeDue;

  /** `nonce` is printable, without quotes, and never used before. */
  constructor(passwords: ReadonlyMap<string, string>, nonce: string, port: DigestMd5Port = CLIENT_PORT) {
    this.passwords = passwords;
    this.nonce = nonce;
    this.port = port;
  }

  evaluate(token: Uint8Array): SaslStep {
    switch (this.phase) {
      case Phase.challengeDue:
        this.phase = Phase.responseDue;
        return { kind: 'challenge', token: this.challenge() };
      case Phase.responseDue:
        this.phase = Phase.over;
        return this.judge(token);
      case Phase.over:
        return failed('the negotiation is over');
    }
  }

  private challenge(): string {
    return `realm="${this.port.realm}",nonce="${this.nonce}",charset=utf-8,algorithm=md5-sess`;
  }

  private judge(token: Uint8Array): SaslStep {
    let directives: Directives;
    try {
      directives = parseDirectives(token);
    } catch (error) {
      if (!(error instanceof DirectivesError)) throw error;
      return failed('the response is no list of directives');
    }
    const wrong = this.findWrongDirective(directives);
    if (wrong !== null) return failed(wrong);
    const cnonce = directives.get('cnonce');
    const response = directives.get('response');
    const digestUri = directives.get('digest-uri');
    const userBytes = directives.get('username');
    if (cnonce === undefined) return failed('missing cnonce');
    if (response === undefined) return failed('missing response');
    if (digestUri === undefined) return failed('missing digest-uri');
    if (userBytes === undefined) return failed('missing username');
    const user = decodeUtf8(userBytes, 0, userBytes.length);
    const password = this.passwords.get(user);
    if (password === undefined) return failed(`unknown user ${JSON.stringify(user)}`);
    const secrets = { user, realm: this.port.realm, password };
    const nonce = Buffer.from(this.nonce, 'latin1');
    const exchange = { nonce, cnonce, authzid: directives.get('authzid') ?? null, digestUri };
    const expected = Buffer.from(clientResponse(md5, secrets, exchange), 'latin1');
    if (response.length !== RESPONSE_DIGITS || !timingSafeEqual(response, expected)) {
      return failed(`wrong response for user ${JSON.stringify(user)}`);
    }
    return { kind: 'done', token: `rspauth=${serverResponse(md5, secrets, exchange)}`, user };
  }

  /**
   * nc is not looked at, as in the reference: the response covers it, and only a count of one can be right. maxbuf means
   * nothing without a security layer.
   */
  private findWrongDirective(directives: Directives): string | null {
    const text = (key: string): string | null => {
      const value = directives.get(key);
      return value === undefined ? null : decodeUtf8(value, 0, value.length);
    };
    if ((text('charset') ?? 'utf-8') !== 'utf-8') return 'charset is not utf-8';
    if (text('realm') !== this.port.realm) return 'realm is not the one offered';
    if (text('nonce') !== this.nonce) return 'nonce is not the one given';
    if ((text('qop') ?? 'auth') !== 'auth') return 'qop is not auth';
    const { digestUri, actsAsSelfOnly } = this.port;
    if (text('digest-uri')?.toLowerCase() !== digestUri) return `digest-uri is not ${digestUri}`;
    const authzid = text('authzid');
    if (actsAsSelfOnly && authzid !== null && authzid !== text('username')) return 'authzid is not the user';
    return null;
  }
}

const md5: Md5 = (bytes) => createHash('md5').update(bytes).digest();

function failed(reason: string): SaslStep {
  return { kind: 'failed', reason };
}
