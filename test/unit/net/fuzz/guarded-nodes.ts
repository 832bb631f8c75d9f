/**
 * What attackers must neither change nor learn, whatever they send: nodes with all kinds of ACLs that they do not fulfil. Whoever
 * runs a fuzzer creates them first, with the super user's rights, and reads them again afterwards.
 */
import { createHash } from 'node:crypto';
import type { ACL } from '../../../../src/protocol/acl.js';

/** In whatever attackers must never be told. */
export const MARKER = 'KEPT-FROM-ATTACKERS';
export const OWNER = 'owner:correct horse';
export const SUPER = 'super:battery staple';
const READ = 1;
const ALL = 31;

export const idOf = (credentials: string): string =>
  `${credentials.split(':')[0]}:${createHash('sha1').update(credentials).digest('base64')}`;
export const OWNERS_OWN: ACL[] = [{ perms: ALL, id: { scheme: 'digest', id: idOf(OWNER) } }];
export const READABLE: ACL[] = [...OWNERS_OWN, { perms: READ, id: { scheme: 'world', id: 'anyone' } }];

export const WITNESS_PATH = '/guarded/witness';
export const HIDDEN_PATH = '/guarded/hidden';
/** Never changed by anybody once it is there. */
export const GUARDED: readonly (readonly [path: string, data: string, acl: ACL[]])[] = [
  ['/guarded', '', READABLE],
  ['/guarded/public', 'anybody may read this', READABLE],
  ['/guarded/secret', MARKER, OWNERS_OWN],
  ['/guarded/secret/child', MARKER, OWNERS_OWN],
  ['/guarded/elsewhere', MARKER, [{ perms: ALL, id: { scheme: 'ip', id: '10.1.2.3' } }]],
  ['/guarded/__proto__', MARKER, [{ perms: ALL, id: { scheme: 'digest', id: idOf('__proto__:polluted') } }]],
  ['/guarded/constructor', MARKER, OWNERS_OWN],
];
export const KNOWN_PATHS = [...GUARDED.map(([path]) => path), WITNESS_PATH, HIDDEN_PATH, '/', '/zookeeper/quota'];
