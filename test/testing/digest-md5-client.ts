/**
 * The client's side of DIGEST-MD5 as tests need it: a right message, and every wrong one. Shares no code with the product, so
 * that a mistake in its arithmetic cannot hide.
 */
import { createHash } from 'node:crypto';

export interface DigestMd5Message {
  readonly user?: string;
  readonly password?: string;
  readonly realm?: string;
  readonly digestUri?: string;
  readonly authzid?: string;
  readonly qop?: string;
  readonly cnonce?: string;
  /** Directives to be sent otherwise than the response was made for, as they stand behind the `=`; null leaves one out. */
  readonly sent?: Readonly<Record<string, string | null>>;
}

const NONCE_COUNT = '00000001';

/** The nonce of a challenge. */
export function nonceOf(challenge: string): string {
  const nonce = /nonce="([^"]*)"/.exec(challenge)?.[1];
  if (nonce === undefined) throw new Error(`this is no challenge: ${challenge}`);
  return nonce;
}

/** User bob with his password, unless it says otherwise. */
export function digestMd5Response(challenge: string, message: DigestMd5Message = {}): string {
  const { user = 'bob', password = 'bobsecret', realm = 'zk-sasl-md5', digestUri = 'zookeeper/zk-sasl-md5' } = message;
  const { authzid, qop = 'auth', cnonce = '0123456789abcdef' } = message;
  const nonce = nonceOf(challenge);
  const secret = md5(Buffer.from(`${user}:${realm}:${password}`, 'latin1'));
  const rest = `:${nonce}:${cnonce}${authzid === undefined ? '' : `:${authzid}`}`;
  const a1 = md5(Buffer.concat([secret, Buffer.from(rest)])).toString('hex');
  const a2 = md5(Buffer.from(`AUTHENTICATE:${digestUri}`)).toString('hex');
  const response = md5(Buffer.from(`${a1}:${nonce}:${NONCE_COUNT}:${cnonce}:${qop}:${a2}`)).toString('hex');
  const directives: Record<string, string | null> = {
    charset: 'utf-8',
    username: `"${user}"`,
    realm: `"${realm}"`,
    nonce: `"${nonce}"`,
    nc: NONCE_COUNT,
    cnonce: `"${cnonce}"`,
    'digest-uri': `"${digestUri}"`,
    maxbuf: '65536',
    response,
    qop,
    authzid: authzid === undefined ? null : `"${authzid}"`,
    ...message.sent,
  };
  return Object.entries(directives)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

function md5(bytes: Uint8Array): Buffer {
  return createHash('md5').update(bytes).digest();
}
