// Whether the members of an ensemble make sense together, and this machine as one of them: myid, addresses, ports, names.
// Pure, over what the configuration says and what the network knows (machine addresses, resolved names).
// It asks no other member.

import type { QuorumConfig } from '../../server/quorum-config.js';
import { error, type Finding, info, ok, warning } from './finding.js';

export interface MemberFacts {
  /** Of the configuration file. */
  readonly where: string;
  /** The first line of the file myid. Null: there is none. */
  readonly myid: string | null;
  readonly myidPath: string;
  readonly members: QuorumConfig;
  /** Of this machine's interfaces. */
  readonly ownAddresses: readonly string[];
  /** By host name; null: it does not resolve. */
  readonly addressesOf: ReadonlyMap<string, readonly string[] | null>;
}

const CHECK = 'members';
/** With longer ids there are no nodes with a time to live. */
const SID_MAX = 255;

export function checkMembers(facts: MemberFacts): Finding[] {
  const { members, where } = facts;
  if (members.servers.length === 0) return [info(CHECK, 'none: the server runs standalone', where)];
  const findings = [...checkCount(facts), ...checkMyid(facts), ...checkAddresses(facts), ...checkNames(facts)];
  if (!findings.some(({ severity }) => severity === 'warning' || severity === 'error')) {
    const isAlone = members.servers.length === 1;
    findings.push(ok(CHECK, isAlone ? 'one alone' : `${members.servers.length} that make sense together`, where));
  }
  return findings;
}

function checkCount({ members, where }: MemberFacts): Finding[] {
  const voters = members.servers.filter(({ type }) => type === 'participant').length;
  if (voters === 2) {
    return [warning(CHECK, 'two voters: when one of them is away there is no quorum', where, 'Add a third one.')];
  }
  if (voters > 2 && voters % 2 === 0 && members.hierarchy === null) {
    const what = `${voters} voters bear the loss of ${voters / 2 - 1}, as ${voters - 1} do`;
    return [warning(CHECK, what, where, 'Take an odd number, or make one of them an observer.')];
  }
  return [];
}

function checkMyid({ myid, myidPath, members, ownAddresses, addressesOf }: MemberFacts): Finding[] {
  const sids = members.servers.map(({ sid }) => sid);
  const known = `one of ${sids.join(', ')}`;
  // One member alone runs standalone, where no number is needed.
  if (myid === null) {
    return sids.length === 1
      ? []
      : [error(CHECK, 'there is no file myid', myidPath, `Write this server's number: ${known}.`)];
  }
  if (!/^\d+$/.test(myid)) {
    const what = `myid ${JSON.stringify(myid)} is not a number`;
    return [error(CHECK, what, myidPath, `Write one line without blanks: ${known}.`)];
  }
  const own = members.servers.find(({ sid }) => sid === Number(myid));
  if (own === undefined) {
    return [error(CHECK, `myid ${myid} has no server.${myid} line`, myidPath, `Correct it: ${known}.`)];
  }
  const findings: Finding[] = [];
  if (own.sid < 1 || own.sid > SID_MAX) {
    findings.push(warning(CHECK, `myid ${myid} is not from 1 to ${SID_MAX}`, myidPath, 'Take a number of that range.'));
  }
  const hosts = own.addresses.map(({ host }) => host);
  const resolved = hosts.flatMap((host) => addressesOf.get(host) ?? []);
  const isHere = resolved.some((address) => ownAddresses.includes(address) || isLoopback(address) || isAny(address));
  if (resolved.length > 0 && !isHere) {
    const what = `server.${myid} is ${hosts.join(' or ')} (${resolved.join(', ')}), which is no address of this machine`;
    findings.push(
      warning(
        CHECK,
        what,
        myidPath,
        'Correct myid or the line; behind an address translation, quorumListenOnAllIPs=true.',
      ),
    );
  }
  return findings;
}

/** The same host and port twice, on whatever servers and for whatever purpose. */
function checkAddresses({ members, where }: MemberFacts): Finding[] {
  const users = new Map<string, string[]>();
  for (const { sid, addresses, client } of members.servers) {
    const use = (host: string, port: number, purpose: string) => {
      const key = `${host}:${port}`;
      users.set(key, [...(users.get(key) ?? []), `the ${purpose} port of server.${sid}`]);
    };
    for (const { host, quorumPort, electionPort } of addresses) {
      use(host, quorumPort, 'quorum');
      use(host, electionPort, 'election');
      if (client !== null && client.port !== 0) use(host, client.port, 'client');
    }
  }
  return [...users]
    .filter(([, purposes]) => purposes.length > 1)
    .map(([key, purposes]) =>
      error(CHECK, `${key} is ${purposes.join(' and ')}`, where, 'Give each a port of its own.'),
    );
}

function checkNames({ members, addressesOf, ownAddresses, where }: MemberFacts): Finding[] {
  const hosts = new Set(members.servers.flatMap(({ addresses }) => addresses.map(({ host }) => host)));
  const remedy = 'Correct the name, or make DNS or /etc/hosts know it.';
  const findings = [...hosts]
    .filter((host) => addressesOf.get(host) === null)
    .map((host) => warning(CHECK, `the name ${host} does not resolve`, where, remedy));
  const isSpread = members.servers.length > 1 && hosts.size > 1;
  for (const host of isSpread ? hosts : []) {
    const addresses = addressesOf.get(host) ?? [];
    if (addresses.length === 0 || !addresses.every(isLoopback) || isLoopback(host)) continue;
    const what = `the name ${host} resolves to ${addresses.join(', ')} here, where no other machine gets through`;
    findings.push(
      warning(CHECK, what, where, `Let it stand for ${ownAddresses.find((a) => !isLoopback(a)) ?? 'its address'}.`),
    );
  }
  return findings;
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || address === 'localhost';
}

function isAny(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}
