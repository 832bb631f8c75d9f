// leader (lead), voting_view, zabstate, observers (obsr), observer_connection_stat_reset (orst): what a member says of its
// ensemble (operations 3.4, 3.5). Main thread; the quorum peer is asked.
// A standalone or read-only server has no ensemble: the reference's words for that are kept.

import { int64FromHalves } from '../../base/int64.js';
import { javaInetAddress } from '../../base/java-address.js';
import type { LiveStatus } from '../../server/status/live-status.js';
import type { EnsembleStatus, MemberStatus } from '../../server/status/server-status.js';
import type { Command, MakeCommand } from '../command.js';
import type { JsonObject } from '../json-text.js';

const COMMON = { method: 'GET', needsServer: true, needsRoot: false } as const;
const ANY_ADDRESS = '0.0.0.0';

type Endpoint = { readonly host: string; readonly port: number };

export const ensembleCommands: readonly MakeCommand[] = [
  ({ status }): Command => ({
    ...COMMON,
    names: ['leader', 'lead'],
    run: async () => {
      const ensemble = await status.ensemble();
      return { fields: ensemble === null ? { error: 'server is not initialized' } : leaderFields(ensemble) };
    },
  }),
  ({ status }): Command => ({
    ...COMMON,
    names: ['voting_view'],
    run: async () => {
      const members = (await status.ensemble())?.members ?? [];
      const voting = members.filter(({ type }) => type === 'participant');
      return { fields: { current_config: new Map(voting.map((member) => [member.sid, memberFields(member)])) } };
    },
  }),
  ({ status }): Command => ({
    ...COMMON,
    needsServer: false,
    names: ['zabstate'],
    run: async () => {
      const ensemble = await status.ensemble();
      return { fields: ensemble === null ? { voting: false, zabstate: '' } : zabFields(ensemble, status) };
    },
  }),
  ({ status }): Command => ({
    ...COMMON,
    names: ['observers', 'obsr'],
    run: async () => {
      const observers = (await status.ensemble())?.observers ?? [];
      return {
        fields: {
          synced_observers: observers.length,
          observers: observers.map((observer) => observerFields(observer, status)),
        },
      };
    },
  }),
  ({ status }): Command => ({
    ...COMMON,
    names: ['observer_connection_stat_reset', 'orst'],
    run: async () => {
      await status.resetObserverStatistics();
      return {};
    },
  }),
];

function leaderFields({ myId, leader, members }: EnsembleStatus): JsonObject {
  const addresses = members.find(({ sid }) => sid === leader)?.addresses ?? [];
  return {
    is_leader: leader === myId,
    leader_id: leader,
    leader_ip: addresses.map(({ host }) => javaInetAddress(host)).join('|'),
  };
}

function memberFields({ addresses, client, type }: MemberStatus): JsonObject {
  return {
    server_addresses: addresses.map(({ host, quorumPort }) => textOf({ host, port: quorumPort })),
    election_addresses: addresses.map(({ host, electionPort }) => textOf({ host, port: electionPort })),
    client_address: client === null ? '' : textOf(client),
    learner_type: type,
  };
}

function zabFields({ myId, leader, members, zabState }: EnsembleStatus, status: LiveStatus): JsonObject {
  const own = members.find(({ sid }) => sid === myId);
  const addresses = own?.addresses ?? [];
  const { zxid, epoch, counter } = status.lastZxid();
  return {
    myid: myId,
    is_leader: leader === myId,
    quorum_address: addressFields(addresses.map(({ host, quorumPort }) => ({ host, port: quorumPort }))),
    election_address: addressFields(addresses.map(({ host, electionPort }) => ({ host, port: electionPort }))),
    client_address: own === undefined || own.client === null ? null : textOf(own.client),
    voting: own?.type === 'participant',
    last_zxid: zxid,
    zab_epoch: epoch,
    zab_counter: counter,
    zabstate: zabState,
  };
}

/** Several addresses of one server. Its own, so that all of them count as reachable. */
function addressFields(endpoints: readonly Endpoint[]): JsonObject {
  const all = endpoints.map(textOf);
  const one = all[0] ?? null;
  return {
    empty: all.length === 0,
    all_addresses: all,
    all_reachable_addresses: all,
    one,
    reachable_address: one,
    wildcard_addresses: endpoints.map(({ port }) => textOf({ host: ANY_ADDRESS, port })),
    all_ports: endpoints.map(({ port }) => port),
    all_host_strings: endpoints.map(({ host }) => javaInetAddress(host)),
    all_reachable_addresses_or_all: all,
    reachable_or_one: one,
  };
}

function observerFields(observer: EnsembleStatus['observers'][number], status: LiveStatus): JsonObject {
  return {
    remote_socket_address: `/${textOf({ host: observer.address, port: observer.port })}`,
    sid: observer.sid,
    established: status.wallMsOf(observer.establishedMs),
    queued_packets: observer.queuedPackets,
    queued_packets_size: observer.queuedBytes,
    packets_received: observer.packetsReceived,
    packets_sent: observer.packetsSent,
    requests: observer.requests,
    last_zxid: int64FromHalves(observer.lastZxidHi, observer.lastZxidLo),
  };
}

/** A name as it is; IPv6 in brackets and written out, as Java does. */
function textOf({ host, port }: Endpoint): string {
  const address = javaInetAddress(host);
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}
