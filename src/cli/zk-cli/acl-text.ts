// ACLs as they are typed, "scheme:id:perms,…", and as they are shown. The id may contain colons (digest ids do): the
// scheme ends at the first one, the permissions begin after the last one. Bad entries are reported and left out;
// whether what is left will do is for the caller and the server to say.

import type { ACL } from '../../protocol/acl.js';
import { permOfLetter, permsText } from '../../protocol/perms.js';
import type { Terminal } from './terminal.js';

export function parseAcl(text: string, terminal: Terminal): ACL[] {
  const list: ACL[] = [];
  for (const entry of text.split(',')) {
    const first = entry.indexOf(':');
    const last = entry.lastIndexOf(':');
    if (first < 0 || first === last) {
      terminal.err(`${entry} does not have the form scheme:id:perm`);
      continue;
    }
    const perms = parsePerms(entry.slice(last + 1), terminal);
    list.push({ perms, id: { scheme: entry.slice(0, first), id: entry.slice(first + 1, last) } });
  }
  return list;
}

/** Two lines per entry. */
export function aclLines(acl: readonly ACL[]): string[] {
  return acl.flatMap(({ id, perms }) => [`'${id.scheme},'${id.id}`, `: ${permsText(perms)}`]);
}

function parsePerms(letters: string, terminal: Terminal): number {
  let perms = 0;
  for (const letter of letters) {
    const bit = permOfLetter(letter);
    if (bit === 0) terminal.err(`Unknown perm type: ${letter}`);
    perms |= bit;
  }
  return perms;
}
