/**
 * What a request asks to change, as its line in the audit log will say it: taken out of its body when it is sent, for
 * audit-trail.ts. Pure.
 *
 * A body that does not decode leaves what could be read of it; whether it was a request at all is for prep to say.
 */
import { readInt32 } from '../base/bytes.js';
import { decodeUtf8, encodeUtf8 } from '../base/utf8.js';
import { aclVectorEnd, Permission } from '../processor/acl.js';
import { skipMultiPart } from '../processor/multi-part.js';
import { RequestBody } from '../processor/request-body.js';
import { OpCode } from '../protocol/op-code.js';

export interface AuditedOperation {
  readonly operation: string;
  /** As it was asked for, a copy: without the number of a sequential node. */
  readonly znode: Uint8Array | null;
  /** Of a create. */
  readonly kind: string | null;
  /** Of a setAcl. */
  readonly acl: string | null;
}

export interface AuditedRequest {
  readonly op: number;
  /** Of its line, up to the operation: who asked. */
  readonly asker: Uint8Array;
  readonly operation: AuditedOperation;
  /** Of a multi; null: it leaves no line. */
  readonly parts: readonly (AuditedOperation | null)[];
}

const NO_PARTS: readonly AuditedOperation[] = [];
const CONFIG_NODE = encodeUtf8('/zookeeper/config');
const MULTI_END = -1;
/** By the flags of a create. */
const KINDS = [
  'persistent',
  'ephemeral',
  'persistent_sequential',
  'ephemeral_sequential',
  'container',
  'persistent_with_ttl',
  'persistent_sequential_with_ttl',
];
const PERMISSIONS = [
  [Permission.create, 'c'],
  [Permission.delete, 'd'],
  [Permission.read, 'r'],
  [Permission.write, 'w'],
  [Permission.admin, 'a'],
] as const;

const body = new RequestBody();

export function isAudited(op: number): boolean {
  switch (op) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
    case OpCode.delete:
    case OpCode.setData:
    case OpCode.setACL:
    case OpCode.multi:
    case OpCode.reconfig:
      return true;
    default:
      return false;
  }
}

export function auditedRequest(
  asker: Uint8Array,
  op: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
): AuditedRequest {
  body.begin(bytes, offset, length);
  const parts = op === OpCode.multi ? multiParts() : NO_PARTS;
  const operation = operationOf(op);
  return { op, asker, operation, parts };
}

function multiParts(): (AuditedOperation | null)[] {
  const parts: (AuditedOperation | null)[] = [];
  while (!body.failed) {
    const op = body.readInt();
    const isLast = body.readBool();
    body.readInt();
    if (body.failed || isLast || op === MULTI_END) break;
    const begin = body.position;
    if (!skipMultiPart(body, op)) break;
    const end = body.position;
    body.position = begin;
    parts.push(op === OpCode.check ? null : operationOf(op));
    body.position = end;
  }
  return parts;
}

function operationOf(op: number): AuditedOperation {
  switch (op) {
    case OpCode.delete:
      return { operation: 'delete', znode: readPath(), kind: null, acl: null };
    case OpCode.setData:
      return { operation: 'setData', znode: readPath(), kind: null, acl: null };
    case OpCode.setACL:
      return { operation: 'setAcl', znode: readPath(), kind: null, acl: readAcl() };
    case OpCode.reconfig:
      return { operation: 'reconfig', znode: CONFIG_NODE, kind: null, acl: null };
    case OpCode.multi:
      return { operation: 'multiOperation', znode: null, kind: null, acl: null };
    default:
      return { operation: 'create', znode: readPath(), kind: readKind(op), acl: null };
  }
}

function readPath(): Uint8Array | null {
  const length = body.readSlice();
  return body.failed || length < 0 ? null : body.bytes.slice(body.sliceOffset, body.sliceOffset + length);
}

function readText(): string | null {
  const length = body.readSlice();
  return body.failed || length < 0 ? null : decodeUtf8(body.bytes, body.sliceOffset, length);
}

/** Behind the path: data, ACL, flags. */
function readKind(op: number): string | null {
  body.readSlice();
  const aclEnd = aclVectorEnd(body.bytes, body.position, body.end);
  if (body.failed || aclEnd < 0) return null;
  body.position = aclEnd;
  const flags = body.readInt();
  return op === OpCode.createContainer ? 'container' : (KINDS[flags] ?? null);
}

/** scheme:id:perms, joined by commas; the reference joins them by nothing. */
function readAcl(): string | null {
  const end = aclVectorEnd(body.bytes, body.position, body.end);
  if (body.failed || end < 0) return null;
  const count = readInt32(body.bytes, body.position);
  body.position += 4;
  const entries: string[] = [];
  for (let i = 0; i < count; i++) {
    const perms = body.readInt();
    const scheme = readText();
    const id = readText();
    entries.push(`${scheme}:${id}:${permissionText(perms)}`);
  }
  return entries.join(',');
}

function permissionText(perms: number): string {
  return PERMISSIONS.map(([bit, letter]) => ((perms & bit) !== 0 ? letter : '')).join('');
}
