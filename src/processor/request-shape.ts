/**
 * Whether the record of a write decodes, without judging what it asks for (ensemble-protocol 6.2): what does not is refused on the
 * server that the client is on, because there are leaders that never commit anything again once they were sent one.
 *
 * Pure; the same rules as the planners of prep have, which judge and write at once. A null path is no path either: what becomes
 * of it on the way differs from leader to leader.
 */
import { OpCode } from '../protocol/op-code.js';
import { aclVectorEnd } from './acl.js';
import { skipMultiPart } from './multi-part.js';
import type { RequestBody } from './request-body.js';

const TTL_BYTES = 8;
const CONFIG_ID_BYTES = 8;

/** `op` is one that a learner forwards, without those of sessions. */
export function isWellFormed(body: RequestBody, op: number): boolean {
  switch (op) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
      if (body.readSlice() < 0) return false;
      body.readSlice();
      if (!skipAcl(body)) return false;
      body.readInt();
      if (op === OpCode.createTTL) body.skip(TTL_BYTES);
      break;
    case OpCode.delete:
      if (body.readSlice() < 0) return false;
      body.readInt();
      break;
    case OpCode.setData:
      if (body.readSlice() < 0) return false;
      body.readSlice();
      body.readInt();
      break;
    case OpCode.setACL:
      if (body.readSlice() < 0 || !skipAcl(body)) return false;
      body.readInt();
      break;
    case OpCode.sync:
      body.readSlice();
      break;
    case OpCode.reconfig:
      // joiningServers, leavingServers, newMembers.
      for (let list = 0; list < 3; list++) body.readSlice();
      body.skip(CONFIG_ID_BYTES);
      break;
    case OpCode.multi:
      return isMulti(body);
    default:
      return false;
  }
  return !body.failed;
}

function isMulti(body: RequestBody): boolean {
  for (;;) {
    const op = body.readInt();
    const isEnd = body.readBool();
    body.skip(4);
    if (body.failed) return false;
    if (isEnd) return true;
    if (!skipMultiPart(body, op)) return false;
  }
}

function skipAcl(body: RequestBody): boolean {
  if (body.failed) return false;
  const end = aclVectorEnd(body.bytes, body.position, body.end);
  if (end < 0) return false;
  body.position = end;
  return true;
}
