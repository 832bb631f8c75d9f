/**
 * Who may do what, written anew from client-protocol 6.6 for the permission matrix: lists of entries as text, identities as
 * text, and one function. It shares no line with the server's own AclPolicy, which it judges.
 */
import type { ACL } from '../../../../src/protocol/acl.js';

/** `r`, `w`, `c`, `d`, `a`. */
export type Letter = 'r' | 'w' | 'c' | 'd' | 'a';
const BITS: Readonly<Record<Letter, number>> = { r: 1, w: 2, c: 4, d: 8, a: 16 };

/** `rw digest:ann:hash`; letters `-` for none. */
export type EntryText = string;

export interface Person {
  readonly name: string;
  readonly address: string;
  /** Texts for `auth` with scheme digest. */
  readonly logins: readonly string[];
  /** All that the server knows of the connection then, as `scheme:id`. */
  readonly identities: readonly string[];
}

export function aclOf(entries: readonly EntryText[]): ACL[] {
  return entries.map((entry) => {
    const { letters, scheme, id } = parse(entry);
    return { perms: letters.reduce((sum, letter) => sum + BITS[letter], 0), id: { scheme, id } };
  });
}

export function mayDo(
  person: Person,
  entries: readonly EntryText[],
  wanted: readonly Letter[],
  skipAcl = false,
): boolean {
  if (skipAcl || entries.length === 0) return true;
  if (person.identities.some((identity) => identity.startsWith('super:'))) return true;
  return entries.some((entry) => {
    const { letters, scheme, id } = parse(entry);
    if (!wanted.some((letter) => letters.includes(letter))) return false;
    if (scheme === 'world') return id === 'anyone';
    return person.identities.some((identity) => {
      const colon = identity.indexOf(':');
      if (identity.slice(0, colon) !== scheme) return false;
      const own = identity.slice(colon + 1);
      return scheme === 'ip' ? addressIn(own, id) : own === id;
    });
  });
}

function parse(entry: EntryText): { letters: Letter[]; scheme: string; id: string } {
  const [, letters, scheme, id] = /^([rwcda-]+) ([a-z0-9]+):(.*)$/.exec(entry) as RegExpExecArray;
  return {
    letters: letters === '-' ? [] : ([...(letters as string)] as Letter[]),
    scheme: scheme as string,
    id: id as string,
  };
}

/** IPv4 only: the other family has tests of its own. */
function addressIn(address: string, id: string): boolean {
  const [network, bits = '32'] = id.split('/') as [string, string?];
  const number = (text: string): bigint => text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  const shift = BigInt(32 - Number(bits));
  return number(address) >> shift === number(network) >> shift;
}
