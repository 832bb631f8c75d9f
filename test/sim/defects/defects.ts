/**
 * Members that are wrong in one way each. Every one of them has to be found out by the simulator within a few seeds: what is not
 * is no proof of anything. The words are what the defective member does.
 */
import { readInt32, writeInt32 } from '../../../src/base/bytes.js';
import { ElectionRecord } from '../../../src/election/election-records.js';
import type { QuorumVerifier } from '../../../src/election/quorum-verifier.js';
import type { ShardParts } from '../../../src/net/shard-parts.js';
import type { DynamicConfigFiles } from '../../../src/persistence/dynamic-config-files.js';
import {
  PIPELINE_HEADER_BYTES,
  RecordType,
  WORD_CONNECTION,
  WORD_ERROR,
  WORD_LENGTH_B,
  WORD_OP,
  WORD_SHARD,
  WORD_ZXID_LO,
} from '../../../src/processor/pipeline-records.js';
import type { PrepRequest } from '../../../src/processor/prep/prep-request.js';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { ActorKind } from '../../../src/server/standalone-topology.js';
import type { CommitQuorum } from '../../../src/zab/commit-quorum.js';
import type { LeaderBroadcast } from '../../../src/zab/leader-broadcast.js';
import type { LeadershipProof } from '../../../src/zab/leadership-proof.js';
import { ObserverMaster } from '../../../src/zab/observer-master.js';
import type { QuorumConfigs } from '../../../src/zab/quorum-configs.js';
import { PACKET_HEADER_BYTES, PacketType } from '../../../src/zab/quorum-packet.js';
import type { InlineMemberOptions } from '../../testing/inline/inline-member.js';
import type { Defect } from '../world/member-builder.js';
import { drawPlan, PLAIN, type SimPlan } from '../world/sim-plan.js';
import { patch, rehandle, withHost, withoutSync, withQuorums, withRole } from './spoiling.js';
import { type Packet, type Tamper, TamperingNetwork } from './tampering-network.js';

export interface KnownDefect extends Defect {
  /** Seeds in which it can show itself; all of them by default. */
  readonly plan?: (seed: number) => SimPlan;
}

const ENTRY_ZXID = 12;
const NO_FORCED_SNAP = 8;

// ---- by the host of a role

function hostDefect(name: string, spoil: Parameters<typeof withHost>[0]): KnownDefect {
  return { name, spoil: () => ({ openRole: withHost(spoil) }) };
}

const HOST_DEFECTS: readonly KnownDefect[] = [
  hostDefect('acknowledges what is not synced', (host, isLeader, role) => {
    if (isLeader) return host;
    patch(host.line, 'logTxn', (original) => (entry, offset, length, isLogged = true) => {
      original(entry, offset, length, isLogged);
      if (isLogged) role()?.onDurable(readInt32(entry, offset + ENTRY_ZXID), readInt32(entry, offset + ENTRY_ZXID + 4));
    });
    return Object.create(host) as typeof host;
  }),
  hostDefect('does not write currentEpoch', (host) => {
    patch(host.epochs, 'setCurrentEpoch', () => () => {});
    return host;
  }),
  hostDefect('does not write acceptedEpoch', (host) => {
    patch(host.epochs, 'setAcceptedEpoch', () => () => {});
    return host;
  }),
  hostDefect('forgets which epoch it has accepted', (host) => {
    const { epochs } = host;
    const forgetful = Object.create(epochs, {
      acceptedEpoch: { get: () => 0 },
      currentEpoch: { get: () => epochs.currentEpoch },
      setAcceptedEpoch: {
        value: (epoch: number) => epochs.setAcceptedEpoch(Math.max(epoch, epochs.acceptedEpoch)),
      },
      setCurrentEpoch: { value: (epoch: number) => epochs.setCurrentEpoch(Math.max(epoch, epochs.currentEpoch)) },
    }) as typeof epochs;
    return Object.create(host, { epochs: { value: forgetful } }) as typeof host;
  }),
  hostDefect('leads in an epoch that was used', (host, isLeader) => {
    if (!isLeader) return host;
    const { epochs } = host;
    const late = Object.create(epochs, {
      acceptedEpoch: { get: () => Math.max(0, epochs.acceptedEpoch - 1) },
      currentEpoch: { get: () => epochs.currentEpoch },
      setAcceptedEpoch: { value: epochs.setAcceptedEpoch.bind(epochs) },
      setCurrentEpoch: { value: epochs.setCurrentEpoch.bind(epochs) },
    }) as typeof epochs;
    return Object.create(host, { epochs: { value: late } }) as typeof host;
  }),
  hostDefect('commits without a quorum', (host, isLeader) => (isLeader ? withQuorums(host, () => () => true) : host)),
  {
    ...hostDefect('does not look at weights', (host) =>
      withQuorums(host, (real) => (sids) => [...sids].filter((sid) => real.isVoter(sid)).length * 2 > real.voterCount),
    ),
    plan: (seed) => weighted(seed),
  },
  {
    ...hostDefect('counts voters where there are groups', (host) =>
      withQuorums(host, (real) => (sids) => [...sids].filter((sid) => real.isVoter(sid)).length * 2 > real.voterCount),
    ),
    plan: (seed) => grouped(seed),
  },
  {
    ...hostDefect('counts observers', (host) => withQuorums(host, (real) => (sids) => sids.size * 2 > real.voterCount)),
    plan: (seed) => withObservers(seed),
  },
  hostDefect('applies what is only proposed', (host, isLeader) => {
    if (isLeader) return host;
    patch(host.line, 'logTxn', (original) => (entry, offset, length, isLogged = true) => {
      original(entry, offset, length, isLogged);
      host.line.committed(readInt32(entry, offset + ENTRY_ZXID), readInt32(entry, offset + ENTRY_ZXID + 4));
    });
    return host;
  }),
  {
    ...hostDefect('passes on to observers what is only proposed', (host, isLeader, role) => {
      if (isLeader) return host;
      patch(host.line, 'logTxn', (original) => (entry, offset, length, isLogged = true) => {
        original(entry, offset, length, isLogged);
        const { master } = role() as unknown as { master: ObserverMaster | null };
        if (master === null) return;
        const { onCommitted } = ObserverMaster.prototype;
        patch(master, 'onCommitted', () => () => {});
        const at = offset + ENTRY_ZXID;
        onCommitted.call(master, readInt32(entry, at), readInt32(entry, at + 4), entry, offset, length, null);
      });
      return host;
    }),
    plan: (seed) => withObserverMasters(seed),
  },
  hostDefect('leaves a proposal out of its log', (host, isLeader) => {
    if (isLeader) return host;
    let count = 0;
    patch(host.line, 'logTxn', (original) => (entry, offset, length, isLogged = true) => {
      if (!isLogged || ++count % 23 !== 0) original(entry, offset, length, isLogged);
    });
    return host;
  }),
  hostDefect('answers sync by itself', (host, isLeader) => {
    if (isLeader) return host;
    const { line } = host;
    patch(line, 'synced', (original) => {
      patch(line, 'awaiting', (awaiting) => (bytes, words, offset, length) => {
        awaiting(bytes, words, offset, length);
        if (words[(offset >> 2) + WORD_OP] === OpCode.sync) original();
      });
      return () => {};
    });
    return host;
  }),
];

/** Of the parts that a leader is made of. */
function leaderDefect(name: string, spoil: (leader: { readonly broadcast: LeaderBroadcast }) => void): KnownDefect {
  const spoilRole: Parameters<typeof withRole>[0] = (role, isLeader) => {
    if (isLeader) spoil(role as unknown as { broadcast: LeaderBroadcast });
  };
  return { name, spoil: () => ({ openRole: withRole(spoilRole) }) };
}

const LEADER_DEFECTS: readonly KnownDefect[] = [
  {
    ...leaderDefect('answers its own clients’ syncs without a proof', ({ broadcast }) =>
      patch(broadcast.syncs, 'joinOwn', () => () => 0),
    ),
    plan: deserting,
  },
  {
    ...leaderDefect('answers its learners’ syncs without a proof', ({ broadcast }) => {
      const { proof } = broadcast.syncs as unknown as { proof: LeadershipProof };
      patch(proof, 'join', () => () => 0);
    }),
    plan: deserting,
  },
];

// ---- by the files

const FILE_DEFECTS: readonly KnownDefect[] = [
  {
    name: 'does not sync its log',
    spoil: () => ({ files: (disk) => withoutSync(disk, (path) => path.includes('/log.')) }),
  },
  {
    name: 'does not sync a snapshot that it was sent',
    spoil: () => ({ files: (disk) => withoutSync(disk, (path) => path.includes('snapshot')) }),
    plan: (seed) => ({ ...drawPlan(seed), isSnapForced: true }),
  },
];

// ---- by what is said on quorum connections

function packetDefect(
  name: string,
  newTamper: (isLeader: boolean, draw: (n: number) => number) => Tamper,
  plan?: (seed: number) => SimPlan,
): KnownDefect {
  return {
    name,
    spoil: (_sid, { prng }: InlineMemberOptions) => {
      const chance = prng.fork('defect');
      return {
        network: (host) => new TamperingNetwork(host, (isLeader) => newTamper(isLeader, (n) => chance.below(n))),
      };
    },
    ...(plan === undefined ? {} : { plan }),
  };
}

function withType(bytes: Uint8Array, type: number): Uint8Array {
  const copy = bytes.slice();
  writeInt32(copy, 0, type);
  return copy;
}

/** Changes packets of one type that a leader says, one in so many. */
function alterByLeader(
  type: number,
  oneIn: number,
  alter: (packet: Packet) => readonly Uint8Array[],
): (isLeader: boolean, draw: (n: number) => number) => Tamper {
  return (isLeader, draw) => ({
    outgoing: (packet) => (isLeader && packet.type === type && draw(oneIn) === 0 ? alter(packet) : [packet.bytes]),
  });
}

const PACKET_DEFECTS: readonly KnownDefect[] = [
  packetDefect(
    'leaves a COMMIT out',
    alterByLeader(PacketType.commit, 20, () => []),
  ),
  packetDefect('says COMMITs in another order', (isLeader) => {
    let kept: Uint8Array | null = null;
    return {
      outgoing: ({ type, bytes }) => {
        if (!isLeader || type !== PacketType.commit) return [bytes];
        if (kept === null) {
          kept = bytes;
          return [];
        }
        const both = [bytes, kept];
        kept = null;
        return both;
      },
      flush: () => {
        const rest = kept === null ? [] : [kept];
        kept = null;
        return rest;
      },
    };
  }),
  packetDefect('sends a DIFF with a hole', (isLeader, draw) => {
    let left = -1;
    let isDiff = false;
    return {
      outgoing: ({ type, zxid, bytes }) => {
        if (type === PacketType.diff) isDiff = true;
        if (type === PacketType.newLeader) isDiff = false;
        if (!isLeader || !isDiff) return [bytes];
        if (type === PacketType.proposal && left < 0 && draw(3) === 0) left = zxid;
        return zxid === left && (type === PacketType.proposal || type === PacketType.commit) ? [] : [bytes];
      },
    };
  }),
  packetDefect('says DIFF where a log must be cut', (isLeader) => ({
    outgoing: ({ type, bytes }) => [isLeader && type === PacketType.trunc ? withType(bytes, PacketType.diff) : bytes],
  })),
  packetDefect('forwards a request twice', (isLeader, draw) => ({
    outgoing: ({ type, bytes }) =>
      !isLeader && type === PacketType.request && draw(20) === 0 ? [bytes, bytes] : [bytes],
  })),
  packetDefect('does not tell which sessions are alive', (isLeader) => ({
    outgoing: ({ type, bytes }) => {
      if (isLeader || type !== PacketType.ping) return [bytes];
      const empty = bytes.slice(0, PACKET_HEADER_BYTES + 4);
      writeInt32(empty, PACKET_HEADER_BYTES - 4, 0);
      writeInt32(empty, PACKET_HEADER_BYTES, -1);
      return [empty];
    },
  })),
  packetDefect(
    'says of every session that it may move',
    alterByLeader(PacketType.revalidate, 1, ({ bytes }) => {
      const copy = bytes.slice();
      copy[PACKET_HEADER_BYTES + 8] = 1;
      return [copy];
    }),
    (seed) => ({ ...drawPlan(seed), localSessions: { mayUpgrade: false } }),
  ),
  packetDefect(
    'keeps to itself that a session becomes global',
    (isLeader) => ({
      outgoing: ({ type, bytes }) =>
        !isLeader && type === PacketType.request && readInt32(bytes, PACKET_HEADER_BYTES + 12) === OpCode.createSession
          ? []
          : [bytes],
    }),
    (seed) => ({ ...drawPlan(seed), localSessions: { mayUpgrade: true } }),
  ),
  packetDefect(
    'proposes other bytes to each learner',
    alterByLeader(PacketType.proposal, 30, ({ bytes }) => {
      const copy = bytes.slice();
      // The time of the transaction, which everybody keeps as it comes.
      copy[PACKET_HEADER_BYTES + 27] = (copy[PACKET_HEADER_BYTES + 27] as number) ^ 1;
      return [copy];
    }),
  ),
  packetDefect('acknowledges a new leader before anything is done', (isLeader) => ({
    incoming: ({ type, bytes }, say) => {
      if (isLeader || type !== PacketType.newLeader) return;
      const ack = new Uint8Array(PACKET_HEADER_BYTES + 4).fill(0xff, PACKET_HEADER_BYTES - 4);
      ack.set(bytes.subarray(0, 12));
      writeInt32(ack, 0, PacketType.ack);
      say(ack);
    },
  })),
  packetDefect(
    'sends a snapshot under a later zxid',
    alterByLeader(PacketType.snap, 1, ({ bytes }) => {
      const copy = bytes.slice();
      writeInt32(copy, 8, readInt32(copy, 8) + 1);
      return [copy];
    }),
    (seed) => ({ ...drawPlan(seed), isSnapForced: seed % NO_FORCED_SNAP !== 0 }),
  ),
  packetDefect('acknowledges the next transaction with each', (isLeader) => ({
    outgoing: ({ type, bytes }) => {
      const counter = readInt32(bytes, 8);
      if (isLeader || type !== PacketType.ack || counter === 0) return [bytes];
      const next = bytes.slice();
      writeInt32(next, 8, counter + 1);
      return [bytes, next];
    },
  })),
];

// ---- by the actors

function actorDefect(
  name: string,
  kind: string,
  spoil: (actor: Parameters<NonNullable<InlineMemberOptions['onActor']>>[1], draw: (n: number) => number) => void,
): KnownDefect {
  return {
    name,
    spoil: (_sid, { prng, onActor }) => {
      const chance = prng.fork('defect');
      return {
        onActor: (made, actor, context) => {
          onActor?.(made, actor, context);
          if (made === kind) spoil(actor, (n) => chance.below(n));
        },
      };
    },
  };
}

const ACTOR_DEFECTS: readonly KnownDefect[] = [
  {
    ...actorDefect('votes as if its log were empty', ActorKind.election, (actor) =>
      rehandle(actor, 'quorum-peer', (original) => (type, bytes, words, offset, length) => {
        if (type === ElectionRecord.look) words.fill(0, offset >> 2, (offset >> 2) + 4);
        original(type, bytes, words, offset, length);
      }),
    ),
    // The proof of leadership keeps all safe: it shows where a leader is refused again and again.
    plan: reconfiguring,
  },
  actorDefect('lets no session expire', ActorKind.sessionTracker, (actor) => {
    actor.onTick = () => {};
  }),
  {
    ...actorDefect('lets local sessions have ephemeral nodes', ActorKind.prep, (actor) => {
      const { decider } = actor as unknown as { decider: { request: PrepRequest } };
      decider.request.checkGlobalSession = () => decider.request.checkSession();
    }),
    plan: (seed) => ({ ...drawPlan(seed), localSessions: { mayUpgrade: false } }),
  },
  {
    ...actorDefect('lets no local session of a learner expire', ActorKind.sessionTracker, (actor) => {
      const tick = actor.onTick?.bind(actor);
      actor.onTick = (nowMs) => {
        if (!(actor as unknown as { localOnly: boolean }).localOnly) tick?.(nowMs);
      };
    }),
    plan: (seed) => ({ ...drawPlan(seed), localSessions: { mayUpgrade: false } }),
  },
  actorDefect('does not tell of a change', ActorKind.connections, (actor, draw) =>
    rehandle(actor, 'final', (original) => (type, bytes, words, offset, length) => {
      if (type === RecordType.commit && draw(15) === 0) words[(offset >> 2) + WORD_LENGTH_B] = 0;
      original(type, bytes, words, offset, length);
    }),
  ),
  actorDefect('answers with another zxid', ActorKind.connections, (actor, draw) =>
    rehandle(actor, 'final', (original) => (type, bytes, words, offset, length) => {
      const at = offset >> 2;
      if (type === RecordType.commit && words[at + WORD_SHARD] === 0 && draw(15) === 0) words[at + WORD_ZXID_LO]++;
      original(type, bytes, words, offset, length);
    }),
  ),
  actorDefect('gives another reason for a refusal', ActorKind.connections, (actor, draw) =>
    rehandle(actor, 'final', (original) => (type, bytes, words, offset, length) => {
      const at = offset >> 2;
      const isRefusal = type === RecordType.commit && words[at + WORD_SHARD] === 0 && words[at + WORD_ERROR] < -100;
      if (isRefusal && draw(4) === 0) words[at + WORD_ERROR] = ErrorCode.NoAuth;
      original(type, bytes, words, offset, length);
    }),
  ),
  actorDefect('serves its clients on when a role is over', ActorKind.connections, (actor) => {
    const { parts } = actor as unknown as { parts: ShardParts };
    patch(parts.roleChanges, 'closeClients', () => () => {});
  }),
  actorDefect('forgets a transaction on its way to the tree', ActorKind.final, (actor, draw) =>
    rehandle(actor, 'sync', (original) => (type, bytes, words, offset, length) => {
      const isForeign = words[(offset >> 2) + WORD_CONNECTION] < 0;
      if (type !== RecordType.txn || !isForeign || draw(30) !== 0) original(type, bytes, words, offset, length);
    }),
  ),
  actorDefect('holds nothing back until it is committed', ActorKind.commit, (actor) => {
    rehandle(actor, 'sync', (original) => (type, bytes, words, offset, length) => {
      if (type === RecordType.txn) {
        const commit = actor.inboxes['quorum-peer'];
        commit(RecordType.committed, bytes, words, offset, PIPELINE_HEADER_BYTES);
      }
      original(type, bytes, words, offset, length);
    });
  }),
];

// ---- by the configurations

/** Of members that change in every seed. */
function configDefect(name: string, spoil: (configs: QuorumConfigs) => void): KnownDefect {
  return {
    ...actorDefect(name, ActorKind.quorumPeer, (actor) =>
      spoil((actor as unknown as { configs: QuorumConfigs }).configs),
    ),
    plan: reconfiguring,
  };
}

const CONFIG_DEFECTS: readonly KnownDefect[] = [
  {
    ...leaderDefect('asks the old members only whether others may come', ({ broadcast }) =>
      patch(broadcast, 'begin', (original) => (epoch, verifiers) => {
        original(epoch, verifiers);
        const { quorum } = broadcast as unknown as { quorum: CommitQuorum };
        patch(
          quorum,
          'beginEra',
          (begin) =>
            (from, [old]) =>
              begin(from, [old as QuorumVerifier]),
        );
      }),
    ),
    plan: reconfiguring,
  },
  configDefect('goes on with the members that there were before', (configs) => {
    patch(configs, 'activate', () => () => false);
  }),
  configDefect('does not write down who is proposed', (configs) => {
    const { files } = (configs as unknown as { options: { files: DynamicConfigFiles } }).options;
    patch(files, 'writeNext', () => () => {});
  }),
  configDefect('takes who is proposed for a member', (configs) => {
    patch(configs, 'seen', (original) => (config) => {
      original(config);
      configs.activate(config, null);
    });
  }),
];

export const DEFECTS: readonly KnownDefect[] = [
  ...HOST_DEFECTS,
  ...LEADER_DEFECTS,
  ...FILE_DEFECTS,
  ...PACKET_DEFECTS,
  ...ACTOR_DEFECTS,
  ...CONFIG_DEFECTS,
];

// ---- seeds that can show something

function deserting(seed: number): SimPlan {
  return drawPlan(seed, undefined, { ...PLAIN, desertion: 'all' });
}

function reconfiguring(seed: number): SimPlan {
  return drawPlan(seed, undefined, { ...PLAIN, reconfig: 'all' });
}

function weighted(seed: number): SimPlan {
  for (let next = seed * 1000; ; next++) {
    const plan = drawPlan(next);
    if (plan.membersText.includes('weight.')) return plan;
  }
}

function grouped(seed: number): SimPlan {
  for (let next = seed * 1000; ; next++) {
    const plan = drawPlan(next, undefined, { ...PLAIN, groups: 'all' });
    if (plan.membersText.includes('group.2')) return plan;
  }
}

function withObservers(seed: number): SimPlan {
  for (let next = seed * 1000; ; next++) {
    const plan = drawPlan(next);
    if (plan.membersText.includes(':observer')) return plan;
  }
}

function withObserverMasters(seed: number): SimPlan {
  for (let next = seed * 1000; ; next++) {
    const plan = drawPlan(next);
    if (plan.observerMasterPort !== 0) return plan;
  }
}
