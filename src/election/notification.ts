/**
 * Election notifications as bytes (ensemble-protocol 4.1). Pure functions; any thread.
 *
 *   offset 0     4      12     20            28         36       40         44
 *         +-----+------+------+-------------+----------+--------+----------+-------------+
 *         |state|leader| zxid |electionEpoch| peerEpoch|version |configLen |config text  |
 *         |int  |long  | long |long         | long     |int     |int       |UTF-8        |
 *         +-----+------+------+-------------+----------+--------+----------+-------------+
 *          28 bytes are the oldest form, and end here ^          ^ 40: the version is not looked at
 *
 * What does not decode is ignored, never an error: the sender may be anything. A leader, round or epoch that no number here can
 * hold exactly is nobody's (Long.MIN_VALUE excepted, which says so).
 */
import { readInt32, writeInt32 } from '../base/bytes.js';
import { hiOfNumber, loOfNumber, numberFromHalves } from '../base/int64.js';
import { decodeUtf8, encodeUtf8Into, utf8Length } from '../base/utf8.js';
import { NOBODY, PeerState, type Vote } from './vote.js';

export interface Notification extends Vote {
  readonly state: PeerState;
  /** 0: of a form without one. */
  readonly version: number;
  /** The sender's committed configuration; null if it tells none. */
  readonly configText: string | null;
}

const NOTIFICATION_VERSION = 2;

const STATE = 0;
const LEADER = 4;
const ZXID = 12;
const ROUND = 20;
const PEER_EPOCH = 28;
const VERSION = 36;
const CONFIG_LENGTH = 40;
const CONFIG = 44;

/** Whoever hears of a later round goes on from it: from here on they can still be counted. No ensemble comes so far. */
const ROUND_MAX = 2 ** 52;

const OLDEST_BYTES = 28;
const UNVERSIONED_BYTES = 40;

/** Null: to be ignored. */
export function decodeNotification(bytes: Uint8Array, offset: number, length: number): Notification | null {
  if (length < OLDEST_BYTES) return null;
  const isOldest = length === OLDEST_BYTES;
  if (!isOldest && length < UNVERSIONED_BYTES) return null;
  const state = readInt32(bytes, offset + STATE);
  if (!isPeerState(state)) return null;
  const zxidHi = readInt32(bytes, offset + ZXID);
  const leader = readNumber(bytes, offset + LEADER);
  const round = readNumber(bytes, offset + ROUND);
  // An arithmetic shift of the zxid by 32.
  const peerEpoch = isOldest ? zxidHi : readNumber(bytes, offset + PEER_EPOCH);
  if (!isExact(leader) || !isExact(round) || !isExact(peerEpoch) || round > ROUND_MAX) return null;
  const version = length <= UNVERSIONED_BYTES ? 0 : readInt32(bytes, offset + VERSION);
  let configText: string | null = null;
  if (version > 1) {
    if (length < CONFIG) return null;
    const configLength = readInt32(bytes, offset + CONFIG_LENGTH);
    if (configLength < 0 || configLength > length - CONFIG) return null;
    if (configLength > 0) configText = decodeUtf8(bytes, offset + CONFIG, configLength);
  }
  return { state, leader, zxidHi, zxidLo: readInt32(bytes, offset + ZXID + 4), round, peerEpoch, version, configText };
}

/** Always of the current version, and with a configuration: without one a reference server may go deaf. */
export function encodeNotification(state: PeerState, vote: Vote, configText: string): Uint8Array {
  const configLength = utf8Length(configText);
  const bytes = new Uint8Array(CONFIG + configLength);
  writeInt32(bytes, STATE, state);
  writeNumber(bytes, LEADER, vote.leader);
  writeInt32(bytes, ZXID, vote.zxidHi);
  writeInt32(bytes, ZXID + 4, vote.zxidLo);
  writeNumber(bytes, ROUND, vote.round);
  writeNumber(bytes, PEER_EPOCH, vote.peerEpoch);
  writeInt32(bytes, VERSION, NOTIFICATION_VERSION);
  writeInt32(bytes, CONFIG_LENGTH, configLength);
  encodeUtf8Into(configText, bytes, CONFIG);
  return bytes;
}

function isPeerState(state: number): state is PeerState {
  return state >= PeerState.looking && state <= PeerState.observing;
}

function isExact(value: number): boolean {
  return Number.isSafeInteger(value) || value === NOBODY;
}

function readNumber(bytes: Uint8Array, offset: number): number {
  return numberFromHalves(readInt32(bytes, offset), readInt32(bytes, offset + 4));
}

function writeNumber(bytes: Uint8Array, offset: number, value: number): void {
  writeInt32(bytes, offset, hiOfNumber(value));
  writeInt32(bytes, offset + 4, loOfNumber(value));
}
