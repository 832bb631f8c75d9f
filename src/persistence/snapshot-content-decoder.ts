// Decodes the part of a snapshot that files and a leader's SNAP have in common: sessions, ACL lists, nodes, closing "/".
// Owned by SnapshotReader (a file, pulled through a window) or SnapStreamDecoder (a socket, pushed as it comes), on the
// thread that loads the tree. It takes what is whole of the bytes at hand and says how many it wants next; it reads
// nothing itself, and proves nothing but lengths: seals and closing words are its owner's business.
//
//   bytes   | decoded | session | session | list | node | no           `wanted` bytes from there on make the next
//           start ----------------------------------->| end            piece, or tell better how long it is

import { readInt32 } from '../base/bytes.js';
import { hex64 } from '../base/int64.js';
import { STAT_PERSISTED_BYTES } from '../store/node-layout.js';
import { ACL_NUMBER_BYTES, isSlashString, SESSION_BYTES, SLASH_STRING_BYTES } from './snapshot-format.js';

export interface SnapshotSink {
  onSession(idHi: number, idLo: number, timeoutMs: number): void;
  /**
   * Path, data and the 60 bytes of StatPersisted lie in `bytes`, valid during the call; the root's path is empty and data
   * of length -1 is null. `acl` is an encoded list that outlives the call, NO_ACL for the open list, or UNRESOLVED_ACL when
   * the file names a list that it does not hold. False: the parent is unknown.
   */
  onNode(
    bytes: Uint8Array,
    pathOffset: number,
    pathLength: number,
    dataOffset: number,
    dataLength: number,
    statOffset: number,
    acl: Uint8Array,
  ): boolean;
}

// Told apart by identity.
export const NO_ACL: Uint8Array = new Uint8Array(0);
export const UNRESOLVED_ACL: Uint8Array = new Uint8Array(0);

/** `at`: where in the bytes given last the trouble lies. */
export class SnapshotContentError extends Error {
  override readonly name = 'SnapshotContentError';
  readonly at: number;

  constructor(reason: string, at: number) {
    super(reason);
    this.at = at;
  }
}

const INT_BYTES = 4;
const NULL_LIST_BYTES = ACL_NUMBER_BYTES + INT_BYTES;

type Part = 'sessionCount' | 'sessions' | 'aclCount' | 'aclLists' | 'nodes' | 'done';

export class SnapshotContentDecoder {
  nodeCount = 0;
  sessionCount = 0;
  /** So many bytes must be at hand for the next call to do anything; may be too few still. */
  wanted = INT_BYTES;
  private readonly sink: SnapshotSink;
  private part: Part = 'sessionCount';
  private left = 0; // sessions or lists to come in this part
  private readonly aclLists = new Map<number | string, Uint8Array>();
  private lastAclHi = -1;
  private lastAclLo = -1;
  private lastAcl: Uint8Array = NO_ACL;

  constructor(sink: SnapshotSink) {
    this.sink = sink;
  }

  /** The closing "/" has been decoded. */
  get isDone(): boolean {
    return this.part === 'done';
  }

  /** Decodes what is whole of bytes[start..end) and returns how far it came. Throws SnapshotContentError. */
  decode(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    for (;;) {
      const next = this.decodePiece(bytes, at, end);
      if (next < 0) return at;
      at = next;
      if (this.part === 'done') return at;
    }
  }

  /** Behind the piece at `at`, or -1: it is not whole yet, and `wanted` says how much must be there. */
  private decodePiece(bytes: Uint8Array, at: number, end: number): number {
    switch (this.part) {
      case 'nodes':
        return this.decodeNode(bytes, at, end);
      case 'sessions':
        return this.decodeSession(bytes, at, end);
      case 'aclLists':
        return this.decodeAclList(bytes, at, end);
      case 'sessionCount':
        return this.decodeCount(bytes, at, end, 'sessions', 'aclCount');
      case 'aclCount':
        return this.decodeCount(bytes, at, end, 'aclLists', 'nodes');
      case 'done':
        return -1;
    }
  }

  /** -1 is the null vector, which is empty; so is, to the reference, any other negative count. */
  private decodeCount(bytes: Uint8Array, at: number, end: number, part: Part, partWhenNone: Part): number {
    if (this.isShort(at, end, INT_BYTES)) return -1;
    this.left = Math.max(0, readInt32(bytes, at));
    this.part = this.left > 0 ? part : partWhenNone;
    return at + INT_BYTES;
  }

  private decodeSession(bytes: Uint8Array, at: number, end: number): number {
    if (this.isShort(at, end, SESSION_BYTES)) return -1;
    this.sink.onSession(readInt32(bytes, at), readInt32(bytes, at + 4), readInt32(bytes, at + 8));
    this.sessionCount++;
    if (--this.left === 0) this.part = 'aclCount';
    return at + SESSION_BYTES;
  }

  /** A copy of one encoded list; a null list means the same as number -1. */
  private decodeAclList(bytes: Uint8Array, at: number, end: number): number {
    if (this.isShort(at, end, NULL_LIST_BYTES)) return -1;
    const key = aclKey(readInt32(bytes, at), readInt32(bytes, at + 4));
    const list = at + ACL_NUMBER_BYTES;
    const entryCount = readInt32(bytes, list);
    let length = INT_BYTES;
    for (let i = 0; i < entryCount; i++) {
      length += INT_BYTES; // perms
      for (let field = 0; field < 2; field++) {
        if (this.isShort(at, end, ACL_NUMBER_BYTES + length + INT_BYTES)) return -1;
        const fieldLength = readInt32(bytes, list + length);
        if (fieldLength < -1) throw new SnapshotContentError(`a string has the length ${fieldLength}`, at);
        length += INT_BYTES + Math.max(fieldLength, 0);
      }
    }
    if (this.isShort(at, end, ACL_NUMBER_BYTES + length)) return -1;
    this.aclLists.set(key, entryCount < 0 ? NO_ACL : bytes.slice(list, list + length));
    if (--this.left === 0) this.part = 'nodes';
    return list + length;
  }

  private decodeNode(bytes: Uint8Array, at: number, end: number): number {
    if (this.isShort(at, end, SLASH_STRING_BYTES)) return -1;
    if (isSlashString(bytes, at)) {
      this.part = 'done';
      return at + SLASH_STRING_BYTES;
    }
    const pathLength = readInt32(bytes, at);
    if (pathLength < 0) throw new SnapshotContentError(`a path has the length ${pathLength}`, at);
    if (this.isShort(at, end, INT_BYTES + pathLength + INT_BYTES)) return -1;
    const path = at + INT_BYTES;
    const dataLength = readInt32(bytes, path + pathLength);
    if (dataLength < -1) throw new SnapshotContentError(`data has the length ${dataLength}`, at);
    const data = path + pathLength + INT_BYTES;
    const aclNumber = data + Math.max(dataLength, 0);
    const stat = aclNumber + ACL_NUMBER_BYTES;
    if (this.isShort(at, end, stat + STAT_PERSISTED_BYTES - at)) return -1;
    const acl = this.aclOf(readInt32(bytes, aclNumber), readInt32(bytes, aclNumber + 4));
    if (!this.sink.onNode(bytes, path, pathLength, data, dataLength, stat, acl)) {
      throw new SnapshotContentError(`node ${this.nodeCount + 1} has no parent`, at);
    }
    this.nodeCount++;
    return stat + STAT_PERSISTED_BYTES;
  }

  private isShort(at: number, end: number, count: number): boolean {
    this.wanted = count;
    return end - at < count;
  }

  private aclOf(hi: number, lo: number): Uint8Array {
    if (hi !== this.lastAclHi || lo !== this.lastAclLo) {
      this.lastAclHi = hi;
      this.lastAclLo = lo;
      const isOpen = hi === -1 && lo === -1;
      this.lastAcl = isOpen ? NO_ACL : (this.aclLists.get(aclKey(hi, lo)) ?? UNRESOLVED_ACL);
    }
    return this.lastAcl;
  }
}

function aclKey(hi: number, lo: number): number | string {
  return hi === 0 ? lo >>> 0 : hex64(hi, lo);
}
