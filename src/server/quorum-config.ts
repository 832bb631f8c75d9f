// The members of an ensemble as zoo.cfg and dynamic configuration files write them: server.N, group.N, weight.N.
// Pure functions from pairs to values, with ZooKeeper's sentences for every mistake; used on the main thread while the
// server starts. No name is looked up here and nothing is decided about roles: whether a configuration may run is
// server-config.ts's business.
//
//   server.3 = zk3.example.org:2888:3888:participant;0.0.0.0:2181
//              └ host ────────┘└ quorum┘└ type ────┘└ client ───┘
//                              port and election port

import { BadValueError, parseStrictLong } from './settings.js';
import { ConfigError } from './start-error.js';

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

export interface QuorumServer {
  readonly sid: number;
  readonly type: 'participant' | 'observer';
  readonly addresses: readonly { readonly host: string; readonly quorumPort: number; readonly electionPort: number }[];
  readonly client: HostAndPort | null;
}

export interface QuorumConfig {
  /** By sid, ascending. */
  readonly servers: readonly QuorumServer[];
}

const ANY_ADDRESS = '0.0.0.0';

const WRONG_FORMAT =
  ' does not have the form server_config or server_config;client_config where server_config is the pipe separated list ' +
  'of host:port:port or host:port:port:type and client_config is port or host:port';

export function isMembershipKey(key: string): boolean {
  return key.startsWith('server.') || key.startsWith('group') || key.startsWith('weight');
}

export function parseQuorumConfig(pairs: ReadonlyMap<string, string>, multiAddress: boolean): QuorumConfig {
  const servers: QuorumServer[] = [];
  for (const [key, value] of pairs) {
    if (!key.startsWith('server.')) continue;
    servers.push(parseQuorumServer(parseStrictLong(key.slice('server.'.length)), value, multiAddress));
  }
  servers.sort((a, b) => a.sid - b.sid);
  checkGroups(pairs, servers);
  return { servers };
}

/** A file of members alone, as dynamicConfigFile names it. */
export function checkDynamicKeys(pairs: ReadonlyMap<string, string>): void {
  for (const key of pairs.keys()) {
    if (isMembershipKey(key)) continue;
    if (key === 'version') throw new ConfigError("dynamic file shouldn't have version inside");
    throw new ConfigError(`Unrecognised parameter: ${key}`);
  }
}

export function parseQuorumServer(sid: number, line: string, multiAddress: boolean): QuorumServer {
  const parts = javaSplit(line, ';');
  if (parts.length > 2) throw new ConfigError(line + WRONG_FORMAT);
  const client = parts.length === 2 ? parseClientPart(line, parts[1]) : null;
  const addressTexts = javaSplit(parts[0] ?? '', '|');
  if (!multiAddress && addressTexts.length > 1) {
    throw new ConfigError(`Multiple address feature is disabled, but multiple addresses were specified for sid ${sid}`);
  }
  if (addressTexts.length === 0) throw new ConfigError(line + WRONG_FORMAT);
  let type: QuorumServer['type'] | null = null;
  const addresses = addressTexts.map((text) => {
    const words = hostAndPorts(text);
    if (words.length < 3 || words.length > 4) throw new ConfigError(line + WRONG_FORMAT);
    const quorumPort = parsePort(words[0], words[1]);
    const electionPort = parsePort(words[0], words[2]);
    if (quorumPort === electionPort) {
      throw new ConfigError(
        `Client and election port must be different! Please update the configuration file on server.${sid}`,
      );
    }
    if (words.length === 4) {
      const own = parsePeerType(words[3]);
      type ??= own;
      if (type !== own) {
        throw new ConfigError(
          `Multiple addresses should have similar roles: ${type.toUpperCase()} vs ${own.toUpperCase()}`,
        );
      }
    }
    return { host: words[0], quorumPort, electionPort };
  });
  return { sid, type: type ?? 'participant', addresses, client };
}

export function parsePeerType(text: string): 'participant' | 'observer' {
  const lower = text.trim().toLowerCase();
  if (lower !== 'participant' && lower !== 'observer') throw new ConfigError(`Unrecognised peertype: ${text}`);
  return lower;
}

function parseClientPart(line: string, text: string): HostAndPort {
  const words = hostAndPorts(text);
  if (words.length === 0 || words.length > 2) throw new ConfigError(line + WRONG_FORMAT);
  const host = words.length === 2 ? words[0] : ANY_ADDRESS;
  return { host, port: parsePort(host, words[words.length - 1]) };
}

export function parsePort(host: string, text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw new ConfigError(`Address unresolved: ${host}:${text}`);
  const port = Number(text);
  if (port < 0 || port > 0xffff) throw new BadValueError(`port out of range:${port}`);
  return port;
}

/** `a:1:2` and `[::1]:1:2` into their words; the brackets are not part of the host. */
function hostAndPorts(text: string): string[] {
  if (!text.startsWith('[')) return javaSplit(text, ':');
  const close = text.indexOf(']');
  if (close < 0) throw new ConfigError(`${text} starts with '[' but has no matching ']'`);
  const host = text.slice(1, close);
  if (close === text.length - 1) return [host];
  if (close + 2 === text.length) throw new ConfigError(`${text} doesn't have a port after colon`);
  return [host, ...javaSplit(text.slice(close + 2), ':')];
}

function checkGroups(pairs: ReadonlyMap<string, string>, servers: readonly QuorumServer[]): void {
  const grouped = new Set<number>();
  let hierarchical = false;
  for (const [key, value] of pairs) {
    if (key.startsWith('weight')) {
      hierarchical = true;
      parseStrictLong(key.slice(key.indexOf('.') + 1));
      parseStrictLong(value);
    }
    if (!key.startsWith('group')) continue;
    hierarchical = true;
    parseStrictLong(key.slice(key.indexOf('.') + 1));
    for (const text of javaSplit(value, ':')) {
      const sid = parseStrictLong(text);
      // The missing blank is the reference's.
      if (grouped.has(sid)) throw new ConfigError(`Server ${sid}is in multiple groups`);
      grouped.add(sid);
    }
  }
  if (!hierarchical || grouped.size === 0) return;
  for (const server of servers) {
    if (server.type === 'participant' && !grouped.has(server.sid)) {
      throw new ConfigError(`Server ${server.sid}is not in a group`);
    }
  }
}

/** String.split of Java: empty words at the end do not count. */
function javaSplit(text: string, separator: string): string[] {
  const words = text.split(separator);
  while (words.length > 0 && words[words.length - 1] === '') words.pop();
  return words;
}
