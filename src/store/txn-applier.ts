/**
 * Applies one log entry to the data tree: the only road by which a transaction changes it, live or at replay.
 *
 * An entry is what the transaction log stores between its length and its end byte (persistence 2.1, 3.1):
 *
 *   0        8      12       20      28     32
 *   +--------+------+--------+-------+------+-------- ... --+----------------+
 *   | client | cxid | zxid   | time  | type | body          | [TxnDigest 12] |
 *   +--------+------+--------+-------+------+-------- ... --+----------------+
 *
 * Lives on the thread that owns the tree (final stage, recovery). It never checks permissions or versions (prep did),
 * never touches files, and opens no write section: the caller decides how many entries one section covers.
 */
import { readInt32 } from '../base/bytes.js';
import { ErrorCode } from '../protocol/error-code.js';
import { OpCode } from '../protocol/op-code.js';
import type { DataTree } from './data-tree.js';
import { NodeKind } from './node-layout.js';

/** What the final stage wants to know while an entry is applied, in the order in which it happens. */
export interface TxnListener {
  /** A sub-operation (or the whole of a plain transaction) was applied; paths lie in `bytes`. */
  onCreated(bytes: Uint8Array, pathOffset: number, pathLength: number): void;
  /** Called before the node goes, so that its ACL and its parent can still be read. */
  onDeleting(bytes: Uint8Array, pathOffset: number, pathLength: number): void;
  onDataChanged(bytes: Uint8Array, pathOffset: number, pathLength: number): void;
  /** One operation is done: for a multi once per sub-operation, otherwise once. `pathLength` is -1 when it has no path. */
  onOperation(type: number, error: number, bytes: Uint8Array, pathOffset: number, pathLength: number): void;
}

export const TXN_HEADER_BYTES = 32;
export const TXN_DIGEST_BYTES = 12;

const CONTAINER_OWNER_HI = 0x80000000 | 0;
const TTL_OWNER_HI = 0xff000000 | 0;

export class TxnApplier {
  /** Of the entry applied last; valid until the next call. */
  type = 0;
  clientHi = 0;
  clientLo = 0;
  zxidHi = 0;
  zxidLo = 0;
  /** Where the entry lies. */
  bytes: Uint8Array = new Uint8Array(0);

  private timeHi = 0;
  private timeLo = 0;
  private end = 0;
  /** Behind the body. */
  private bodyEnd = 0;
  private listener: TxnListener | null = null;
  /** Paths of ephemerals that a closeSession did not list; copied because deleting frees them. */
  private $path = new Uint8Array(256);

  private readonly tree: DataTree;

  constructor(tree: DataTree) {
    this.tree = tree;
  }

  /** Applies the entry at `offset`; returns its result code (persistence 3.4). Throws on an entry of unknown type or cut body. */
  apply(bytes: Uint8Array, offset: number, length: number, listener: TxnListener | null): number {
    if (length < TXN_HEADER_BYTES) throw new RangeError(`txn entry of ${length} bytes has no whole header`);
    this.bytes = bytes;
    this.end = offset + length;
    this.listener = listener;
    this.clientHi = readInt32(bytes, offset);
    this.clientLo = readInt32(bytes, offset + 4);
    this.zxidHi = readInt32(bytes, offset + 12);
    this.zxidLo = readInt32(bytes, offset + 16);
    this.timeHi = readInt32(bytes, offset + 20);
    this.timeLo = readInt32(bytes, offset + 24);
    this.type = readInt32(bytes, offset + 28);
    const body = offset + TXN_HEADER_BYTES;
    switch (this.type) {
      case OpCode.error: {
        const error = this.intAt(body);
        this.bodyEnd = body + 4;
        this.listener?.onOperation(OpCode.error, error, bytes, 0, -1);
        return error;
      }
      case OpCode.createSession:
        this.bodyEnd = body + 4;
        this.listener?.onOperation(this.type, ErrorCode.Ok, bytes, 0, -1);
        return ErrorCode.Ok;
      case OpCode.closeSession:
        return this.closeSession(body);
      case OpCode.multi:
        return this.multi(body);
      case OpCode.check:
        throw new RangeError('a check transaction stands outside a multi');
      default:
        return this.operation(this.type, body, this.end);
    }
  }

  /** Of the entry applied last: where in its bytes the TxnDigest begins, or -1 when it has none. */
  get digestOffset(): number {
    return this.end - this.bodyEnd < TXN_DIGEST_BYTES ? -1 : this.bodyEnd;
  }

  private operation(type: number, body: number, end: number): number {
    const bytes = this.bytes;
    const pathLength = this.intAt(body);
    const path = body + 4;
    let position = path + pathLength;
    if (pathLength < 0 || position > end) throw new RangeError(`txn of type ${type}: path runs past the entry`);
    let error: number = ErrorCode.Ok;
    switch (type) {
      case OpCode.create:
      case OpCode.create2:
      case OpCode.createContainer:
      case OpCode.createTTL:
        error = this.create(type, path, pathLength, position, end);
        if (error === ErrorCode.Ok) this.listener?.onCreated(bytes, path, pathLength);
        break;
      case OpCode.delete:
      case OpCode.deleteContainer:
        this.bodyEnd = position;
        this.listener?.onDeleting(bytes, path, pathLength);
        error = this.tree.delete(bytes, path, pathLength, this.zxidHi, this.zxidLo);
        break;
      case OpCode.setData:
      case OpCode.reconfig: {
        const dataLength = this.intAt(position);
        const data = position + 4;
        position = data + Math.max(dataLength, 0);
        const version = this.intAt(position);
        this.bodyEnd = position + 4;
        error = this.tree.setData(
          bytes,
          path,
          pathLength,
          bytes,
          data,
          dataLength,
          version,
          this.zxidHi,
          this.zxidLo,
          this.timeHi,
          this.timeLo,
        );
        if (error === ErrorCode.Ok) this.listener?.onDataChanged(bytes, path, pathLength);
        break;
      }
      case OpCode.setACL: {
        const aclEnd = this.skipAcl(position, end);
        this.bodyEnd = aclEnd + 4;
        error = this.tree.setAcl(bytes, path, pathLength, bytes, position, aclEnd - position, this.intAt(aclEnd));
        break;
      }
      case OpCode.check:
        break;
      default:
        throw new RangeError(`unknown txn type ${type}`);
    }
    this.listener?.onOperation(type, error, bytes, path, pathLength);
    if (this.tree.quotaRecountDue) this.tree.recountNewQuota();
    return error;
  }

  private create(type: number, path: number, pathLength: number, after: number, end: number): number {
    const dataLength = this.intAt(after);
    const data = after + 4;
    const acl = data + Math.max(dataLength, 0);
    const aclEnd = this.skipAcl(acl, end);
    let position = aclEnd;
    let kind: NodeKind = NodeKind.persistent;
    let ownerHi = 0;
    let ownerLo = 0;
    if (type === OpCode.create || type === OpCode.create2) {
      if (this.byteAt(position) !== 0) {
        kind = NodeKind.ephemeral;
        ownerHi = this.clientHi;
        ownerLo = this.clientLo;
      }
      position += 1;
    } else if (type === OpCode.createContainer) {
      kind = NodeKind.container;
      ownerHi = CONTAINER_OWNER_HI;
    }
    // CreateTxnV0 of old logs ends here; it never had a digest either (persistence 3.2).
    const parentCversion = type === OpCode.create && end - position < 4 ? -1 : this.intAt(position);
    this.bodyEnd = position + 4;
    if (type === OpCode.createTTL) {
      this.bodyEnd = position + 12;
      kind = NodeKind.ttl;
      ownerHi = TTL_OWNER_HI | (this.intAt(position + 4) & 0xff);
      ownerLo = this.intAt(position + 8);
    }
    return this.tree.create(
      this.bytes,
      path,
      pathLength,
      this.bytes,
      data,
      dataLength,
      this.bytes,
      acl,
      aclEnd - acl,
      kind,
      ownerHi,
      ownerLo,
      parentCversion,
      this.zxidHi,
      this.zxidLo,
      this.timeHi,
      this.timeLo,
    );
  }

  /** All or nothing: one error among the stored parts means that none of them has an effect. */
  private multi(body: number): number {
    const count = this.intAt(body);
    let failed = false;
    let position = body + 4;
    for (let i = 0; i < count; i++) {
      if (this.intAt(position) === OpCode.error) failed = true;
      position += 8 + Math.max(this.intAt(position + 4), 0);
    }
    const bodyEnd = position;
    let result: number = ErrorCode.Ok;
    position = body + 4;
    let passed = false;
    for (let i = 0; i < count; i++) {
      const type = this.intAt(position);
      const length = Math.max(this.intAt(position + 4), 0);
      const part = position + 8;
      if (part + length > this.end) throw new RangeError('multi txn: a part runs past the entry');
      let error: number;
      if (!failed) {
        // As the reference does: what stands behind a part that it does not know has no effect either.
        if (!mayBePart(type)) break;
        error = this.operation(type, part, part + length);
      } else {
        error = type === OpCode.error ? this.intAt(part) : passed ? ErrorCode.RuntimeInconsistency : ErrorCode.Ok;
        if (type === OpCode.error) passed = true;
        this.listener?.onOperation(OpCode.error, error, this.bytes, 0, -1);
      }
      if (result === ErrorCode.Ok) result = error;
      position = part + length;
    }
    this.bodyEnd = bodyEnd;
    return result;
  }

  /** Listed paths first, in order, whoever owns them; then what is still indexed under the session (persistence 3.4). */
  private closeSession(body: number): number {
    const count = this.closeSessionPathCount(body);
    let position = body + 4;
    for (let i = 0; i < count; i++) {
      const length = this.intAt(position);
      this.deleteEphemeral(this.bytes, position + 4, length);
      position += 4 + length;
    }
    const rest = this.end - body;
    const hasList = count > 0 || (rest !== 0 && rest !== TXN_DIGEST_BYTES);
    this.bodyEnd = hasList ? position : body;
    this.tree.ephemeralsOf(this.clientHi, this.clientLo, this.deleteLeftOver);
    this.listener?.onOperation(OpCode.closeSession, ErrorCode.Ok, this.bytes, 0, -1);
    return ErrorCode.Ok;
  }

  /** Kept as one function value, so that closing a session allocates nothing per node. */
  private readonly deleteLeftOver = (ref: number): void => {
    const reader = this.tree.reader;
    const length = reader.pathLength(ref);
    if (this.$path.length < length) this.$path = new Uint8Array(length * 2);
    reader.copyPath(ref, this.$path, 0);
    this.deleteEphemeral(this.$path, 0, length);
  };

  /** Of one that a fuzzy snapshot has missed, the parent, which it may have copied before, learns all the same (ZOOKEEPER-3145). */
  private deleteEphemeral(bytes: Uint8Array, offset: number, length: number): void {
    if (this.tree.reader.find(bytes, offset, length) !== 0) this.listener?.onDeleting(bytes, offset, length);
    this.tree.delete(bytes, offset, length, this.zxidHi, this.zxidLo);
  }

  /**
   * A closeSession may have a path vector, or nothing, or only a digest that looks like one (persistence 3.2): the vector
   * counts only if all its strings are paths and it leaves exactly 0 or 12 bytes.
   */
  private closeSessionPathCount(body: number): number {
    const rest = this.end - body;
    if (rest === 0) return 0;
    const count = rest >= 4 ? readInt32(this.bytes, body) : -1;
    let position = body + 4;
    let whole = count >= 0;
    for (let i = 0; whole && i < count; i++) {
      const length = position + 4 <= this.end ? readInt32(this.bytes, position) : -1;
      whole = length > 0 && position + 4 + length <= this.end && this.bytes[position + 4] === 0x2f;
      position += 4 + length;
    }
    if (whole && (position === this.end || position + TXN_DIGEST_BYTES === this.end)) return count;
    if (rest === TXN_DIGEST_BYTES) return 0;
    throw new RangeError('closeSession txn: neither a list of paths nor a digest');
  }

  private skipAcl(offset: number, end: number): number {
    const count = this.intAt(offset);
    let position = offset + 4;
    for (let i = 0; i < count; i++) {
      position += 4;
      position += 4 + Math.max(this.intAt(position), 0);
      position += 4 + Math.max(this.intAt(position), 0);
      if (position > end) break;
    }
    if (position > end) throw new RangeError('txn: the ACL runs past the entry');
    return position;
  }

  private intAt(position: number): number {
    if (position < 0 || position + 4 > this.end) throw new RangeError('txn entry is cut');
    return readInt32(this.bytes, position);
  }

  private byteAt(position: number): number {
    if (position >= this.end) throw new RangeError('txn entry is cut');
    return this.bytes[position] as number;
  }
}

/** Sub-transactions that a multi may hold (persistence 3.1), errors aside. */
function mayBePart(type: number): boolean {
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
    case OpCode.delete:
    case OpCode.deleteContainer:
    case OpCode.setData:
    case OpCode.check:
      return true;
    default:
      return false;
  }
}
