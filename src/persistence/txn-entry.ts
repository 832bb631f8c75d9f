// Checks that a log entry (header, body, perhaps a digest) is whole and of a known type, before anything is done with
// it: a record can have the right checksum and still hold a body that was cut when it was made. Pure, allocates nothing,
// any thread. It decodes nothing; store/txn-applier.ts does that and may rely on what passed here.

import { readInt32 } from '../base/bytes.js';
import { OpCode } from '../protocol/op-code.js';
import { TXN_DIGEST_BYTES, TXN_HEADER_BYTES } from '../protocol/txns.js';
import { ENTRY_TYPE_OFFSET } from './txn-log-format.js';

/** Results of txnBodyEnd that are no position. */
export const ENTRY_UNKNOWN_TYPE = -1;
export const ENTRY_CUT = -2;

const SLASH = 0x2f;

/** The position just behind the body (the digest, if any, starts there), ENTRY_UNKNOWN_TYPE or ENTRY_CUT. */
export function txnBodyEnd(bytes: Uint8Array, offset: number, length: number): number {
  if (length < TXN_HEADER_BYTES) return ENTRY_CUT;
  const type = readInt32(bytes, offset + ENTRY_TYPE_OFFSET);
  const body = offset + TXN_HEADER_BYTES;
  const end = offset + length;
  switch (type) {
    case OpCode.multi:
      return multiEnd(bytes, body, end);
    case OpCode.createSession:
      return fixedEnd(body, 4, end);
    case OpCode.closeSession:
      return closeSessionEnd(bytes, body, end);
    case OpCode.check: // stands in a multi only
      return ENTRY_UNKNOWN_TYPE;
    case OpCode.create:
      return createEnd(bytes, body, end, true);
    default:
      return operationEnd(type, bytes, body, end);
  }
}

function operationEnd(type: number, bytes: Uint8Array, body: number, end: number): number {
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
      return createEnd(bytes, body, end, false);
    case OpCode.createContainer:
      return fixedEnd(aclEnd(bytes, bufferEnd(bytes, pathEnd(bytes, body, end), end), end), 4, end);
    case OpCode.createTTL:
      return fixedEnd(aclEnd(bytes, bufferEnd(bytes, pathEnd(bytes, body, end), end), end), 12, end);
    case OpCode.delete:
    case OpCode.deleteContainer:
      return pathEnd(bytes, body, end);
    case OpCode.setData:
    case OpCode.reconfig:
      return fixedEnd(bufferEnd(bytes, pathEnd(bytes, body, end), end), 4, end);
    case OpCode.setACL:
      return fixedEnd(aclEnd(bytes, pathEnd(bytes, body, end), end), 4, end);
    case OpCode.check:
      return fixedEnd(pathEnd(bytes, body, end), 4, end);
    case OpCode.error:
      return fixedEnd(body, 4, end);
    default:
      return ENTRY_UNKNOWN_TYPE;
  }
}

/** Logs of old servers hold creates that end without the parent's cversion; type 1 only, and never within a multi. */
function createEnd(bytes: Uint8Array, body: number, end: number, mayBeOld: boolean): number {
  const flag = fixedEnd(aclEnd(bytes, bufferEnd(bytes, pathEnd(bytes, body, end), end), end), 1, end);
  const whole = fixedEnd(flag, 4, end);
  return whole === ENTRY_CUT && mayBeOld ? flag : whole;
}

function multiEnd(bytes: Uint8Array, body: number, end: number): number {
  if (body + 4 > end) return ENTRY_CUT;
  const count = readInt32(bytes, body);
  let hasFailed = false;
  let at = body + 4;
  for (let i = 0; i < count; i++) {
    if (at + 4 > end) return ENTRY_CUT;
    if (readInt32(bytes, at) === OpCode.error) hasFailed = true;
    at = bufferEnd(bytes, at + 4, end);
    if (at < 0) return at;
  }
  // The parts of a failed multi have no effect, so their bodies are never decoded.
  return hasFailed ? at : multiPartsEnd(bytes, body + 4, count, at);
}

function multiPartsEnd(bytes: Uint8Array, body: number, count: number, multiEndAt: number): number {
  let at = body;
  for (let i = 0; i < count; i++) {
    const part = at + 8;
    const partEnd = part + Math.max(readInt32(bytes, at + 4), 0);
    const used = operationEnd(readInt32(bytes, at), bytes, part, partEnd);
    if (used < 0) return used;
    at = partEnd;
  }
  return multiEndAt;
}

/** A list of paths that leaves 0 or 12 bytes; otherwise nothing at all, or a digest alone (persistence 3.2). */
function closeSessionEnd(bytes: Uint8Array, body: number, end: number): number {
  const listEnd = pathListEnd(bytes, body, end);
  if (listEnd === end || listEnd + TXN_DIGEST_BYTES === end) return listEnd;
  if (body === end || body + TXN_DIGEST_BYTES === end) return body;
  return ENTRY_CUT;
}

function pathListEnd(bytes: Uint8Array, body: number, end: number): number {
  if (body + 4 > end) return ENTRY_CUT;
  const count = readInt32(bytes, body);
  if (count < 0) return ENTRY_CUT;
  let at = body + 4;
  for (let i = 0; i < count; i++) {
    const path = at + 4;
    at = pathEnd(bytes, at, end);
    if (at <= path || bytes[path] !== SLASH) return ENTRY_CUT;
  }
  return at;
}

/** Behind a string that must not be null. The three below take ENTRY_CUT for a position and pass it on. */
function pathEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at < 0 || at + 4 > end) return ENTRY_CUT;
  const length = readInt32(bytes, at);
  return length < 0 ? ENTRY_CUT : fixedEnd(at + 4, length, end);
}

function bufferEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at < 0 || at + 4 > end) return ENTRY_CUT;
  const length = readInt32(bytes, at);
  return length < -1 ? ENTRY_CUT : fixedEnd(at + 4, Math.max(length, 0), end);
}

function fixedEnd(at: number, length: number, end: number): number {
  return at < 0 || at + length > end ? ENTRY_CUT : at + length;
}

/** Behind a list of (int perms, string scheme, string id). */
function aclEnd(bytes: Uint8Array, start: number, end: number): number {
  if (start < 0 || start + 4 > end) return ENTRY_CUT;
  const count = readInt32(bytes, start);
  let at = start + 4;
  for (let i = 0; i < count; i++) {
    at = bufferEnd(bytes, bufferEnd(bytes, fixedEnd(at, 4, end), end), end);
    if (at < 0) return ENTRY_CUT;
  }
  return at;
}
