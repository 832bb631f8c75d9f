/**
 * The identity that `addauth digest user:password` gives, as ACLs and superDigest have it: for tools that make one without
 * asking a server. It is what the login itself computes. Pure; the password is in nothing but its argument.
 */
import { digestAlgorithm } from '../net/auth/digest-algorithm.js';
import { digestLogin } from '../net/auth/digest-login.js';

export const DIGEST_ALGORITHM_DEFAULT = 'SHA1';

/** `user:hash`; null when nobody here computes that algorithm, named as DigestAuthenticationProvider.digestAlg names it. */
export function digestIdOf(userAndPassword: string, algorithm: string = DIGEST_ALGORITHM_DEFAULT): string | null {
  const name = digestAlgorithm(algorithm);
  if (name === null) return null;
  const [identity] = digestLogin(Buffer.from(userAndPassword, 'utf8'), name, null);
  return identity.id;
}
