/**
 * create, create2, createContainer, createTTL: checks in the order of client-protocol 5.4, sequential names by 6.3; the txn
 * bodies of persistence 3.1.
 *
 * What kind of node is made (client-protocol 3.6, 3.7): outside of a multi the opcode says it, whatever the flags; inside
 * of one flags 4 make a container through any opcode, and createTTL without TTL flags is a plain create. Sequential and
 * ephemeral are always said by the flags, and a container or TTL node is never ephemeral.
 *
 * Planner: judges and writes the transaction, changes nothing but the outstanding changes.
 */
import { ErrorCode } from '../../protocol/error-code.js';
import { OpCode } from '../../protocol/op-code.js';
import { validatePathBytes } from '../../protocol/path-validation.js';
import { NodeKind } from '../../store/node-layout.js';
import { aclVectorEnd, OPEN_ACL_BYTES, Permission } from '../acl.js';
import type { ChangeRecord } from '../change-record.js';
import { lastSlash, parentLength } from './node-path.js';
import { DECODE_FAILED, type PrepRequest } from './prep-request.js';

const FLAG_MAX = 6;
const FLAG_CONTAINER = 4;
const FLAG_TTL = 5;
const SEQUENCE_DIGITS = 10;
/** A TTL has 40 bits, so its upper half has these. */
const TTL_HI_MAX = 0xff;
/** ephemeralOwner as it is stored (persistence 3.3). */
const TTL_OWNER_HI = 0xff000000 | 0;
const CONTAINER_OWNER_HI = 0x80000000 | 0;

export function planCreate(request: PrepRequest, op: number, insideMulti: boolean): number {
  const body = request.body;
  const pathLength = body.readSlice();
  const pathOffset = body.sliceOffset;
  const dataLength = body.readSlice();
  const dataOffset = body.sliceOffset;
  const aclOffset = body.position;
  const aclEnd = aclVectorEnd(body.bytes, aclOffset, body.end);
  if (aclEnd < 0) return DECODE_FAILED;
  body.position = aclEnd;
  const flags = body.readInt();
  const ttlHi = op === OpCode.createTTL ? body.readInt() : -1;
  const ttlLo = op === OpCode.createTTL ? body.readInt() : -1;
  if (body.failed) return DECODE_FAILED;

  if (flags < 0 || flags > FLAG_MAX) return ErrorCode.BadArguments;
  if (flags >= FLAG_TTL) {
    if (!request.extendedTypes) return ErrorCode.Unimplemented;
    if (ttlHi < 0 || ttlHi > TTL_HI_MAX || (ttlHi === 0 && ttlLo === 0)) return ErrorCode.BadArguments;
  } else if (op === OpCode.createTTL && !insideMulti) {
    // Also with a negative ttl, which the reference takes and then dies of when it applies the transaction.
    return ErrorCode.BadArguments;
  }
  const txnType = txnTypeOf(op, flags, insideMulti);
  const ephemeral = (flags === 1 || flags === 3) && (txnType === OpCode.create || txnType === OpCode.create2);
  const session = ephemeral ? request.checkGlobalSession() : request.checkSession();
  if (session !== ErrorCode.Ok) return session;
  if (pathLength < 0) return ErrorCode.MarshallingError;
  const slash = lastSlash(body.bytes, pathOffset, pathLength);
  if (slash < 0) return ErrorCode.BadArguments;
  request.acl.reset();
  const aclError = request.aclPolicy.fixUp(body.bytes, aclOffset, aclEnd, request.identities, request.acl);
  if (aclError !== ErrorCode.Ok) return aclError;

  const changes = request.changes;
  const parent = changes.get(body.bytes, pathOffset, parentLength(slash));
  if (!parent.exists) {
    changes.done(parent);
    return ErrorCode.NoNode;
  }
  const authError = request.checkAcl(parent, Permission.create);
  if (authError !== ErrorCode.Ok) {
    changes.done(parent);
    return authError;
  }
  const path = request.path;
  path.reset();
  path.writeBytes(body.bytes, pathOffset, pathLength);
  if (flags === 2 || flags === 3 || flags === 6) appendSequence(request, parent.cversion);
  const node = changes.get(path.bytes, 0, path.length);
  let error: number = ErrorCode.Ok;
  if (!validatePathBytes(path.bytes, 0, path.length)) error = ErrorCode.BadArguments;
  else if (node.exists) error = ErrorCode.NodeExists;
  else if (parent.kind === NodeKind.ephemeral) error = ErrorCode.NoChildrenForEphemerals;
  else if (request.quotas !== null) {
    error = request.quotas.check(path.bytes, 0, path.length, 1, Math.max(dataLength, 0));
  }
  if (error !== ErrorCode.Ok) {
    changes.done(parent);
    changes.done(node);
    return error;
  }

  changes.touch(parent, request.zxidHi, request.zxidLo);
  parent.cversion = (parent.cversion + 1) | 0;
  parent.childCount += 1;
  changes.touch(node, request.zxidHi, request.zxidLo);
  node.exists = true;
  node.version = 0;
  node.dataLength = Math.max(dataLength, 0);
  node.cversion = 0;
  node.aversion = 0;
  node.childCount = 0;
  node.kind = kindOf(txnType, ephemeral);
  node.ownerHi = ephemeral ? request.sessionHi : 0;
  node.ownerLo = ephemeral ? request.sessionLo : 0;
  node.setAcl(request.acl.bytes, 0, request.acl.length);

  request.txnType = txnType;
  const txn = request.txn;
  const pathAt = txn.length + 4;
  txn.writeInt(path.length);
  txn.writeBytes(path.bytes, 0, path.length);
  txn.writeInt(dataLength);
  if (dataLength > 0) txn.writeBytes(body.bytes, dataOffset, dataLength);
  if (request.acl.length === 0) txn.writeBytes(OPEN_ACL_BYTES, 0, OPEN_ACL_BYTES.length);
  else txn.writeBytes(request.acl.bytes, 0, request.acl.length);
  if (txnType === OpCode.create || txnType === OpCode.create2) txn.writeByte(ephemeral ? 1 : 0);
  txn.writeInt(parent.cversion);
  if (txnType === OpCode.createTTL) {
    txn.writeInt(ttlHi);
    txn.writeInt(ttlLo);
  }
  if (request.prediction !== null) {
    const ownerHi = storedOwnerHi(node, ttlHi);
    const ownerLo = node.kind === NodeKind.ttl ? ttlLo : node.ownerLo;
    request.prediction.onCreate(parent, node, txn.bytes, pathAt, dataLength, ownerHi, ownerLo);
  }
  return ErrorCode.Ok;
}

/** Flags are between 0 and 6, and TTL flags come with createTTL only. */
function txnTypeOf(op: number, flags: number, insideMulti: boolean): number {
  if (!insideMulti) return op;
  if (flags === FLAG_CONTAINER) return OpCode.createContainer;
  return op === OpCode.createTTL && flags < FLAG_TTL ? OpCode.create : op;
}

function kindOf(txnType: number, ephemeral: boolean): NodeKind {
  switch (txnType) {
    case OpCode.createContainer:
      return NodeKind.container;
    case OpCode.createTTL:
      return NodeKind.ttl;
    default:
      return ephemeral ? NodeKind.ephemeral : NodeKind.persistent;
  }
}

function storedOwnerHi(node: ChangeRecord, ttlHi: number): number {
  if (node.kind === NodeKind.container) return CONTAINER_OWNER_HI;
  return node.kind === NodeKind.ttl ? TTL_OWNER_HI | ttlHi : node.ownerHi;
}

/** The parent's stored cversion as Java's `%010d`: zero-padded to ten characters, the sign counting as one. */
function appendSequence(request: PrepRequest, cversion: number): void {
  const path = request.path;
  const at = path.reserve(SEQUENCE_DIGITS + 1);
  const negative = cversion < 0;
  const digits = String(negative ? -cversion : cversion).padStart(SEQUENCE_DIGITS - (negative ? 1 : 0), '0');
  let position = at;
  if (negative) path.bytes[position++] = 0x2d;
  for (let i = 0; i < digits.length; i++) path.bytes[position++] = digits.charCodeAt(i);
  path.length = position;
}
