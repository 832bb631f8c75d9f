/**
 * Members that say something else on quorum connections than they should.
 */
import { readInt32, writeInt32 } from '../../../src/base/bytes.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { PACKET_HEADER_BYTES, PacketType } from '../../../src/zab/quorum-packet.js';
import type { InlineMemberOptions } from '../../testing/inline/inline-member.js';
import { drawPlan, type SimPlan } from '../world/sim-plan.js';
import type { KnownDefect } from './known-defect.js';
import { type Packet, type Tamper, TamperingNetwork } from './tampering-network.js';

const NO_FORCED_SNAP = 8;

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

export const PACKET_DEFECTS: readonly KnownDefect[] = [
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
