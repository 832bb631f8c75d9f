/**
 * The digest scheme's login (client-protocol 6.6): `user:password` to `user:base64(hash(user:password))`, and whether it makes
 * its owner super. Shell round node:crypto, called by connection shards; keeps nothing, and the password reaches no log.
 */
import { createHash } from 'node:crypto';
import { decodeUtf8 } from '../../base/utf8.js';
import type { Identity } from '../../processor/acl.js';

/** The identities that a login adds; `superDigest` is the whole id that makes its owner super, or null. It always succeeds. */
export function digestLogin(auth: Uint8Array, algorithm: string, superDigest: string | null): readonly Identity[] {
  const text = decodeUtf8(auth, 0, auth.length);
  const colon = text.indexOf(':');
  const user = colon < 0 ? text : text.slice(0, colon);
  const id = `${user}:${createHash(algorithm).update(text, 'utf8').digest('base64')}`;
  const identity: Identity = { scheme: 'digest', id };
  return id === superDigest ? [{ scheme: 'super', id: '' }, identity] : [identity];
}
