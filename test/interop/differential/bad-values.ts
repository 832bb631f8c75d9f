// Strings, lists and numbers on both sides of every rule that a server has for them: paths of each class of the path
// check, ACLs of each class of the fix-up, lengths and counts that lie. Bytes, not strings, where only bytes can say it.

import { counted, int32 } from '../../testing/wire-connection.js';

export type Bytes = string | Uint8Array | null;

/** Latin-1 text as bytes: for what is no valid UTF-8. */
function raw(latin1: string): Uint8Array {
  return Buffer.from(latin1, 'latin1');
}

/** Some are good: they stand just on the other side of a rule. */
export const ODD_PATHS: readonly Bytes[] = [
  null,
  '',
  'abc',
  'a/b',
  '/a/',
  '/missing/',
  '//',
  '//x',
  '/a//b',
  '/.',
  '/..',
  '/a/.',
  '/a/../b',
  '/./a',
  '/...',
  '/.a',
  '/a..',
  '/a\0',
  '/a\0/b',
  '/a\u0001',
  '/\u001f',
  '/a\u007f',
  '/\u009f',
  '/\u00a0',
  '/\ue000',
  '/\uf8ff',
  '/\uf900',
  '/\uffef',
  '/\ufff0',
  '/\ufffd',
  '/\uffff',
  '/a b',
  '/a\\b',
  '/constructor',
  '/toString',
  raw('/\xff'),
  raw('/\xc0\x80'),
  raw('/\xe4\xb8'),
  raw('/a\xe4\xb8x'),
  raw('/\xed\xa0\x80'),
  raw('/\xed\xa0\xbd\xed\xb8\x80'),
  raw('/\xf5\x80\x80\x80'),
  raw('/\xc3'),
];

/** Valid UTF-8 of four bytes: no part of a path, but sync echoes it. */
export const SUPPLEMENTARY_PATH = '/\u{1f600}';

export interface NamedAcl {
  readonly name: string;
  /** The vector. */
  readonly bytes: Buffer;
}

type Entry = readonly [perms: number, scheme: Bytes, id: Bytes];

function acl(name: string, ...entries: readonly Entry[]): NamedAcl {
  const parts = entries.map(([perms, scheme, id]) => Buffer.concat([int32(perms), counted(scheme), counted(id)]));
  return { name, bytes: Buffer.concat([int32(entries.length), ...parts]) };
}

const BOB = 'bob:ikIaKsbtGweaHnb/jKn7OHqbunM=';

export const OPEN_ACL: NamedAcl = acl('open', [31, 'world', 'anyone']);

/** Stored as they are, or expanded. */
export const GOOD_ACLS: readonly NamedAcl[] = [
  OPEN_ACL,
  acl('all but admin', [15, 'world', 'anyone']),
  acl('read', [1, 'world', 'anyone']),
  acl('read and create', [5, 'world', 'anyone']),
  acl('write', [2, 'world', 'anyone']),
  acl('admin', [16, 'world', 'anyone']),
  acl('all but read', [30, 'world', 'anyone']),
  acl('nothing', [0, 'world', 'anyone']),
  acl('every bit', [-1, 'world', 'anyone']),
  acl('bob', [31, 'digest', BOB]),
  acl('bob, others read', [31, 'digest', BOB], [1, 'world', 'anyone']),
  acl('somebody', [31, 'digest', ':b']),
  acl('somebody with a colon', [31, 'digest', 'a:b:'], [31, 'world', 'anyone']),
  acl('this host', [31, 'ip', '127.0.0.1']),
  acl('this net', [31, 'ip', '127.0.0.0/8']),
  acl('another net', [31, 'ip', '10.0.0.0/8']),
  acl('this host, as Java reads numbers', [31, 'ip', '+127.0.0.0001/032']),
  acl('every address', [31, 'ip', '10.0.0.0/0']),
  acl('auth', [31, 'auth', '']),
  acl('auth with id', [31, 'auth', 'whoever']),
  acl('auth, twice', [31, 'auth', 'a'], [31, 'auth', 'b']),
  acl('duplicates', [31, 'world', 'anyone'], [1, 'ip', '10.0.0.1'], [31, 'world', 'anyone']),
  acl('the same but for perms', [30, 'world', 'anyone'], [1, 'world', 'anyone']),
];

export const BAD_ACLS: readonly NamedAcl[] = [
  acl('empty'),
  { name: 'null', bytes: int32(-1) },
  { name: 'count -2', bytes: int32(-2) },
  acl('world nobody', [31, 'world', 'nobody']),
  acl('world null', [31, 'world', null]),
  acl('null scheme', [31, null, 'x']),
  acl('null both', [31, null, null]),
  acl('unknown scheme', [31, 'nosuch', 'x']),
  acl('super', [31, 'super', '']),
  acl('empty scheme', [31, '', '']),
  acl('digest null', [31, 'digest', null]),
  acl('digest a:', [31, 'digest', 'a:']),
  acl('digest a::b', [31, 'digest', 'a::b']),
  acl('digest ab', [31, 'digest', 'ab']),
  acl('digest empty', [31, 'digest', '']),
  acl('digest colon', [31, 'digest', ':']),
  acl('ip null', [31, 'ip', null]),
  acl('ip empty', [31, 'ip', '']),
  acl('ip short', [31, 'ip', '1.2.3']),
  acl('ip long', [31, 'ip', '1.2.3.4.5']),
  acl('ip 300', [31, 'ip', '300.1.1.1']),
  acl('ip bits 33', [31, 'ip', '1.2.3.4/33']),
  acl('ip bits -1', [31, 'ip', '1.2.3.4/-1']),
  acl('ip bits x', [31, 'ip', '1.2.3.4/x']),
  acl('ip two slashes', [31, 'ip', '1.2.3.4/8/8']),
  acl('ip name', [31, 'ip', 'localhost']),
  acl('sasl', [31, 'sasl', 'bob']),
  acl('x509', [31, 'x509', 'CN=bob']),
  acl('auth null', [31, 'auth', null]),
  acl('good, then bad', [31, 'world', 'anyone'], [31, 'nosuch', 'x']),
  acl('bad, then null', [31, 'nosuch', 'x'], [31, 'world', null]),
  acl('null scheme behind the same perms', [31, 'world', 'anyone'], [31, null, 'x']),
  acl('null id behind the same scheme', [31, 'auth', ''], [31, 'auth', null]),
  acl('null id behind other perms', [31, 'nosuch', ''], [30, 'nosuch', null]),
];

export const IPV6_ACL: NamedAcl = acl('IPv6', [31, 'ip', '2001:db8::1/64']);

export const ODD_INTS: readonly number[] = [-1, 0, 1, 2, 3, 5, -2, 0x7fff_ffff, -0x8000_0000];

/** Stands where a count or length does. */
export const LYING_LENGTHS: readonly number[] = [-2, 0x7fff_ffff, -0x8000_0000, 0x10_0000, 1000];
