// Who an HTTP client is (operations 3.6): `Authorization: <scheme> [<data>]`, with schemes digest, ip and x509. Main thread.
// An address is the socket's: what a header says about where a request came from counts only where the configuration says that a
// proxy sets it (CVE-2024-51504). A certificate is what TLS has proved. What a client sends as proof is not logged.

import { encodeUtf8 } from '../base/utf8.js';
import type { AuthOptions } from '../net/auth/auth-options.js';
import { digestLogin } from '../net/auth/digest-login.js';
import type { Identity } from '../processor/acl.js';
import { ipIdentityOf } from '../processor/ip-address.js';

/** What a connection proves without a word of its client. */
export interface Connected {
  readonly address: string;
  readonly certified: readonly Identity[];
}

/** The address that counts; `forwarded`: the header X-Forwarded-For, if it is to be believed. */
export function clientAddress(socketAddress: string, forwarded: string | undefined): string {
  const first = forwarded?.split(',', 1)[0]?.trim();
  return first === undefined || first === '' ? socketAddress : first;
}

/** Null: nobody is known by that. `authorization`: the header's value. */
export function identitiesOf(
  authorization: string,
  { address, certified }: Connected,
  options: AuthOptions,
): readonly Identity[] | null {
  const [scheme, data, ...more] = splitAtBlanks(authorization);
  if (scheme === undefined || more.length > 0 || !options.schemes.some((known) => known === scheme)) return null;
  switch (scheme) {
    case 'ip':
      return [{ scheme, id: ipIdentityOf(address) }];
    case 'digest':
      return data === undefined ? null : digestLogin(encodeUtf8(data), options.digestAlgorithm, options.superDigest);
    case 'x509':
      return certified.length === 0 ? null : certified.flatMap((identity) => withSuper(identity, options));
    default:
      return null;
  }
}

function withSuper(identity: Identity, { x509SuperUser }: AuthOptions): readonly Identity[] {
  return identity.id === x509SuperUser ? [{ scheme: 'super', id: identity.id }, identity] : [identity];
}

/** As Java's split: empty parts at the end do not count, others do. */
function splitAtBlanks(text: string): string[] {
  const parts = text.split(' ');
  while (parts.length > 0 && parts.at(-1) === '') parts.pop();
  return parts;
}
