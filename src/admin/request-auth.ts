// Who an HTTP client is (operations 3.6): `Authorization: <scheme> [<data>]`, with schemes digest, ip and x509. Main thread.
// An address is the socket's and nothing else's: what a header says about where a request came from is never looked at
// (CVE-2024-51504). A certificate cannot be shown, since the port does not speak TLS. What a client sends as proof is not logged.

import { encodeUtf8 } from '../base/utf8.js';
import type { AuthOptions } from '../net/auth/auth-options.js';
import { digestLogin } from '../net/auth/digest-login.js';
import type { Identity } from '../processor/acl.js';
import { ipIdentityOf } from '../processor/ip-address.js';

/** Null: nobody is known by that. `authorization`: the header's value. */
export function identitiesOf(
  authorization: string,
  remoteAddress: string,
  options: AuthOptions,
): readonly Identity[] | null {
  const [scheme, data, ...more] = splitAtBlanks(authorization);
  if (scheme === undefined || more.length > 0 || !options.schemes.some((known) => known === scheme)) return null;
  switch (scheme) {
    case 'ip':
      return [{ scheme, id: ipIdentityOf(remoteAddress) }];
    case 'digest':
      return data === undefined ? null : digestLogin(encodeUtf8(data), options.digestAlgorithm, options.superDigest);
    default:
      return null;
  }
}

/** As Java's split: empty parts at the end do not count, others do. */
function splitAtBlanks(text: string): string[] {
  const parts = text.split(' ');
  while (parts.length > 0 && parts.at(-1) === '') parts.pop();
  return parts;
}
