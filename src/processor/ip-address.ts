/**
 * Addresses of the `ip` scheme (client-protocol 6.6.1): parsing of ACL ids, and matching under a prefix length.
 *
 * Pure; used by the ACL check and, for the identity of a new connection, by the connection shards. An address is a list of
 * bytes, four for IPv4 and sixteen for IPv6.
 */

/** The bytes of an address as an ACL may spell it, or null. An embedded dotted quad in IPv6 is refused, as the reference does. */
export function parseIpAddress(text: string): number[] | null {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): number[] | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  const bytes: number[] = [];
  for (const part of parts) {
    const value = parseCount(part, 255);
    if (value === null) return null;
    bytes.push(value);
  }
  return bytes;
}

function parseIpv6(text: string): number[] | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const groupsOf = (half: string): string[] => (half === '' ? [] : half.split(':'));
  const head = groupsOf(halves[0] as string);
  const tail = halves.length === 2 ? groupsOf(halves[1] as string) : [];
  const explicit = head.length + tail.length;
  if (halves.length === 1 ? explicit !== 8 : explicit > 7) return null;
  const groups = [...head, ...new Array<string>(8 - explicit).fill('0'), ...tail];
  const bytes: number[] = [];
  for (const group of groups) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return null;
    const value = Number.parseInt(group, 16);
    bytes.push(value >> 8, value & 0xff);
  }
  return bytes;
}

export interface IpNetwork {
  readonly address: readonly number[];
  /** How many leading bits count. */
  readonly bits: number;
}

/** Splits `address[/bits]`; null when it is not valid as the id of an `ip` ACL entry. */
export function parseIpAclId(id: string): IpNetwork | null {
  const slash = id.indexOf('/');
  const address = parseIpAddress(slash < 0 ? id : id.slice(0, slash));
  if (address === null) return null;
  const bitsMax = address.length * 8;
  if (slash < 0) return { address, bits: bitsMax };
  const bits = parseCount(id.slice(slash + 1), bitsMax);
  return bits === null ? null : { address, bits };
}

/** As Java's parseInt reads it: a sign and zeros in front do no harm. */
function parseCount(text: string, max: number): number | null {
  if (!/^[+-]?\d+$/.test(text)) return null;
  const value = Number(text);
  return value >= 0 && value <= max ? Math.abs(value) : null;
}

/** Families never mix. */
export function isInNetwork(address: readonly number[], network: IpNetwork): boolean {
  if (address.length !== network.address.length) return false;
  let bits = network.bits;
  for (let i = 0; i < address.length && bits > 0; i++) {
    const mask = bits >= 8 ? 0xff : (0xff << (8 - bits)) & 0xff;
    if (((address[i] as number) & mask) !== ((network.address[i] as number) & mask)) return false;
    bits -= 8;
  }
  return true;
}

/** A peer address as Node reports it, in the text form that ZooKeeper gives to the `ip` identity. */
export function ipIdentityOf(peerAddress: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(peerAddress);
  if (mapped !== null) return mapped[1] as string;
  const percent = peerAddress.indexOf('%');
  const scope = percent < 0 ? '' : peerAddress.slice(percent);
  const plain = percent < 0 ? peerAddress : peerAddress.slice(0, percent);
  const bytes = parseIpAddress(plain);
  if (bytes === null || bytes.length === 4) return peerAddress;
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((((bytes[i] as number) << 8) | (bytes[i + 1] as number)).toString(16));
  return groups.join(':') + scope;
}
