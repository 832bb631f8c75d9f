// Who may look at nodes by HTTP (get_node, get_children: our own additions), and as whom. Main thread; keeps nothing.
//
//   where from    threadkeeper.admin.tree: the loopback address alone, anybody, or nobody. What a proxy passes on is not from there
//   which site    a browser that was led here under a foreign host name, or by a page of another site, is not its user's wish
//   as whom       world:anyone, the address, and what `Authorization` proves, as for snapshot; then each node's ACL decides
//
// Where clients have to authenticate themselves before they are served, so must whoever asks here.

import type { Identity } from '../processor/acl.js';
import { ipIdentityOf } from '../processor/ip-address.js';
import type { AdminHost } from '../server/admin-host.js';
import type { CommandAnswer, CommandRequest } from './command.js';
import { foreignSite } from './own-site.js';
import { identitiesOf } from './request-auth.js';

export type Entry = { readonly identities: readonly Identity[] } | { readonly refusal: CommandAnswer };

export function enterTree(host: Pick<AdminHost, 'config' | 'auth'>, request: CommandRequest): Entry {
  const { config, auth } = host;
  const { headers, clientAddress, certified } = request;
  if (config.tree === 'off' || (config.tree === 'loopback' && !isFromLoopback(request))) {
    return refused(403, 'Nodes are shown to the loopback address only; see threadkeeper.admin.tree');
  }
  const foreign = foreignSite(config, headers);
  if (foreign !== null) return { refusal: foreign };
  const address: Identity = { scheme: 'ip', id: ipIdentityOf(clientAddress) };
  const { authorization } = headers;
  const proved =
    authorization === undefined ? [] : identitiesOf(authorization, { address: clientAddress, certified }, auth);
  if (proved === null) return refused(401, 'Not authenticated');
  const identities = [address, ...certified, ...proved];
  const enforced = auth.enforcedSchemes;
  if (enforced.length > 0 && !identities.some(({ scheme }) => enforced.includes(scheme))) {
    return refused(401, 'Auth info is missing for the command');
  }
  return { identities };
}

function refused(status: number, error: string): Entry {
  return { refusal: { status, error } };
}

function isFromLoopback({ remoteAddress, headers }: CommandRequest): boolean {
  if (headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined) return false;
  return /^(?:::ffff:)?127\.\d+\.\d+\.\d+$/.test(remoteAddress) || remoteAddress === '::1';
}
