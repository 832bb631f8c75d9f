// A listener's port and address as the configuration writes them. Pure; used on the main thread while the server starts,
// for the plain and the secure client port alike.
// No name is looked up here.

import { BadValueError } from './settings.js';

const PORT_MAX = 0xffff;

export function checkPort(port: number): number {
  if (port < 0 || port > PORT_MAX) throw new BadValueError(`port out of range:${port}`);
  return port;
}

/** Java binds both families to 0.0.0.0 as to ::, so both mean "all addresses" here too: null. */
export function normalHost(host: string | null): string | null {
  const bare = host?.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  return bare === '0.0.0.0' || bare === '::' ? null : bare;
}
