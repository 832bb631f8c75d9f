/**
 * The records between the quorum peer and the election, in both directions, drawn and coded here once. Words are in the
 * machine's byte order; a 64-bit value (sid, zxid, epoch, round) is two words, upper half first; texts are UTF-8 behind the words.
 *
 *   quorum-peer -> election
 *   configs      0 flags | 1 length of committed | 2 length of last seen (0: the same) | texts
 *                flag 1: restart (9.5): links and listener are made anew, the round is 0 again, a call under way is over
 *   look         0,1 last logged zxid | 2,3 currentEpoch | 4 1: may vote | 5 -    a call begins; `elected` or `gossip` answers it
 *   leave        -                        the role is over: LOOKING from now on, though `look` comes only when the log has settled
 *   announce     -                        LEADING, and the quorum port is open: every voter may know at once
 *   established  0,1 epoch                peerEpoch of the current vote from here on (4.5)
 *   appoint      0 state | 1 - | 2,3 leader | 4,5 zxid             a role without a call: a reconfiguration named the leader (9.5)
 *
 *   election -> quorum-peer
 *   elected      0 state | 1 elapsed ms | 2,3 leader | 4,5 zxid | 6,7 round | 8,9 peerEpoch | 10 count | 11 - | (sid hi, sid lo)*
 *                the sids that supported it; the call is over, and the state is what it says
 *   gossip       0 1: the call was given up | 1 length | text      a peer has a newer committed configuration (4.5, reconfigEnabled only)
 *   voterLooking 0,1 sid                                           while LEADING: for maxTimeToWaitForEpoch (5.3)
 *
 * After `elected` the election answers with the state it named, until `leave`, `look` or `appoint`. After a `gossip` that gave
 * the call up nothing happens until `configs` with the restart flag and `look`; one that did not goes on by itself, and `configs`
 * without the flag is enough.
 */
import type { MailboxSender } from '../actor/mailbox/mailbox.js';
import { hiOfNumber, loOfNumber, numberFromHalves } from '../base/int64.js';
import { decodeUtf8, encodeUtf8Into, utf8Length } from '../base/utf8.js';
import type { DecidedState, Vote } from './vote.js';

export const ElectionRecord = {
  configs: 1,
  look: 2,
  leave: 3,
  announce: 4,
  established: 5,
  appoint: 6,
  elected: 7,
  gossip: 8,
  voterLooking: 9,
} as const;
export type ElectionRecord = (typeof ElectionRecord)[keyof typeof ElectionRecord];

const FLAG_RESTART = 1;
const CONFIGS_BYTES = 12;
const LOOK_BYTES = 24;
const ESTABLISHED_BYTES = 8;
const APPOINT_BYTES = 24;
const ELECTED_BYTES = 48;
const ELECTED_WORDS = 12;
const GOSSIP_BYTES = 8;
const VOTER_LOOKING_BYTES = 8;

// ---- the quorum peer sends

/** `lastSeenText` null: the same. */
export function sendConfigs(
  out: MailboxSender,
  committedText: string,
  lastSeenText: string | null,
  restart: boolean,
): void {
  const committedLength = utf8Length(committedText);
  const lastSeenLength = lastSeenText === null ? 0 : utf8Length(lastSeenText);
  out.claim(ElectionRecord.configs, CONFIGS_BYTES + committedLength + lastSeenLength);
  const at = out.offset >> 2;
  out.words[at] = restart ? FLAG_RESTART : 0;
  out.words[at + 1] = committedLength;
  out.words[at + 2] = lastSeenLength;
  encodeUtf8Into(committedText, out.bytes, out.offset + CONFIGS_BYTES);
  if (lastSeenText !== null) encodeUtf8Into(lastSeenText, out.bytes, out.offset + CONFIGS_BYTES + committedLength);
  out.commit();
}

/** `mayVote` false: this server has lost something that it had acknowledged, and must not count until it has it back. */
export function sendLook(
  out: MailboxSender,
  zxidHi: number,
  zxidLo: number,
  currentEpoch: number,
  mayVote = true,
): void {
  out.claim(ElectionRecord.look, LOOK_BYTES);
  const at = out.offset >> 2;
  out.words[at] = zxidHi;
  out.words[at + 1] = zxidLo;
  writeNumber(out.words, at + 2, currentEpoch);
  out.words[at + 4] = mayVote ? 1 : 0;
  out.words[at + 5] = 0;
  out.commit();
}

export function sendLeave(out: MailboxSender): void {
  out.claim(ElectionRecord.leave, 0);
  out.commit();
}

export function sendAnnounce(out: MailboxSender): void {
  out.claim(ElectionRecord.announce, 0);
  out.commit();
}

export function sendEstablished(out: MailboxSender, epoch: number): void {
  out.claim(ElectionRecord.established, ESTABLISHED_BYTES);
  writeNumber(out.words, out.offset >> 2, epoch);
  out.commit();
}

export function sendAppoint(
  out: MailboxSender,
  state: DecidedState,
  leader: number,
  zxidHi: number,
  zxidLo: number,
): void {
  out.claim(ElectionRecord.appoint, APPOINT_BYTES);
  const at = out.offset >> 2;
  out.words[at] = state;
  out.words[at + 1] = 0;
  writeNumber(out.words, at + 2, leader);
  out.words[at + 4] = zxidHi;
  out.words[at + 5] = zxidLo;
  out.commit();
}

// ---- the election receives

export interface Configs {
  readonly committedText: string;
  /** Null: the same. */
  readonly lastSeenText: string | null;
  readonly restart: boolean;
}

export function readConfigs(bytes: Uint8Array, words: Int32Array, offset: number): Configs {
  const at = offset >> 2;
  const committedLength = words[at + 1];
  const lastSeenLength = words[at + 2];
  const textOffset = offset + CONFIGS_BYTES;
  return {
    restart: (words[at] & FLAG_RESTART) !== 0,
    committedText: decodeUtf8(bytes, textOffset, committedLength),
    lastSeenText: lastSeenLength === 0 ? null : decodeUtf8(bytes, textOffset + committedLength, lastSeenLength),
  };
}

export interface Look {
  readonly zxidHi: number;
  readonly zxidLo: number;
  readonly currentEpoch: number;
  readonly mayVote: boolean;
}

export function readLook(words: Int32Array, offset: number): Look {
  const at = offset >> 2;
  return {
    zxidHi: words[at],
    zxidLo: words[at + 1],
    currentEpoch: readNumber(words, at + 2),
    mayVote: words[at + 4] === 1,
  };
}

export function readEstablished(words: Int32Array, offset: number): number {
  return readNumber(words, offset >> 2);
}

export interface Appointment {
  readonly state: DecidedState;
  readonly leader: number;
  readonly zxidHi: number;
  readonly zxidLo: number;
}

export function readAppoint(words: Int32Array, offset: number): Appointment {
  const at = offset >> 2;
  return {
    state: words[at] as DecidedState,
    leader: readNumber(words, at + 2),
    zxidHi: words[at + 4],
    zxidLo: words[at + 5],
  };
}

// ---- the election sends

export function sendElected(
  out: MailboxSender,
  state: DecidedState,
  vote: Vote,
  supporters: readonly number[],
  elapsedMs: number,
): void {
  out.claim(ElectionRecord.elected, ELECTED_BYTES + supporters.length * 8);
  const { words } = out;
  const at = out.offset >> 2;
  words[at] = state;
  words[at + 1] = elapsedMs;
  writeNumber(words, at + 2, vote.leader);
  words[at + 4] = vote.zxidHi;
  words[at + 5] = vote.zxidLo;
  writeNumber(words, at + 6, vote.round);
  writeNumber(words, at + 8, vote.peerEpoch);
  words[at + 10] = supporters.length;
  words[at + 11] = 0;
  for (let i = 0; i < supporters.length; i++) writeNumber(words, at + ELECTED_WORDS + i * 2, supporters[i]);
  out.commit();
}

export function sendGossip(out: MailboxSender, text: string, gaveUp: boolean): void {
  const length = utf8Length(text);
  out.claim(ElectionRecord.gossip, GOSSIP_BYTES + length);
  const at = out.offset >> 2;
  out.words[at] = gaveUp ? 1 : 0;
  out.words[at + 1] = length;
  encodeUtf8Into(text, out.bytes, out.offset + GOSSIP_BYTES);
  out.commit();
}

export function sendVoterLooking(out: MailboxSender, sid: number): void {
  out.claim(ElectionRecord.voterLooking, VOTER_LOOKING_BYTES);
  writeNumber(out.words, out.offset >> 2, sid);
  out.commit();
}

// ---- the quorum peer receives

export interface Elected {
  readonly state: DecidedState;
  readonly vote: Vote;
  /** Voters whose votes decided it, this server among them; by rising sid. */
  readonly supporters: readonly number[];
  readonly elapsedMs: number;
}

export function readElected(words: Int32Array, offset: number): Elected {
  const at = offset >> 2;
  const supporters: number[] = [];
  for (let i = 0; i < words[at + 10]; i++) supporters.push(readNumber(words, at + ELECTED_WORDS + i * 2));
  return {
    state: words[at] as DecidedState,
    elapsedMs: words[at + 1],
    vote: {
      leader: readNumber(words, at + 2),
      zxidHi: words[at + 4],
      zxidLo: words[at + 5],
      round: readNumber(words, at + 6),
      peerEpoch: readNumber(words, at + 8),
    },
    supporters,
  };
}

export interface Gossip {
  readonly text: string;
  readonly gaveUp: boolean;
}

export function readGossip(bytes: Uint8Array, words: Int32Array, offset: number): Gossip {
  const at = offset >> 2;
  return { gaveUp: words[at] === 1, text: decodeUtf8(bytes, offset + GOSSIP_BYTES, words[at + 1]) };
}

export function readVoterLooking(words: Int32Array, offset: number): number {
  return readNumber(words, offset >> 2);
}

function writeNumber(words: Int32Array, at: number, value: number): void {
  words[at] = hiOfNumber(value);
  words[at + 1] = loOfNumber(value);
}

function readNumber(words: Int32Array, at: number): number {
  return numberFromHalves(words[at], words[at + 1]);
}
