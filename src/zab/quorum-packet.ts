/**
 * What learners and leaders say to each other, drawn once for both (ensemble-protocol 5.1): the packet, and what stands in its
 * data, with the offsets by which either side writes and reads it.
 *
 *   0      4        12         16          | 16 + n      20 + n
 *   +------+--------+----------+-----------+-------------+------------------------------+
 *   | type | zxid   | length n | data      | count of ids| (ustring scheme, ustring id)*|
 *   +------+--------+----------+-----------+-------------+------------------------------+
 *                     -1: none               -1: none
 *
 *   FOLLOWERINFO, OBSERVERINFO   LearnerInfo: long sid, int protocol version, long version of the committed config
 *   LEADERINFO                   int protocol version
 *   ACKEPOCH                     int currentEpoch, -1: this epoch was promised before
 *   REQUEST                      long session, int cxid, int op, the request's record; ids: who the client is
 *   PROPOSAL, INFORM             the log entry (store/txn-applier.ts draws it)
 *   PING from a learner          (long session, int timeoutMs)*, perhaps none, but always a buffer
 *   REVALIDATE                   to the leader: long session, int timeoutMs; from it: long session, boolean is valid
 *   NEWLEADER                    text of the leader's last seen config
 *   COMMITANDACTIVATE            long designated leader
 *   INFORMANDACTIVATE            long designated leader, the log entry
 *   all others                   nothing
 */
import { readInt32 } from '../base/bytes.js';

export const PacketType = {
  request: 1,
  proposal: 2,
  ack: 3,
  commit: 4,
  ping: 5,
  revalidate: 6,
  sync: 7,
  inform: 8,
  commitAndActivate: 9,
  newLeader: 10,
  followerInfo: 11,
  upToDate: 12,
  diff: 13,
  trunc: 14,
  snap: 15,
  observerInfo: 16,
  leaderInfo: 17,
  ackEpoch: 18,
  informAndActivate: 19,
} as const;
export type PacketType = (typeof PacketType)[keyof typeof PacketType];

const PACKET_NAMES = [
  '?',
  'REQUEST',
  'PROPOSAL',
  'ACK',
  'COMMIT',
  'PING',
  'REVALIDATE',
  'SYNC',
  'INFORM',
  'COMMITANDACTIVATE',
  'NEWLEADER',
  'FOLLOWERINFO',
  'UPTODATE',
  'DIFF',
  'TRUNC',
  'SNAP',
  'OBSERVERINFO',
  'LEADERINFO',
  'ACKEPOCH',
  'INFORMANDACTIVATE',
];

/** For logs and reasons. */
export function packetName(type: number): string {
  return type >= 1 && type < PACKET_NAMES.length ? PACKET_NAMES[type] : `packet of type ${type}`;
}

/** Up to the data. */
export const PACKET_HEADER_BYTES = 16;
/** A packet without data and ids. */
export const PACKET_BYTES_MIN = 20;

/** What both sides speak: anything lower is a server before 1.0. */
export const QUORUM_PROTOCOL_VERSION = 0x10000;

// LearnerInfo; older learners end after the id, or after the protocol version.
const LEARNER_INFO_BYTES = 20;
const LEARNER_INFO_SID = 0;
const LEARNER_INFO_PROTOCOL = 8;
const LEARNER_INFO_CONFIG_VERSION = 12;

// REQUEST: long session, int cxid, int op, body
export const REQUEST_CXID = 8;
export const REQUEST_OP = 12;
export const REQUEST_BODY = 16;

// PING's entries and REVALIDATE
export const SESSION_ENTRY_BYTES = 12;
export const SESSION_ENTRY_TIMEOUT = 8;
export const REVALIDATE_REPLY_BYTES = 9;
export const REVALIDATE_REPLY_IS_VALID = 8;

// COMMITANDACTIVATE, INFORMANDACTIVATE
export const ACTIVATE_LEADER = 0;
export const ACTIVATE_ENTRY = 8;

/** What a learner says of itself, with what an older one leaves out filled in (5.1). */
export interface LearnerInfo {
  sidHi: number;
  sidLo: number;
  protocolVersion: number;
  configVersionHi: number;
  configVersionLo: number;
}

/** Null: it is no LearnerInfo. One of 8 bytes speaks protocol 1, as the reference takes it. */
export function readLearnerInfo(bytes: Uint8Array, offset: number, length: number): LearnerInfo | null {
  if (length < LEARNER_INFO_PROTOCOL) return null;
  const info: LearnerInfo = {
    sidHi: readInt32(bytes, offset + LEARNER_INFO_SID),
    sidLo: readInt32(bytes, offset + LEARNER_INFO_SID + 4),
    protocolVersion: 1,
    configVersionHi: 0,
    configVersionLo: 0,
  };
  if (length >= LEARNER_INFO_CONFIG_VERSION) info.protocolVersion = readInt32(bytes, offset + LEARNER_INFO_PROTOCOL);
  if (length >= LEARNER_INFO_BYTES) {
    info.configVersionHi = readInt32(bytes, offset + LEARNER_INFO_CONFIG_VERSION);
    info.configVersionLo = readInt32(bytes, offset + LEARNER_INFO_CONFIG_VERSION + 4);
  }
  return info;
}
