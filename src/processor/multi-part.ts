/**
 * Where one part of a multi ends (client-protocol 3.7): the record of each operation that may be in one, decoded only so far.
 * Pure; used by prep, which plans the parts, and by multiRead, which refuses them.
 */
import { OpCode } from '../protocol/op-code.js';
import { aclVectorEnd } from './acl.js';
import type { RequestBody } from './request-body.js';

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
      if (op === OpCode.createTTL) body.skip(8);
      if (flags < 0 || flags > 6) return false;
      if (flags >= 5 && (op === OpCode.create || op === OpCode.create2)) return false;
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
