// Whether a request is its sender's own wish: a browser may have been led here under a foreign host name (DNS rebinding), or by a page of
// another site. Pure; for commands that show or change what is not everybody's.
// Programs that are no browser send no Origin, and call a server by whatever name they like.

import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { AdminConfig } from '../server/admin-config.js';
import type { CommandAnswer } from './command.js';

/** Null: it is. */
export function foreignSite(
  config: Pick<AdminConfig, 'host' | 'hostNames'>,
  headers: IncomingHttpHeaders,
): CommandAnswer | null {
  const name = hostNameOf(headers.host ?? '');
  if (!isOwnName(name, [...config.hostNames, config.host ?? '', hostname()])) {
    return { status: 421, error: `This server does not know itself as ${name}; see threadkeeper.admin.hostNames` };
  }
  const site = headers['sec-fetch-site'];
  if (site !== 'cross-site' && site !== 'same-site') return null;
  return { status: 403, error: 'This is not for pages of other sites' };
}

/** A browser says so with everything that it posts. */
export function isFromBrowser(headers: IncomingHttpHeaders): boolean {
  return headers.origin !== undefined || headers['sec-fetch-site'] !== undefined;
}

/** Without the port. */
function hostNameOf(host: string): string {
  return host.replace(/:\d*$/, '').toLowerCase();
}

/** An address cannot be made to mean another one; a name that somebody else owns can. */
function isOwnName(name: string, known: readonly string[]): boolean {
  if (isIP(name.replace(/^\[|\]$/g, '')) !== 0) return true;
  if (name === 'localhost' || name.endsWith('.localhost')) return true;
  return known.some((own) => own === '*' || (own !== '' && own.toLowerCase() === name));
}
