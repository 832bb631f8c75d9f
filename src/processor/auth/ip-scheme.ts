/**
 * The `ip` scheme in ACLs (client-protocol 6.6.1): ids are addresses or networks. Being at an address proves nothing about who
 * somebody is, so it does not stand in for `auth`.
 *
 * Remembers what it has parsed, up to a limit: a server checks the same few networks against the same few clients.
 */
import { type IpNetwork, isInNetwork, parseIpAclId, parseIpAddress } from '../ip-address.js';
import type { AclScheme } from './acl-scheme.js';

const REMEMBERED_MAX = 4096;

export class IpScheme implements AclScheme {
  readonly scheme = 'ip';
  readonly authenticates = false;
  readonly failsOnNullId = true;
  private readonly networks = new Map<string, IpNetwork | null>();
  private readonly addresses = new Map<string, number[] | null>();

  isValidId(id: string): boolean {
    return parseIpAclId(id) !== null;
  }

  userOf(identity: string): string {
    return identity;
  }

  matches(identity: string, aclId: string): boolean {
    const network = remembered(this.networks, aclId, parseIpAclId);
    const address = remembered(this.addresses, identity, parseIpAddress);
    return network !== null && address !== null && isInNetwork(address, network);
  }
}

function remembered<T>(known: Map<string, T>, text: string, parse: (text: string) => T): T {
  let parsed = known.get(text);
  if (parsed === undefined) {
    if (known.size >= REMEMBERED_MAX) known.clear();
    parsed = parse(text);
    known.set(text, parsed);
  }
  return parsed;
}
