/**
 * Picks the finisher of a read and runs it inside one section of the tree's sequence.
 *
 * Returns Ok or the error for the reply (the body is then in `read.out`, the watch in `read.watch`, and the zxid at which
 * all that was true in `read.zxidHi/Lo`), or NOT_HERE when the final stage has to answer.
 */
import { ErrorCode } from '../../protocol/error-code.js';
import { OpCode } from '../../protocol/op-code.js';
import { finishExists } from './exists.js';
import { finishGetAcl } from './get-acl.js';
import { finishGetAllChildrenNumber } from './get-all-children-number.js';
import { finishGetChildren } from './get-children.js';
import { finishGetData } from './get-data.js';
import { finishGetEphemerals } from './get-ephemerals.js';
import { finishMultiRead } from './multi-read.js';
import { NOT_HERE, type ReadContext, TORN, Watch } from './read-context.js';
import { finishWhoAmI } from './who-am-i.js';

const TRIES_MAX = 8;

/** Operations that finishers answer; everything else is not a read of the tree. */
export function isRead(op: number): boolean {
  switch (op) {
    case OpCode.getData:
    case OpCode.exists:
    case OpCode.getChildren2:
    case OpCode.getChildren:
    case OpCode.getACL:
    case OpCode.multiRead:
    case OpCode.getEphemerals:
    case OpCode.getAllChildrenNumber:
    case OpCode.whoAmI:
      return true;
    default:
      return false;
  }
}

export function finishRead(read: ReadContext, op: number): number {
  const { tree, out, body } = read;
  const begin = body.position;
  const outBegin = out.length;
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const sequence = tree.begin();
    if (sequence < 0) continue;
    read.sequence = sequence;
    read.watch = Watch.none;
    read.bodyWithError = false;
    const error = dispatch(read, op);
    read.zxidHi = tree.zxidHi();
    read.zxidLo = tree.zxidLo();
    if (error !== TORN && tree.valid(sequence)) {
      if (error !== ErrorCode.Ok && !read.bodyWithError) out.length = outBegin;
      return error;
    }
    out.length = outBegin;
    body.position = begin;
    body.failed = false;
  }
  body.position = begin;
  body.failed = false;
  return NOT_HERE;
}

function dispatch(read: ReadContext, op: number): number {
  switch (op) {
    case OpCode.getData:
      return finishGetData(read);
    case OpCode.exists:
      return finishExists(read);
    case OpCode.getChildren:
      return finishGetChildren(read, false);
    case OpCode.getChildren2:
      return finishGetChildren(read, true);
    case OpCode.getACL:
      return finishGetAcl(read);
    case OpCode.multiRead:
      return finishMultiRead(read);
    case OpCode.getEphemerals:
      return finishGetEphemerals(read);
    case OpCode.getAllChildrenNumber:
      return finishGetAllChildrenNumber(read);
    case OpCode.whoAmI:
      return finishWhoAmI(read);
    default:
      return ErrorCode.Unimplemented;
  }
}
