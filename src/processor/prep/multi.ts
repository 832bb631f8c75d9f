/**
 * multi: its parts are planned one after the other against the state that the parts before them left (client-protocol 3.7,
 * 5.5); the first failure puts everything back. Planner.
 *
 * Body of the transaction: vector of (type, length, part). After a failure the parts before it keep their bodies, the
 * failed one is an error with its code, the later ones are errors -2 (persistence 3.4).
 */
import { assert } from '../../base/assert.js';
import { readInt32, writeInt32 } from '../../base/bytes.js';
import { ErrorCode } from '../../protocol/error-code.js';
import { OpCode } from '../../protocol/op-code.js';
import { skipMultiPart } from '../multi-part.js';
import type { RequestBody } from '../request-body.js';
import { planCheck } from './check.js';
import { planCreate } from './create.js';
import { planDelete } from './delete.js';
import type { PrepRequest } from './prep-request.js';
import { planSetData } from './set-data.js';

const MULTI_HEADER_BYTES = 9;
/**
 * A transaction is not much longer than its request (a sequence number adds ten bytes to a part of forty or more), unless its
 * parts copy the identities of a connection that gave itself long names. Such a multi is refused: the reference would write
 * an entry that it cannot read again, or run out of memory.
 */
const GROWTH_MAX = 2;
const TXN_BYTES_FLOOR = 1 << 20;

/** Ok (also for a failed multi, whose failure is in the transaction), or MarshallingError for the whole. */
export function planMulti(request: PrepRequest): number {
  const body = request.body;
  const begin = body.position;
  const count = countParts(body);
  if (count < 0) return ErrorCode.MarshallingError;
  body.position = begin;

  const txn = request.txn;
  const txnBytesMax = Math.max(GROWTH_MAX * (body.end - begin), TXN_BYTES_FLOOR);
  txn.writeInt(count);
  request.changes.beginMulti();
  let failedWith: number = ErrorCode.Ok;
  for (let i = 0; i < count; i++) {
    const op = readInt32(body.bytes, body.position);
    body.position += MULTI_HEADER_BYTES;
    const header = txn.reserve(8);
    txn.length = header + 8;
    const error = failedWith === ErrorCode.Ok ? planPart(request, op) : skipPart(request, op);
    if (error === ErrorCode.MarshallingError) {
      // What the reference stumbles over in one part is the end of the whole (client-protocol 5.5).
      request.changes.rollbackMulti();
      return error;
    }
    if (error === ErrorCode.Ok) {
      writeInt32(txn.bytes, header, request.txnType);
    } else {
      // Whatever the planner wrote before it refused is not part of the transaction.
      txn.length = header + 8;
      writeInt32(txn.bytes, header, OpCode.error);
      txn.writeInt(error);
      if (failedWith === ErrorCode.Ok) failedWith = error;
    }
    writeInt32(txn.bytes, header + 4, txn.length - header - 8);
    if (txn.length > txnBytesMax) {
      request.changes.rollbackMulti();
      return ErrorCode.MarshallingError;
    }
  }
  if (failedWith === ErrorCode.Ok) request.changes.commitMulti();
  else request.changes.rollbackMulti();
  request.txnType = OpCode.multi;
  return ErrorCode.Ok;
}

function planPart(request: PrepRequest, op: number): number {
  const body = request.body;
  const partBegin = body.position;
  let error: number;
  switch (op) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
      error = planCreate(request, op, true);
      break;
    case OpCode.delete:
      error = planDelete(request);
      break;
    case OpCode.setData:
      error = planSetData(request);
      break;
    case OpCode.check:
      error = planCheck(request);
      break;
    default:
      return assert(false, `the parts were counted, and yet there is operation ${op} among them`) as never;
  }
  // A planner that refused early has not read to the end of its part.
  body.position = partBegin;
  body.failed = false;
  skipMultiPart(body, op);
  return error;
}

function skipPart(request: PrepRequest, op: number): number {
  skipMultiPart(request.body, op);
  return ErrorCode.RuntimeInconsistency;
}

/** Number of parts, or -1 when the whole does not decode: forbidden op, bad flags, null path, no end header. */
function countParts(body: RequestBody): number {
  for (let count = 0; ; count++) {
    const op = body.readInt();
    const done = body.readBool();
    body.skip(4);
    if (body.failed) return -1;
    if (done) return count;
    if (!skipMultiPart(body, op)) return -1;
  }
}
