/**
 * When a local session must become the ensemble's (ensemble-protocol 7.4): what a request asks for, and the record that goes before
 * it. Pure; used by prep, on a leader and on a learner.
 */
import { OpCode } from '../protocol/op-code.js';
import { aclVectorEnd } from './acl.js';
import { skipMultiPart } from './multi-part.js';
import {
  PIPELINE_HEADER_WORDS,
  WORD_CONNECTION,
  WORD_OP,
  WORD_SESSION_HI,
  WORD_SESSION_LO,
  WORD_SHARD,
  WORD_SLOT,
} from './pipeline-records.js';
import type { RequestBody } from './request-body.js';

const FLAG_EPHEMERAL = 1;
const FLAG_EPHEMERAL_SEQUENTIAL = 3;

/** Of create, create2 and multi, from the body's position on; false also for what does not decode. */
export function asksForEphemeral(body: RequestBody, op: number): boolean {
  if (op !== OpCode.multi) return isEphemeral(body);
  for (;;) {
    const part = body.readInt();
    const isEnd = body.readBool();
    body.skip(4);
    if (body.failed || isEnd) return false;
    const begin = body.position;
    if ((part === OpCode.create || part === OpCode.create2) && isEphemeral(body)) return true;
    body.position = begin;
    if (!skipMultiPart(body, part)) return false;
  }
}

function isEphemeral(body: RequestBody): boolean {
  body.readSlice();
  body.readSlice();
  const aclEnd = aclVectorEnd(body.bytes, body.position, body.end);
  if (body.failed || aclEnd < 0) return false;
  body.position = aclEnd;
  const flags = body.readInt();
  return !body.failed && (flags === FLAG_EPHEMERAL || flags === FLAG_EPHEMERAL_SEQUENTIAL);
}

/** The words of a createSession that nobody waits for, of the same session as this record. */
export function upgradeWords(words: Int32Array, header: number): Int32Array {
  const own = new Int32Array(PIPELINE_HEADER_WORDS);
  own[WORD_SHARD] = -1;
  own[WORD_CONNECTION] = -1;
  own[WORD_OP] = OpCode.createSession;
  for (const word of [WORD_SLOT, WORD_SESSION_HI, WORD_SESSION_LO]) own[word] = words[header + word] as number;
  return own;
}
