/**
 * One member of an ensemble as text, in both directions (ensemble-protocol 2.1), with ZooKeeper's sentence for every mistake:
 *
 *   server.3 = zk3.example.org:2888:3888:participant;0.0.0.0:2181
 *              └ host ────────┘└ quorum┘└ type ────┘└ client ───┘
 *                              port and election port
 *
 * Pure functions, any thread. No name is looked up here, and nothing is decided about roles.
 */
import { javaInetAddress } from '../base/java-address.js';
import type { MemberAddress, QuorumMember } from './quorum-verifier.js';

/** A membership that makes no sense. The operator's to mend, or a peer's. */
export class QuorumConfigError extends Error {
  override readonly name: string = 'QuorumConfigError';
}

/** A number or an address in it that cannot be read. */
export class QuorumConfigValueError extends QuorumConfigError {
  override readonly name = 'QuorumConfigValueError';
}

const ANY_ADDRESS = '0.0.0.0';

const WRONG_FORMAT =
  ' does not have the form server_config or server_config;client_config where server_config is the pipe separated list ' +
  'of host:port:port or host:port:port:type and client_config is port or host:port';

export function parseMember(sid: number, line: string, multiAddress: boolean): QuorumMember {
  const parts = javaSplit(line, ';');
  if (parts.length > 2) throw new QuorumConfigError(line + WRONG_FORMAT);
  const client = parts.length === 2 ? parseClientPart(line, parts[1]) : null;
  const addressTexts = javaSplit(parts[0] ?? '', '|');
  if (!multiAddress && addressTexts.length > 1) {
    throw new QuorumConfigError(
      `Multiple address feature is disabled, but multiple addresses were specified for sid ${sid}`,
    );
  }
  if (addressTexts.length === 0) throw new QuorumConfigError(line + WRONG_FORMAT);
  let type: QuorumMember['type'] | null = null;
  const addresses = addressTexts.map((text) => {
    const words = hostAndPorts(text);
    if (words.length < 3 || words.length > 4) throw new QuorumConfigError(line + WRONG_FORMAT);
    const quorumPort = parsePort(words[0], words[1]);
    const electionPort = parsePort(words[0], words[2]);
    if (quorumPort === electionPort) {
      throw new QuorumConfigError(
        `Client and election port must be different! Please update the configuration file on server.${sid}`,
      );
    }
    if (words.length === 4) {
      const own = parsePeerType(words[3]);
      type ??= own;
      if (type !== own) {
        throw new QuorumConfigError(
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
  if (lower !== 'participant' && lower !== 'observer') throw new QuorumConfigError(`Unrecognised peertype: ${text}`);
  return lower;
}

/** Long.parseLong, as far as numbers are exact here. */
export function parseSid(text: string): number {
  const number = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw new QuorumConfigValueError(`For input string: "${text}"`);
  return number + 0; // -0 is 0
}

/** The canonical text: what stands behind `server.N=`. */
export function formatMember(member: QuorumMember): string {
  const addresses = sortedAddresses(member)
    .map(({ host, quorumPort, electionPort }) => `${bracketed(host)}:${quorumPort}:${electionPort}`)
    .join('|');
  const client = member.client === null ? '' : `;${bracketed(member.client.host)}:${member.client.port}`;
  return `${addresses}:${member.type}${client}`;
}

/** A name as it is; an address of IPv6 written out, as Java does. */
export function bracketed(host: string): string {
  const address = javaInetAddress(host);
  return address.includes(':') ? `[${address}]` : address;
}

/** The same ids, roles and addresses. Both by rising sid. */
export function sameMembers(a: readonly QuorumMember[], b: readonly QuorumMember[]): boolean {
  if (a.length !== b.length) return false;
  return a.every((member, index) => member.sid === b[index].sid && formatMember(member) === formatMember(b[index]));
}

function sortedAddresses(member: QuorumMember): readonly MemberAddress[] {
  if (member.addresses.length === 1) return member.addresses;
  return [...member.addresses].sort((a, b) => (a.host < b.host ? -1 : a.host > b.host ? 1 : 0));
}

function parseClientPart(line: string, text: string): QuorumMember['client'] {
  const words = hostAndPorts(text);
  if (words.length === 0 || words.length > 2) throw new QuorumConfigError(line + WRONG_FORMAT);
  const host = words.length === 2 ? words[0] : ANY_ADDRESS;
  return { host, port: parsePort(host, words[words.length - 1]) };
}

export function parsePort(host: string, text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw new QuorumConfigError(`Address unresolved: ${host}:${text}`);
  const port = Number(text);
  if (port < 0 || port > 0xffff) throw new QuorumConfigValueError(`port out of range:${port}`);
  return port;
}

/** `a:1:2` and `[::1]:1:2` into their words; the brackets are not part of the host. */
export function hostAndPorts(text: string): string[] {
  if (!text.startsWith('[')) return javaSplit(text, ':');
  const close = text.indexOf(']');
  if (close < 0) throw new QuorumConfigError(`${text} starts with '[' but has no matching ']'`);
  const host = systemAddress(text.slice(1, close));
  if (close === text.length - 1) return [host];
  if (close + 2 === text.length) throw new QuorumConfigError(`${text} doesn't have a port after colon`);
  return [host, ...javaSplit(text.slice(close + 2), ':')];
}

/** String.split of Java: empty words at the end do not count. */
export function javaSplit(text: string, separator: string): string[] {
  const words = text.split(separator);
  while (words.length > 0 && words[words.length - 1] === '') words.pop();
  return words;
}

/** However an address of IPv6 is written, here it is as the system tells that of a connection; other text is left as it is. */
function systemAddress(text: string): string {
  const address = javaInetAddress(text);
  if (!/^[0-9a-f]+(:[0-9a-f]+){7}$/.test(address)) return address.includes(':') ? text : address;
  // The longest run of zeros is two colons; of several, the first.
  const [longest = ''] = (address.match(/\b0(:0)+\b/g) ?? []).sort((a, b) => b.length - a.length);
  if (longest === '') return address;
  const at = `:${address}:`.indexOf(`:${longest}:`);
  return `${address.slice(0, Math.max(0, at - 1))}::${address.slice(at + longest.length + 1)}`;
}
