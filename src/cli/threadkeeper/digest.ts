// `threadkeeper digest user:password…`: what ACLs and DigestAuthenticationProvider.superDigest have to contain, in the form
// in which Apache's DigestAuthenticationProvider prints it. With -q only what is to be copied, without the password.
// It asks no server.
//
//   user:password->user:hash

import { DIGEST_ALGORITHM_DEFAULT, digestIdOf } from '../../server/digest-id.js';
import { type SubCommandContext, SubCommandUsageError } from './sub-command.js';

export async function digest({ args, out }: SubCommandContext): Promise<number> {
  let algorithm = DIGEST_ALGORITHM_DEFAULT;
  let isQuiet = false;
  const users: string[] = [];
  for (const word of args) {
    if (word === '-q') isQuiet = true;
    else if (word.startsWith('--algorithm=')) algorithm = word.slice('--algorithm='.length);
    else users.push(word);
  }
  if (users.length === 0) throw new SubCommandUsageError('whose digest? user:password is missing');
  for (const user of users) {
    if (!user.includes(':')) throw new SubCommandUsageError('a word is not of the form user:password');
    const id = digestIdOf(user, algorithm);
    if (id === null) throw new SubCommandUsageError(`${algorithm} cannot be computed here`);
    out(isQuiet ? `${id}\n` : `${user}->${id}\n`);
  }
  return 0;
}
