/**
 * What a prep stage needs that stands alone, without a server around it: settings, and requests as a connection shard sends
 * them, from a client that has proved nothing of itself. For unit tests and micro benches, which move its mailboxes by hand.
 */
import type { LocalMailbox } from '../../src/actor/mailbox/local-mailbox.js';
import {
  PIPELINE_HEADER_BYTES,
  PIPELINE_HEADER_WORDS,
  WORD_LENGTH_A,
  WORD_LENGTH_B,
  WORD_OP,
  WORD_SESSION_HI,
  WORD_SESSION_LO,
  WORD_SLOT,
  WORD_ZXID_LO,
} from '../../src/processor/pipeline-records.js';
import type { PrepOptions } from '../../src/processor/prep-actor.js';
import { NO_LOCAL_SESSIONS } from '../../src/session/local-session-rules.js';

export const SESSION_HI = 0x01000000;
export const SESSION_LO = 7;
export const SLOT = 0;
/** An empty vector. */
const IDENTITIES_BYTES = 4;

export const LONE_PREP: PrepOptions = {
  serverId: 1,
  chance: 0,
  extendedTypes: false,
  reconfigEnabled: false,
  closeSessionListsPaths: true,
  enforceQuota: false,
  digestEnabled: true,
  localSessions: NO_LOCAL_SESSIONS,
};

/** Committed, not yet published: batches are the caller's. */
export function putRecord(mailbox: LocalMailbox, type: number, op: number, body: Uint8Array, zxidLo = 0): void {
  mailbox.claim(type, PIPELINE_HEADER_BYTES + IDENTITIES_BYTES + body.length);
  const { words, bytes, offset } = mailbox;
  const at = offset >> 2;
  words.fill(0, at, at + PIPELINE_HEADER_WORDS + 1);
  words[at + WORD_OP] = op;
  words[at + WORD_SLOT] = SLOT;
  words[at + WORD_SESSION_HI] = SESSION_HI;
  words[at + WORD_SESSION_LO] = SESSION_LO;
  words[at + WORD_ZXID_LO] = zxidLo;
  words[at + WORD_LENGTH_A] = IDENTITIES_BYTES;
  words[at + WORD_LENGTH_B] = body.length;
  bytes.set(body, offset + PIPELINE_HEADER_BYTES + IDENTITIES_BYTES);
  mailbox.commit();
}
