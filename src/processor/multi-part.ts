/**
 * Where one part of a multi ends (client-protocol 3.7): the record of each operation that may be in one, decoded only so far.
 * Pure; used by prep, which plans the parts, and by multiRead, which refuses them.
 */
import { OpCode } from '../protocol/op-code.js';
import { aclVectorEnd } from './acl.js';
import type { RequestBody } from './request-body.js';

const TTL_BYTES = 8;
/** Greater ones are TTL flags, which only createTTL may carry. */
const CONTAINER_FLAG = 4;

/** Moves behind the part's record; false when it is not one that a multi may hold. */
export function skipMultiPart(body: RequestBody, op: number): boolean {
  switch (op) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL: {
      if (body.readSlice() < 0) return false;
      body.readSlice();
      const aclEnd = aclVectorEnd(body.bytes, body.position, body.end);
      if (aclEnd < 0) return false;
      body.position = aclEnd;
      const flags = body.readInt();
      // The reference looks at the flags while it decodes, but at those of createTTL only when their turn has come.
      if (op === OpCode.createTTL) body.skip(TTL_BYTES);
      else if (flags < 0 || flags > CONTAINER_FLAG) return false;
      return !body.failed;
    }
    case OpCode.delete:
    case OpCode.check:
      if (body.readSlice() < 0) return false;
      body.readInt();
      return !body.failed;
    case OpCode.setData:
      if (body.readSlice() < 0) return false;
      body.readSlice();
      body.readInt();
      return !body.failed;
    default:
      return false;
  }
}
