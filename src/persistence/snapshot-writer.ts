// Writes one snapshot of the live tree to a file, while the tree goes on changing. Lives on a thread of its own (the
// snapshotter's) and holds nothing still: the cursor copies node by node. The file is fuzzy, as ZooKeeper's are: it
// holds everything up to the zxid in its name and perhaps later changes, which replaying the log makes whole.
// It must never touch the log, nor make a snapshot visible that the log could not repair.
//
// The ACL lists stand in front of the nodes, and which lists are in use is known only when all nodes have been seen. So
// the tree is walked twice: once to number the lists, once to write the nodes. The other way, nodes into a spool file
// that is copied behind the lists afterwards, would write every byte twice beside the log, on the disk that the log is
// waiting for; the first walk costs processor time only, on this thread. A list that comes into use between the walks
// gets a number from a range nobody else uses and is not listed. Readers accept that (the reference writes such files
// itself), and the log repairs it: the list was put on its node by a transaction after the name's zxid.

import { adler32 } from '../base/adler32.js';
import { copyBytes, writeInt32 } from '../base/bytes.js';
import { STAT_PERSISTED_BYTES } from '../store/node-layout.js';
import { SnapshotCursor } from '../store/snapshot-cursor.js';
import type { TreeReader } from '../store/tree-reader.js';
import { FatalStorageError } from './fatal-storage-error.js';
import { snapshotName, TEMPORARY_PREFIX } from './file-names.js';
import { errorCodeOf, type FileStore, joinPath, type StoredFile } from './file-store.js';
import {
  ACL_NUMBER_BYTES,
  DIGEST_VERSION,
  encodeSnapshotHeader,
  SLASH_STRING_BYTES,
  writeSlashString,
} from './snapshot-format.js';

const BUFFER_BYTES = 1 << 20;
/**
 * Upper half of the numbers of lists that are not listed. The reference numbers new lists one above the greatest number
 * listed, so a number this high never comes to mean another list while the log is replayed.
 */
const LATE_ACL_NUMBER_HI = 0x40000000;
const EXIT_SNAPSHOT_ERROR = 10;

/** The tree digest after a certain transaction, both taken together. */
export interface TreeDigest {
  readonly zxidHi: number;
  readonly zxidLo: number;
  readonly digestHi: number;
  readonly digestLo: number;
}

export interface SnapshotWriterOptions {
  readonly fileStore: FileStore;
  /** dataDir/version-2; it exists. */
  readonly directory: string;
  readonly reader: TreeReader;
  /** The cursor calls it after a run of tries that the tree's writer spoilt; may block a little. */
  readonly backOff: () => void;
  /** Names every session that may be open, after the snapshot's zxid was fixed; some too many or already closed do no harm. */
  readonly collectSessions: (add: (idHi: number, idLo: number, timeoutMs: number) => void) => void;
  /** Blocks until the log is on the disk up to this zxid; throws when that will never be. */
  readonly waitUntilDurable: (zxidHi: number, zxidLo: number) => void;
  /** The snapshot a start loaded and so proved, if any: it is not replaced by another one of the same zxid. */
  readonly loaded: { readonly zxidHi: number; readonly zxidLo: number } | null;
  /** Asked after the last node. Null with digests off: the file then has no tail. */
  readonly treeDigest: (() => TreeDigest) | null;
}

export interface WrittenSnapshot {
  readonly name: string;
  readonly zxidHi: number;
  readonly zxidLo: number;
  /** The highest transaction of which the file may hold effects. */
  readonly lastZxidHi: number;
  readonly lastZxidLo: number;
  readonly fileBytes: number;
  readonly nodeCount: number;
}

/** The file could not be written. The log is whole; the process ends with this code all the same, as operators expect. */
export class SnapshotWriteError extends Error {
  override readonly name = 'SnapshotWriteError';
  readonly exitCode = EXIT_SNAPSHOT_ERROR;
}

/** The tree was replaced while it was being written (a learner loaded another one): there is nothing to keep. */
export class SnapshotAbandoned extends Error {
  override readonly name = 'SnapshotAbandoned';
}

export class SnapshotWriter {
  private readonly options: SnapshotWriterOptions;
  private readonly sessions: number[] = []; // triples idHi, idLo, timeoutMs
  private readonly aclNumbers = new Map<number, number>(); // serial -> number; negative: late, not listed
  private aclList = new Uint8Array(1024); // the listed ones, encoded
  private aclListBytes = 0;
  private listedAclCount = 0;
  private good: { readonly zxidHi: number; readonly zxidLo: number } | null; // the newest whole snapshot

  constructor(options: SnapshotWriterOptions) {
    this.options = options;
    this.good = options.loaded;
  }

  /**
   * Writes one snapshot; when it returns the file is there and durable. Null: a good one of this zxid is there already.
   * Whatever it throws (SnapshotWriteError, SnapshotAbandoned, or what waitUntilDurable throws), no half file is left
   * under a snapshot's name.
   */
  write(): WrittenSnapshot | null {
    try {
      return this.writeUnguarded();
    } catch (error) {
      if (error instanceof FatalStorageError || errorCodeOf(error) === '') throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new SnapshotWriteError(`cannot write a snapshot to ${this.options.directory}: ${reason}`, { cause: error });
    }
  }

  private writeUnguarded(): WrittenSnapshot | null {
    const { fileStore, directory, reader } = this.options;
    const incarnation = reader.incarnation();
    // The name first: everything up to it is in the tree now, whatever the walks come to see later.
    const survey = this.newCursor();
    const zxidHi = survey.startZxidHi;
    const zxidLo = survey.startZxidLo;
    if (this.good !== null && this.good.zxidHi === zxidHi && this.good.zxidLo === zxidLo) return null;
    this.sessions.length = 0;
    this.options.collectSessions((idHi, idLo, timeoutMs) => this.sessions.push(idHi, idLo, timeoutMs));
    this.numberAclLists(survey);
    const name = snapshotName(zxidHi, zxidLo);
    const temporary = joinPath(directory, TEMPORARY_PREFIX + name);
    if (fileStore.exists(temporary)) fileStore.unlink(temporary);
    const file = fileStore.createNew(temporary);
    let isOpen = true;
    try {
      const out = new SummedOutput(file, BUFFER_BYTES);
      this.writeHead(out);
      const nodeCount = this.writeNodes(out);
      const [lastZxidHi, lastZxidLo] = this.writeTail(out, incarnation);
      file.sync();
      isOpen = false;
      file.close();
      // Before the name is visible the log must reach everything that may be in the file, or a start could find a
      // tree that holds the effects of lost transactions.
      this.options.waitUntilDurable(lastZxidHi, lastZxidLo);
      fileStore.rename(temporary, joinPath(directory, name));
      fileStore.syncDirectory(directory);
      this.good = { zxidHi, zxidLo };
      return { name, zxidHi, zxidLo, lastZxidHi, lastZxidLo, fileBytes: out.byteCount, nodeCount };
    } catch (error) {
      this.discard(file, isOpen, temporary);
      throw error;
    }
  }

  private writeTail(out: SummedOutput, incarnation: number): [number, number] {
    const { treeDigest } = this.options;
    out.slash();
    out.seal();
    const digest = treeDigest === null ? null : treeDigest();
    const lastZxid = this.readLastZxid(incarnation);
    if (digest !== null) {
      out.long(digest.zxidHi, digest.zxidLo);
      out.int(DIGEST_VERSION);
      out.long(digest.digestHi, digest.digestLo);
      out.seal();
      out.long(lastZxid[0], lastZxid[1]);
      out.seal();
    }
    out.flush();
    return lastZxid;
  }

  private writeHead(out: SummedOutput): void {
    const header = encodeSnapshotHeader();
    out.raw(header, 0, header.length);
    const { sessions } = this;
    out.int(sessions.length / 3);
    for (let i = 0; i < sessions.length; i += 3) {
      out.long(sessions[i], sessions[i + 1]);
      out.int(sessions[i + 2]);
    }
    out.int(this.listedAclCount);
    out.raw(this.aclList, 0, this.aclListBytes);
  }

  private numberAclLists(cursor: SnapshotCursor): void {
    this.aclNumbers.clear();
    this.aclListBytes = 0;
    let nextNumber = 1;
    while (cursor.next()) {
      if (cursor.aclSerial === 0 || cursor.aclLength === 0 || this.aclNumbers.has(cursor.aclSerial)) continue;
      this.aclNumbers.set(cursor.aclSerial, nextNumber);
      const needed = this.aclListBytes + ACL_NUMBER_BYTES + cursor.aclLength;
      if (needed > this.aclList.length) this.growAclList(needed);
      writeInt32(this.aclList, this.aclListBytes, 0);
      writeInt32(this.aclList, this.aclListBytes + 4, nextNumber);
      copyBytes(cursor.acl, 0, this.aclList, this.aclListBytes + ACL_NUMBER_BYTES, cursor.aclLength);
      this.aclListBytes = needed;
      nextNumber++;
    }
    this.listedAclCount = nextNumber - 1;
    if (cursor.cleared) throw new SnapshotAbandoned('the tree was replaced while a snapshot was being written');
  }

  private writeNodes(out: SummedOutput): number {
    const cursor = this.newCursor();
    let nodeCount = 0;
    while (cursor.next()) {
      const { pathLength } = cursor;
      const dataLength = Math.max(cursor.dataLength, 0);
      out.int(pathLength);
      out.raw(cursor.path, 0, pathLength);
      out.int(cursor.dataLength);
      out.raw(cursor.data, 0, dataLength);
      this.writeAclNumber(out, cursor.aclSerial);
      out.raw(cursor.stat, 0, STAT_PERSISTED_BYTES);
      nodeCount++;
    }
    if (cursor.cleared) throw new SnapshotAbandoned('the tree was replaced while a snapshot was being written');
    return nodeCount;
  }

  private writeAclNumber(out: SummedOutput, serial: number): void {
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

  /** Between two records: the value is published only after a whole one. */
  private readLastZxid(incarnation: number): [number, number] {
    const { reader, backOff } = this.options;
    for (;;) {
      const sequence = reader.begin();
      const zxidHi = reader.zxidHi();
      const zxidLo = reader.zxidLo();
      const isSame = reader.incarnation() === incarnation;
      if (sequence >= 0 && reader.valid(sequence)) {
        if (isSame) return [zxidHi, zxidLo];
        throw new SnapshotAbandoned('the tree was replaced while a snapshot was being written');
      }
      backOff();
    }
  }

  private discard(file: StoredFile, isOpen: boolean, temporary: string): void {
    // The first error is the one to report; a disk that refuses this as well leaves a name that every start removes.
    try {
      if (isOpen) file.close();
      this.options.fileStore.unlink(temporary);
    } catch {
      return;
    }
  }

  private newCursor(): SnapshotCursor {
    return new SnapshotCursor(this.options.reader, this.options.backOff);
  }

  private growAclList(needed: number): void {
    const bigger = new Uint8Array(Math.max(needed, this.aclList.length * 2));
    bigger.set(this.aclList.subarray(0, this.aclListBytes));
    this.aclList = bigger;
  }
}

/**
 * Buffers, counts and sums what goes to the file. Each full buffer is synced at once: left to the end, one fsync of
 * 200 MB kept the log's fdatasync waiting for up to 115 ms (and 12.8 ms in the slowest thousandth); synced by the
 * megabyte, 50 ms and 4.7 ms (ext4 on a virtual disk, two runs each; alone: 10 and 3.8 ms).
 */
class SummedOutput {
  private readonly file: StoredFile;
  private readonly buffer: Uint8Array;
  private written = 0; // bytes in the file
  private filled = 0;
  private summedTo = 0; // Invariant: summedTo <= filled
  private sum = 1;

  constructor(file: StoredFile, capacity: number) {
    this.file = file;
    this.buffer = new Uint8Array(capacity);
  }

  get byteCount(): number {
    return this.written + this.filled;
  }

  int(value: number): void {
    this.claim(4);
    writeInt32(this.buffer, this.filled, value);
    this.filled += 4;
  }

  long(hi: number, lo: number): void {
    this.claim(8);
    writeInt32(this.buffer, this.filled, hi);
    writeInt32(this.buffer, this.filled + 4, lo);
    this.filled += 8;
  }

  raw(bytes: Uint8Array, offset: number, length: number): void {
    let done = 0;
    while (done < length) {
      if (this.filled === this.buffer.length) this.flush();
      const count = Math.min(length - done, this.buffer.length - this.filled);
      copyBytes(bytes, offset + done, this.buffer, this.filled, count);
      this.filled += count;
      done += count;
    }
  }

  slash(): void {
    this.claim(SLASH_STRING_BYTES);
    writeSlashString(this.buffer, this.filled);
    this.filled += SLASH_STRING_BYTES;
  }

  /** The checksum of everything before it, then "/". Both count for the next seal. */
  seal(): void {
    this.long(0, this.sumToHere());
    this.slash();
  }

  flush(): void {
    this.sumToHere();
    this.file.write(this.buffer, 0, this.filled, this.written);
    this.file.syncData();
    this.written += this.filled;
    this.filled = 0;
    this.summedTo = 0;
  }

  private claim(byteCount: number): void {
    if (this.filled + byteCount > this.buffer.length) this.flush();
  }

  private sumToHere(): number {
    this.sum = adler32(this.buffer, this.summedTo, this.filled - this.summedTo, this.sum);
    this.summedTo = this.filled;
    return this.sum;
  }
}
