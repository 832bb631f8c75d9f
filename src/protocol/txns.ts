// The records of the transaction log, which also travel between servers. Cold paths (tools, tests, recovery's checks),
// any thread: the pipeline encodes a txn once and then moves its bytes. Decoded buffers are views of the entry.
//
//   entry      [ TxnHeader, 32 bytes | body, by type | TxnDigest, 12 bytes, or nothing ]
//   header     [ clientId:long | cxid:int | zxid:long | time:long | type:int ]
//   multi      [ count:int | { type:int | body:buffer }* ]
//
// Strings of a txn were checked before they were logged: a null one does not decode. An entry stored by an old or oddly
// configured server may lack the end of a create and the whole body of a closeSession (see decodeTxnEntry).

import { assert, unreachable } from '../base/assert.js';
import { JuteError } from '../jute/jute-error.js';
import { JuteReader } from '../jute/jute-reader.js';
import { decodeVector, encodeStrings, encodeVector } from '../jute/jute-vector.js';
import { JuteWriter } from '../jute/jute-writer.js';
import { type ACL, decodeACLs, encodeACLs } from './acl.js';
import { OpCode } from './op-code.js';

export const TXN_HEADER_BYTES = 32;
export const TXN_DIGEST_BYTES = 12;
export const TXN_DIGEST_VERSION = 2;

/** parentCVersion of a create that was stored without one. */
export const PARENT_CVERSION_UNKNOWN = -1;

export interface TxnHeader {
  /** Session id; 0 when the server itself removed a container or TTL node. */
  readonly clientId: bigint;
  readonly cxid: number;
  readonly zxid: bigint;
  /** ms since the epoch */
  readonly time: bigint;
  readonly type: number;
}

/** The form that old servers wrote. */
export interface CreateTxnV0 {
  readonly path: string;
  readonly data: Uint8Array | null;
  readonly acl: readonly ACL[] | null;
  readonly ephemeral: boolean;
}

/** create, create2. */
export interface CreateTxn extends CreateTxnV0 {
  /** The parent's stored cversion after this create. */
  readonly parentCVersion: number;
}

export interface CreateContainerTxn {
  readonly path: string;
  readonly data: Uint8Array | null;
  readonly acl: readonly ACL[] | null;
  readonly parentCVersion: number;
}

export interface CreateTTLTxn extends CreateContainerTxn {
  /** ms */
  readonly ttl: bigint;
}

/** delete, deleteContainer. */
export interface DeleteTxn {
  readonly path: string;
}

/** setData, reconfig. */
export interface SetDataTxn {
  readonly path: string;
  readonly data: Uint8Array | null;
  /** The node's version afterwards. */
  readonly version: number;
}

export interface SetACLTxn {
  readonly path: string;
  readonly acl: readonly ACL[] | null;
  /** The node's aversion afterwards. */
  readonly version: number;
}

export interface CheckVersionTxn {
  readonly path: string;
  /** The node's version plus one. */
  readonly version: number;
}

export interface Txn {
  readonly type: number;
  readonly data: Uint8Array | null;
}

export interface MultiTxn {
  readonly txns: readonly Txn[];
}

export interface ErrorTxn {
  readonly err: number;
}

export interface CreateSessionTxn {
  /** ms */
  readonly timeOut: number;
}

export interface CloseSessionTxn {
  readonly paths2Delete: readonly string[];
}

export interface TxnDigest {
  readonly version: number;
  readonly treeDigest: bigint;
}

export type TxnBody =
  | { readonly type: typeof OpCode.create | typeof OpCode.create2; readonly txn: CreateTxn }
  | { readonly type: typeof OpCode.createContainer; readonly txn: CreateContainerTxn }
  | { readonly type: typeof OpCode.createTTL; readonly txn: CreateTTLTxn }
  | { readonly type: typeof OpCode.delete | typeof OpCode.deleteContainer; readonly txn: DeleteTxn }
  | { readonly type: typeof OpCode.setData | typeof OpCode.reconfig; readonly txn: SetDataTxn }
  | { readonly type: typeof OpCode.setACL; readonly txn: SetACLTxn }
  | { readonly type: typeof OpCode.check; readonly txn: CheckVersionTxn }
  | { readonly type: typeof OpCode.multi; readonly txn: MultiTxn }
  | { readonly type: typeof OpCode.error; readonly txn: ErrorTxn }
  | { readonly type: typeof OpCode.createSession; readonly txn: CreateSessionTxn }
  /** null: the writer stored no body. */
  | { readonly type: typeof OpCode.closeSession; readonly txn: CloseSessionTxn | null };

export interface TxnEntry {
  readonly header: TxnHeader;
  readonly body: TxnBody;
  readonly digest: TxnDigest | null;
}

const TXN_BYTES_MIN = 8;
const USTRING_BYTES_MIN = 4;

export function encodeTxnHeader(w: JuteWriter, record: TxnHeader): void {
  w.writeLong(record.clientId);
  w.writeInt(record.cxid);
  w.writeLong(record.zxid);
  w.writeLong(record.time);
  w.writeInt(record.type);
}

export function decodeTxnHeader(r: JuteReader): TxnHeader {
  return {
    clientId: r.readLong(),
    cxid: r.readInt(),
    zxid: r.readLong(),
    time: r.readLong(),
    type: r.readInt(),
  };
}

export function encodeCreateTxnV0(w: JuteWriter, record: CreateTxnV0): void {
  w.writeUstring(record.path);
  w.writeBuffer(record.data);
  encodeACLs(w, record.acl);
  w.writeBool(record.ephemeral);
}

export function decodeCreateTxnV0(r: JuteReader): CreateTxnV0 {
  return { path: r.requireUstring(), data: r.readBuffer(), acl: decodeACLs(r), ephemeral: r.readBool() };
}

export function encodeCreateTxn(w: JuteWriter, record: CreateTxn): void {
  encodeCreateTxnV0(w, record);
  w.writeInt(record.parentCVersion);
}

export function decodeCreateTxn(r: JuteReader): CreateTxn {
  return { ...decodeCreateTxnV0(r), parentCVersion: r.readInt() };
}

export function encodeCreateContainerTxn(w: JuteWriter, record: CreateContainerTxn): void {
  w.writeUstring(record.path);
  w.writeBuffer(record.data);
  encodeACLs(w, record.acl);
  w.writeInt(record.parentCVersion);
}

export function decodeCreateContainerTxn(r: JuteReader): CreateContainerTxn {
  return { path: r.requireUstring(), data: r.readBuffer(), acl: decodeACLs(r), parentCVersion: r.readInt() };
}

export function encodeCreateTTLTxn(w: JuteWriter, record: CreateTTLTxn): void {
  encodeCreateContainerTxn(w, record);
  w.writeLong(record.ttl);
}

export function decodeCreateTTLTxn(r: JuteReader): CreateTTLTxn {
  return { ...decodeCreateContainerTxn(r), ttl: r.readLong() };
}

export function encodeDeleteTxn(w: JuteWriter, record: DeleteTxn): void {
  w.writeUstring(record.path);
}

export function decodeDeleteTxn(r: JuteReader): DeleteTxn {
  return { path: r.requireUstring() };
}

export function encodeSetDataTxn(w: JuteWriter, record: SetDataTxn): void {
  w.writeUstring(record.path);
  w.writeBuffer(record.data);
  w.writeInt(record.version);
}

export function decodeSetDataTxn(r: JuteReader): SetDataTxn {
  return { path: r.requireUstring(), data: r.readBuffer(), version: r.readInt() };
}

export function encodeSetACLTxn(w: JuteWriter, record: SetACLTxn): void {
  w.writeUstring(record.path);
  encodeACLs(w, record.acl);
  w.writeInt(record.version);
}

export function decodeSetACLTxn(r: JuteReader): SetACLTxn {
  return { path: r.requireUstring(), acl: decodeACLs(r), version: r.readInt() };
}

export function encodeCheckVersionTxn(w: JuteWriter, record: CheckVersionTxn): void {
  w.writeUstring(record.path);
  w.writeInt(record.version);
}

export function decodeCheckVersionTxn(r: JuteReader): CheckVersionTxn {
  return { path: r.requireUstring(), version: r.readInt() };
}

export function encodeTxn(w: JuteWriter, record: Txn): void {
  w.writeInt(record.type);
  w.writeBuffer(record.data);
}

export function decodeTxn(r: JuteReader): Txn {
  return { type: r.readInt(), data: r.readBuffer() };
}

export function encodeMultiTxn(w: JuteWriter, record: MultiTxn): void {
  encodeVector(w, record.txns, encodeTxn);
}

export function decodeMultiTxn(r: JuteReader): MultiTxn {
  return { txns: decodeVector(r, TXN_BYTES_MIN, decodeTxn) ?? [] };
}

export function encodeErrorTxn(w: JuteWriter, record: ErrorTxn): void {
  w.writeInt(record.err);
}

export function decodeErrorTxn(r: JuteReader): ErrorTxn {
  return { err: r.readInt() };
}

export function encodeCreateSessionTxn(w: JuteWriter, record: CreateSessionTxn): void {
  w.writeInt(record.timeOut);
}

export function decodeCreateSessionTxn(r: JuteReader): CreateSessionTxn {
  return { timeOut: r.readInt() };
}

export function encodeCloseSessionTxn(w: JuteWriter, record: CloseSessionTxn): void {
  encodeStrings(w, record.paths2Delete);
}

export function decodeCloseSessionTxn(r: JuteReader): CloseSessionTxn {
  return { paths2Delete: decodeVector(r, USTRING_BYTES_MIN, (reader) => reader.requireUstring()) ?? [] };
}

export function encodeTxnDigest(w: JuteWriter, record: TxnDigest): void {
  w.writeInt(record.version);
  w.writeLong(record.treeDigest);
}

export function decodeTxnDigest(r: JuteReader): TxnDigest {
  return { version: r.readInt(), treeDigest: r.readLong() };
}

/** Of a body inside an entry or, in a buffer of its own, inside a multi. */
export function encodeTxnBody(w: JuteWriter, body: TxnBody): void {
  switch (body.type) {
    case OpCode.create:
    case OpCode.create2:
      encodeCreateTxn(w, body.txn);
      break;
    case OpCode.createContainer:
      encodeCreateContainerTxn(w, body.txn);
      break;
    case OpCode.createTTL:
      encodeCreateTTLTxn(w, body.txn);
      break;
    case OpCode.delete:
    case OpCode.deleteContainer:
      encodeDeleteTxn(w, body.txn);
      break;
    case OpCode.setData:
    case OpCode.reconfig:
      encodeSetDataTxn(w, body.txn);
      break;
    case OpCode.setACL:
      encodeSetACLTxn(w, body.txn);
      break;
    case OpCode.check:
      encodeCheckVersionTxn(w, body.txn);
      break;
    case OpCode.multi:
      encodeMultiTxn(w, body.txn);
      break;
    case OpCode.error:
      encodeErrorTxn(w, body.txn);
      break;
    case OpCode.createSession:
      encodeCreateSessionTxn(w, body.txn);
      break;
    case OpCode.closeSession:
      if (body.txn !== null) encodeCloseSessionTxn(w, body.txn);
      break;
    default:
      unreachable(body);
  }
}

/** The plain forms, without the exceptions that decodeTxnEntry makes for whole entries. */
export function decodeTxnBody(r: JuteReader, type: number): TxnBody {
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
      return { type, txn: decodeCreateTxn(r) };
    case OpCode.createContainer:
      return { type, txn: decodeCreateContainerTxn(r) };
    case OpCode.createTTL:
      return { type, txn: decodeCreateTTLTxn(r) };
    case OpCode.delete:
    case OpCode.deleteContainer:
      return { type, txn: decodeDeleteTxn(r) };
    case OpCode.setData:
    case OpCode.reconfig:
      return { type, txn: decodeSetDataTxn(r) };
    case OpCode.setACL:
      return { type, txn: decodeSetACLTxn(r) };
    case OpCode.check:
      return { type, txn: decodeCheckVersionTxn(r) };
    case OpCode.multi:
      return { type, txn: decodeMultiTxn(r) };
    case OpCode.error:
      return { type, txn: decodeErrorTxn(r) };
    case OpCode.createSession:
      return { type, txn: decodeCreateSessionTxn(r) };
    case OpCode.closeSession:
      return { type, txn: decodeCloseSessionTxn(r) };
    default:
      throw new JuteError(`txn type ${type}`);
  }
}

export function encodeSubTxn(body: TxnBody): Txn {
  const w = new JuteWriter();
  encodeTxnBody(w, body);
  return { type: body.type, data: w.toBytes() };
}

/** What may stand inside a multi; anything else there does not decode. */
const SUB_TYPES: ReadonlySet<number> = new Set([
  OpCode.create,
  OpCode.create2,
  OpCode.createContainer,
  OpCode.createTTL,
  OpCode.delete,
  OpCode.deleteContainer,
  OpCode.setData,
  OpCode.check,
  OpCode.error,
]);

export function decodeSubTxn(txn: Txn): TxnBody {
  if (txn.data === null || !SUB_TYPES.has(txn.type)) throw new JuteError(`txn type ${txn.type} in a multi`);
  return decodeTxnBody(new JuteReader(txn.data), txn.type);
}

export function encodeTxnEntry(w: JuteWriter, entry: TxnEntry): void {
  assert(entry.header.type === entry.body.type, 'txn header and body disagree about the type');
  encodeTxnHeader(w, entry.header);
  encodeTxnBody(w, entry.body);
  if (entry.digest !== null) encodeTxnDigest(w, entry.digest);
}

/**
 * Reads to the end of the reader. Differences from the plain forms: a create too short for its parentCVersion gets -1,
 * a closeSession may have no body, a check may not stand alone.
 */
export function decodeTxnEntry(r: JuteReader): TxnEntry {
  const header = decodeTxnHeader(r);
  const body = decodeEntryBody(r, header.type);
  return { header, body, digest: r.remaining >= TXN_DIGEST_BYTES ? decodeTxnDigest(r) : null };
}

function decodeEntryBody(r: JuteReader, type: number): TxnBody {
  switch (type) {
    case OpCode.create: {
      const old = decodeCreateTxnV0(r);
      return { type, txn: { ...old, parentCVersion: r.remaining >= 4 ? r.readInt() : PARENT_CVERSION_UNKNOWN } };
    }
    case OpCode.closeSession:
      return { type, txn: decodeCloseSession(r) };
    case OpCode.check:
      throw new JuteError('a check stands alone');
    default:
      return decodeTxnBody(r, type);
  }
}

/**
 * With closeSessionTxn.enabled off a server stores no body but still the digest, whose bytes the reference then takes
 * for a list. A list is one of absolute paths with nothing or just a digest behind it; failing that, nothing or a
 * digest alone is a missing body.
 */
function decodeCloseSession(r: JuteReader): CloseSessionTxn | null {
  const start = r.position;
  try {
    const txn = decodeCloseSessionTxn(r);
    const isComplete = r.remaining === 0 || r.remaining === TXN_DIGEST_BYTES;
    if (isComplete && txn.paths2Delete.every((path) => path.startsWith('/'))) return txn;
  } catch (error) {
    if (!(error instanceof JuteError)) throw error;
  }
  r.position = start;
  if (r.remaining === 0 || r.remaining === TXN_DIGEST_BYTES) return null;
  throw new JuteError('closeSession body');
}
