/**
 * Finds the end of the stream that follows a SNAP packet (ensemble-protocol 5.6), on the quorum peer's thread, so that the bytes
 * can be passed on as they come and packets be read again behind them. It follows lengths and keeps nothing; whether the
 * contents make a database is for persistence/snap-stream-decoder.ts to say.
 *
 *   sessions: count, {long, int}*    ACLs: count, {long, count, {int, string, string}*}*
 *   nodes: {path, data, long, 60 bytes of stat}* "/"    signature
 */
import { equalBytes, readInt32 } from '../base/bytes.js';
import { SNAP_SIGNATURE } from '../persistence/snap-stream-encoder.js';
import { RoleFault } from './role-fault.js';

const SESSION_BYTES = 12;
const ACL_REFERENCE_AND_STAT_BYTES = 68;
const SLASH = 0x2f;
const FIELD_BYTES_MAX = 16;

/** What is looked at; everything between is skipped. */
const Field = {
  sessionCount: 0,
  aclCount: 1,
  aclHead: 2, // id, count of entries
  aclEntry: 3, // perms, length of the scheme
  aclId: 4,
  path: 5,
  shortPath: 6, // the one byte of a path that is no longer
  data: 7,
  signature: 8,
  end: 9,
} as const;
type Field = (typeof Field)[keyof typeof Field];

const FIELD_BYTES: readonly number[] = [4, 4, 12, 8, 4, 4, 1, 4, SNAP_SIGNATURE.length, 0];

export class SnapStreamEnd {
  private readonly bytes = new Uint8Array(FIELD_BYTES_MAX); // of the field at hand
  private gathered = 0;
  private field: Field = Field.sessionCount;
  private skip = 0; // bytes in front of the field
  private aclsLeft = 0;
  private entriesLeft = 0;

  get isReached(): boolean {
    return this.field === Field.end;
  }

  /** How many of the bytes belong to the stream: all, unless it ends among them. Throws RoleFault. */
  take(bytes: Uint8Array, offset: number, length: number): number {
    const end = offset + length;
    let at = offset;
    while (at < end && this.field !== Field.end) {
      if (this.skip > 0) {
        const count = Math.min(this.skip, end - at);
        this.skip -= count;
        at += count;
        continue;
      }
      this.bytes[this.gathered++] = bytes[at++];
      if (this.gathered === FIELD_BYTES[this.field]) {
        this.gathered = 0;
        this.field = this.next();
      }
    }
    return at - offset;
  }

  /** The field behind the one that is whole now. */
  private next(): Field {
    switch (this.field) {
      case Field.sessionCount:
        this.skip = this.count(0) * SESSION_BYTES;
        return Field.aclCount;
      case Field.aclCount:
        this.aclsLeft = this.count(0);
        return this.nextAcl();
      case Field.aclHead:
        this.entriesLeft = this.length(8);
        return this.nextAclEntry();
      case Field.aclEntry:
        this.skip = this.length(4);
        return Field.aclId;
      case Field.aclId:
        this.skip = this.length(0);
        return this.nextAclEntry();
      case Field.path:
        if (this.length(0) === 1) return Field.shortPath;
        this.skip = this.length(0);
        return Field.data;
      case Field.shortPath:
        return this.bytes[0] === SLASH ? Field.signature : Field.data;
      case Field.data:
        this.skip = this.length(0) + ACL_REFERENCE_AND_STAT_BYTES;
        return Field.path;
      default:
        if (!equalBytes(this.bytes, 0, SNAP_SIGNATURE, 0, SNAP_SIGNATURE.length)) {
          throw new RoleFault("The leader's snapshot does not end with BenWasHere");
        }
        return Field.end;
    }
  }

  private nextAcl(): Field {
    if (this.aclsLeft === 0) return Field.path;
    this.aclsLeft--;
    return Field.aclHead;
  }

  private nextAclEntry(): Field {
    if (this.entriesLeft === 0) return this.nextAcl();
    this.entriesLeft--;
    return Field.aclEntry;
  }

  private count(offset: number): number {
    const count = readInt32(this.bytes, offset);
    if (count < 0) throw new RoleFault(`The leader's snapshot has a count of ${count}`);
    return count;
  }

  /** Null counts as empty. */
  private length(offset: number): number {
    const length = readInt32(this.bytes, offset);
    if (length < -1) throw new RoleFault(`The leader's snapshot has a length of ${length}`);
    return Math.max(length, 0);
  }
}
