// Encodes the live tree as the part of a snapshot that files and a leader's SNAP have in common: sessions, ACL lists,
// nodes, closing "/". Owned by SnapshotWriter (snapshotter's thread) or SnapStreamEncoder (a learner's handler), on a
// thread that need not be the tree's writer. It goes piece by piece, so that its owner may stop for room or time between
// any two, and holds nothing still: the tree goes on changing, and the result is fuzzy as ZooKeeper's is: everything up to
// (zxidHi, zxidLo) is in it and perhaps later changes, which replaying what follows makes whole.
//
// The ACL lists stand in front of the nodes, and which lists are in use is known only when all nodes have been seen. So
// the tree is walked twice: once to number the lists, once to write the nodes. The other way, nodes into a spool file
// that is copied behind the lists afterwards, would write every byte twice beside the log, on the disk that the log is
// waiting for; the first walk costs processor time only, on this thread. A list that comes into use between the walks
// gets a number from a range nobody else uses and is not listed. Readers accept that (the reference writes such files
// itself), and the log repairs it, if a setACL after the name's zxid put the list on its node. A create does not: Apache's
// servers keep a node that they have, with a list that they do not have. So a node with such a list that is younger than the
// name is left to the log, which creates it, with all that is below it.

import { assert } from '../base/assert.js';
import { copyBytes, equalBytes, readInt32, writeInt32 } from '../base/bytes.js';
import { compareSigned } from '../base/int64.js';
import { STAT_PERSISTED_BYTES } from '../store/node-layout.js';
import { SnapshotCursor } from '../store/snapshot-cursor.js';
import type { TreeReader } from '../store/tree-reader.js';
import { ACL_NUMBER_BYTES } from './snapshot-format.js';

/**
 * Upper half of the numbers of lists that are not listed. The reference numbers new lists one above the greatest number
 * listed, so a number this high never comes to mean another list while the log is replayed.
 */
const LATE_ACL_NUMBER_HI = 0x40000000;
const SLASH = 0x2f;

/** The tree was replaced while it was being written (a learner loaded another one): there is nothing to keep. */
export class SnapshotAbandoned extends Error {
  override readonly name = 'SnapshotAbandoned';
}

/** Where the bytes go, in order. It takes all it is given; who drives the encoder stops between two pieces. */
export interface SnapshotOutput {
  int(value: number): void;
  long(hi: number, lo: number): void;
  raw(bytes: Uint8Array, offset: number, length: number): void;
  /** The ustring "/". */
  slash(): void;
}

/** Names every session that may be open, after the snapshot's zxid was fixed; some too many or already closed do no harm. */
export type CollectSessions = (add: (idHi: number, idLo: number, timeoutMs: number) => void) => void;

export class SnapshotContentEncoder {
  /** What the tree surely held when the encoder was made. */
  readonly zxidHi: number;
  readonly zxidLo: number;
  nodeCount = 0; // written
  private readonly reader: TreeReader;
  private readonly backOff: () => void;
  private readonly incarnation: number; // of the tree that both walks must see
  private readonly survey: SnapshotCursor;
  private isSurveyed = false;
  private nodes: SnapshotCursor | null = null; // null until the head is written
  private isOver = false;
  private readonly sessions: number[] = []; // triples idHi, idLo, timeoutMs
  private readonly aclNumbers = new Map<number, number>(); // serial -> number; negative: late, not listed
  private aclList = new Uint8Array(1024); // the listed ones, encoded
  private aclListBytes = 0;
  private listedAclCount = 0;
  /** The path that was left to the log last; the walk goes through what is below a node before it goes on. */
  private leftOut = new Uint8Array(0);
  private leftOutBytes = 0;

  /** backOff: called after a run of tries that the tree's writer spoilt; may block a little. */
  constructor(reader: TreeReader, backOff: () => void, collectSessions: CollectSessions) {
    this.reader = reader;
    this.backOff = backOff;
    this.incarnation = reader.incarnation();
    // The zxid first: everything up to it is in the tree now, whatever the walks come to see later.
    this.survey = new SnapshotCursor(reader, backOff, false);
    this.zxidHi = this.survey.startZxidHi;
    this.zxidLo = this.survey.startZxidLo;
    collectSessions((idHi, idLo, timeoutMs) => this.sessions.push(idHi, idLo, timeoutMs));
  }

  /** The first walk, a node per call; false when it is over. Throws SnapshotAbandoned. */
  surveyNext(): boolean {
    const cursor = this.survey;
    if (!cursor.next()) {
      assertKept(cursor);
      this.isSurveyed = true;
      return false;
    }
    if (cursor.aclSerial === 0 || cursor.aclLength === 0 || this.aclNumbers.has(cursor.aclSerial)) return true;
    const number = ++this.listedAclCount;
    this.aclNumbers.set(cursor.aclSerial, number);
    const needed = this.aclListBytes + ACL_NUMBER_BYTES + cursor.aclLength;
    if (needed > this.aclList.length) this.growAclList(needed);
    writeInt32(this.aclList, this.aclListBytes, 0);
    writeInt32(this.aclList, this.aclListBytes + 4, number);
    copyBytes(cursor.acl, 0, this.aclList, this.aclListBytes + ACL_NUMBER_BYTES, cursor.aclLength);
    this.aclListBytes = needed;
    return true;
  }

  /**
   * The second walk: the first call writes sessions and ACL lists, each further one a node. False when the closing "/"
   * has been written. Throws SnapshotAbandoned.
   */
  encodeNext(out: SnapshotOutput): boolean {
    assert(this.isSurveyed, 'the lists are numbered before they are written');
    assert(!this.isOver, 'nothing follows the closing slash');
    if (this.nodes === null) {
      this.writeHead(out);
      this.nodes = new SnapshotCursor(this.reader, this.backOff);
      if (this.reader.incarnation() !== this.incarnation) throw abandoned();
      return true;
    }
    if (this.writeNode(this.nodes, out)) return true;
    out.slash();
    this.isOver = true;
    return false;
  }

  private writeHead(out: SnapshotOutput): void {
    const { sessions } = this;
    out.int(sessions.length / 3);
    for (let i = 0; i < sessions.length; i += 3) {
      out.long(sessions[i], sessions[i + 1]);
      out.int(sessions[i + 2]);
    }
    out.int(this.listedAclCount);
    out.raw(this.aclList, 0, this.aclListBytes);
  }

  private writeNode(cursor: SnapshotCursor, out: SnapshotOutput): boolean {
    if (!cursor.next()) {
      assertKept(cursor);
      return false;
    }
    if (this.isLeftToLog(cursor)) return true;
    const { pathLength } = cursor;
    out.int(pathLength);
    out.raw(cursor.path, 0, pathLength);
    out.int(cursor.dataLength);
    out.raw(cursor.data, 0, Math.max(cursor.dataLength, 0));
    this.writeAclNumber(out, cursor.aclSerial);
    out.raw(cursor.stat, 0, STAT_PERSISTED_BYTES);
    this.nodeCount++;
    return true;
  }

  private isLeftToLog({ path, pathLength, aclSerial, stat }: SnapshotCursor): boolean {
    const { leftOut, leftOutBytes } = this;
    const isBelow = leftOutBytes > 0 && path[leftOutBytes] === SLASH && pathLength > leftOutBytes;
    if (isBelow && equalBytes(path, 0, leftOut, 0, leftOutBytes)) return true;
    const isLate = aclSerial !== 0 && (this.aclNumbers.get(aclSerial) ?? -1) < 0;
    if (!isLate || compareSigned(readInt32(stat, 0), readInt32(stat, 4), this.zxidHi, this.zxidLo) <= 0) return false;
    this.leftOut = path.slice(0, pathLength);
    this.leftOutBytes = pathLength;
    return true;
  }

  private writeAclNumber(out: SnapshotOutput, serial: number): void {
    if (serial === 0) {
      out.long(-1, -1);
      return;
    }
    let number = this.aclNumbers.get(serial);
    if (number === undefined) {
      number = -(this.aclNumbers.size + 1);
      this.aclNumbers.set(serial, number);
    }
    if (number > 0) out.long(0, number);
    else out.long(LATE_ACL_NUMBER_HI, -number);
  }

  private growAclList(needed: number): void {
    const bigger = new Uint8Array(Math.max(needed, this.aclList.length * 2));
    bigger.set(this.aclList.subarray(0, this.aclListBytes));
    this.aclList = bigger;
  }
}

function assertKept(cursor: SnapshotCursor): void {
  if (cursor.cleared) throw abandoned();
}

function abandoned(): SnapshotAbandoned {
  return new SnapshotAbandoned('the tree was replaced while a snapshot was being written');
}
