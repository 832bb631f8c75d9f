import { describe, expect, it } from 'vitest';
import { LocalMailbox } from '../../../src/actor/mailbox/local-mailbox.js';
import {
  ElectionRecord,
  readAppoint,
  readConfigs,
  readElected,
  readEstablished,
  readGossip,
  readLook,
  readVoterLooking,
  sendAnnounce,
  sendAppoint,
  sendConfigs,
  sendElected,
  sendEstablished,
  sendGossip,
  sendLeave,
  sendLook,
  sendVoterLooking,
} from '../../../src/election/election-records.js';
import { NOBODY, PeerState } from '../../../src/election/vote.js';

/** What arrives of what `send` sent, with its type in front. */
function carried(send: (mailbox: LocalMailbox) => void): unknown[] {
  const mailbox = new LocalMailbox(1 << 16);
  send(mailbox);
  mailbox.publish();
  const arrived: unknown[] = [];
  mailbox.drain((type, bytes, words, offset) => {
    const read: Record<number, () => unknown> = {
      [ElectionRecord.configs]: () => readConfigs(bytes, words, offset),
      [ElectionRecord.look]: () => readLook(words, offset),
      [ElectionRecord.established]: () => readEstablished(words, offset),
      [ElectionRecord.appoint]: () => readAppoint(words, offset),
      [ElectionRecord.elected]: () => readElected(words, offset),
      [ElectionRecord.gossip]: () => readGossip(bytes, words, offset),
      [ElectionRecord.voterLooking]: () => readVoterLooking(words, offset),
    };
    arrived.push(type, read[type]?.());
  }, 10);
  return arrived;
}

const BIG_SID = Number.MAX_SAFE_INTEGER - 2;

describe('records between quorum peer and election', () => {
  it('arrive as they were sent', () => {
    expect(carried((out) => sendConfigs(out, 'hôte=1', 'zweite', true))).toEqual([
      ElectionRecord.configs,
      { committedText: 'hôte=1', lastSeenText: 'zweite', restart: true },
    ]);
    expect(carried((out) => sendConfigs(out, 'a', null, false))).toEqual([
      ElectionRecord.configs,
      { committedText: 'a', lastSeenText: null, restart: false },
    ]);
    expect(carried((out) => sendLook(out, -1, -2, 2 ** 31))).toEqual([
      ElectionRecord.look,
      { zxidHi: -1, zxidLo: -2, currentEpoch: 2 ** 31, mayVote: true },
    ]);
    expect(carried((out) => sendLook(out, 0, 0, 0, false))).toEqual([
      ElectionRecord.look,
      { zxidHi: 0, zxidLo: 0, currentEpoch: 0, mayVote: false },
    ]);
    expect(carried(sendLeave)).toEqual([ElectionRecord.leave, undefined]);
    expect(carried(sendAnnounce)).toEqual([ElectionRecord.announce, undefined]);
    expect(carried((out) => sendEstablished(out, 7))).toEqual([ElectionRecord.established, 7]);
    expect(carried((out) => sendAppoint(out, PeerState.observing, BIG_SID, 1, -9))).toEqual([
      ElectionRecord.appoint,
      { state: PeerState.observing, leader: BIG_SID, zxidHi: 1, zxidLo: -9 },
    ]);
    const vote = { leader: BIG_SID, zxidHi: 3, zxidLo: -1, round: 9, peerEpoch: NOBODY };
    expect(carried((out) => sendElected(out, PeerState.leading, vote, [-5, 2, BIG_SID], 211))).toEqual([
      ElectionRecord.elected,
      { state: PeerState.leading, vote, supporters: [-5, 2, BIG_SID], elapsedMs: 211 },
    ]);
    expect(carried((out) => sendGossip(out, 'version=5', true))).toEqual([
      ElectionRecord.gossip,
      { text: 'version=5', gaveUp: true },
    ]);
    expect(carried((out) => sendVoterLooking(out, BIG_SID))).toEqual([ElectionRecord.voterLooking, BIG_SID]);
  });
});
