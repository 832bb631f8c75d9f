// Reads the connect string that every ZooKeeper client takes: host[:port],host[:port],…[/chroot]. IPv6 addresses with a
// port are written in brackets. Pure, any thread; throws ConnectStringError or InvalidPathError on text that cannot be
// meant. It must never look a name up: that is done anew at every attempt to connect.

import { checkPath } from './znode-path.js';

export const CLIENT_PORT_DEFAULT = 2181;

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

export interface ConnectString {
  readonly servers: readonly ServerAddress[]; // Invariant: not empty
  readonly chroot: string | null;
}

export class ConnectStringError extends Error {
  override readonly name = 'ConnectStringError';
}

export function parseConnectString(text: string): ConnectString {
  const slash = text.indexOf('/');
  const hosts = slash < 0 ? text : text.slice(0, slash);
  const chroot = slash < 0 || slash === text.length - 1 ? null : checkPath(text.slice(slash));
  const servers: ServerAddress[] = [];
  for (const part of hosts.split(',')) {
    const trimmed = part.trim();
    if (trimmed !== '') servers.push(parseServer(trimmed));
  }
  if (servers.length === 0) throw new ConnectStringError('A HostProvider may not be empty!');
  return { servers, chroot };
}

function parseServer(text: string): ServerAddress {
  if (text.startsWith('[')) {
    const close = text.indexOf(']');
    if (close < 0) throw new ConnectStringError(`${text} has no closing bracket`);
    const rest = text.slice(close + 1);
    if (rest !== '' && !rest.startsWith(':')) throw new ConnectStringError(`${text} has text behind its bracket`);
    return { host: text.slice(1, close), port: rest === '' ? CLIENT_PORT_DEFAULT : parsePort(rest.slice(1), text) };
  }
  const colon = text.lastIndexOf(':');
  // More than one colon and no brackets: an IPv6 address on its own.
  if (colon < 0 || text.indexOf(':') !== colon) return { host: text, port: CLIENT_PORT_DEFAULT };
  return { host: text.slice(0, colon), port: parsePort(text.slice(colon + 1), text) };
}

function parsePort(text: string, server: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65535) throw new ConnectStringError(`${server} has no valid port`);
  return port;
}
