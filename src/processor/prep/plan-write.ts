/**
 * Which planner has which operation. A planner judges the request in work and writes the body of its transaction
 * (prep-request.ts); the parts of a multi find theirs in multi.ts.
 */
import { OpCode } from '../../protocol/op-code.js';
import { planCreate } from './create.js';
import { planDelete } from './delete.js';
import { planDeleteContainer } from './delete-container.js';
import { planMulti } from './multi.js';
import type { PrepRequest } from './prep-request.js';
import { planReconfig } from './reconfig.js';
import { planSetAcl } from './set-acl.js';
import { planSetData } from './set-data.js';

export function isWrite(op: number): boolean {
  switch (op) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
    case OpCode.delete:
    case OpCode.deleteContainer:
    case OpCode.setData:
    case OpCode.setACL:
    case OpCode.multi:
    case OpCode.reconfig:
      return true;
    default:
      return false;
  }
}

/** Ok, the error that the client gets, or DECODE_FAILED. Of what `isWrite`. */
export function planWrite(request: PrepRequest, op: number): number {
  switch (op) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
      return planCreate(request, op, false);
    case OpCode.delete:
      return planDelete(request);
    case OpCode.deleteContainer:
      return planDeleteContainer(request);
    case OpCode.reconfig:
      return planReconfig(request);
    case OpCode.setData:
      return planSetData(request);
    case OpCode.setACL:
      return planSetAcl(request);
    default:
      return planMulti(request);
  }
}
