// Writes one snapshot of the live tree to a file, while the tree goes on changing. Lives on a thread of its own (the
// snapshotter's) and holds nothing still (SnapshotContentEncoder). The file is fuzzy, as ZooKeeper's are: it holds
// everything up to the zxid in its name and perhaps later changes, which replaying the log makes whole.
// It must never touch the log, nor make a snapshot visible that the log could not repair.

import { adler32 } from '../base/adler32.js';
import { copyBytes, writeInt32 } from '../base/bytes.js';
import type { TreeReader } from '../store/tree-reader.js';
import { FatalStorageError } from './fatal-storage-error.js';
import { snapshotName, TEMPORARY_PREFIX } from './file-names.js';
import { errorCodeOf, type FileStore, joinPath, type StoredFile } from './file-store.js';
import {
  type CollectSessions,
  SnapshotAbandoned,
  SnapshotContentEncoder,
  type SnapshotOutput,
} from './snapshot-content-encoder.js';
import { DIGEST_VERSION, encodeSnapshotHeader, SLASH_STRING_BYTES, writeSlashString } from './snapshot-format.js';

const BUFFER_BYTES = 1 << 20;
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
  readonly collectSessions: CollectSessions;
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

export class SnapshotWriter {
  private readonly options: SnapshotWriterOptions;
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
    const content = new SnapshotContentEncoder(reader, this.options.backOff, this.options.collectSessions);
    const { zxidHi, zxidLo } = content;
    if (this.good !== null && this.good.zxidHi === zxidHi && this.good.zxidLo === zxidLo) return null;
    while (content.surveyNext());
    const name = snapshotName(zxidHi, zxidLo);
    const temporary = joinPath(directory, TEMPORARY_PREFIX + name);
    if (fileStore.exists(temporary)) fileStore.unlink(temporary);
    const file = fileStore.createNew(temporary);
    let isOpen = true;
    let path = temporary;
    try {
      const out = new SummedOutput(file, BUFFER_BYTES);
      const header = encodeSnapshotHeader();
      out.raw(header, 0, header.length);
      while (content.encodeNext(out));
      const [lastZxidHi, lastZxidLo] = this.writeTail(out, incarnation);
      file.sync();
      isOpen = false;
      file.close();
      // Before the name is visible the log must reach everything that may be in the file, or a start could find a
      // tree that holds the effects of lost transactions.
      this.options.waitUntilDurable(lastZxidHi, lastZxidLo);
      fileStore.rename(temporary, joinPath(directory, name));
      path = joinPath(directory, name); // not durable yet: nobody may count on it
      fileStore.syncDirectory(directory);
      this.good = { zxidHi, zxidLo };
      return { name, zxidHi, zxidLo, lastZxidHi, lastZxidLo, fileBytes: out.byteCount, nodeCount: content.nodeCount };
    } catch (error) {
      this.discard(file, isOpen, path);
      throw error;
    }
  }

  private writeTail(out: SummedOutput, incarnation: number): [number, number] {
    const { treeDigest } = this.options;
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

  private discard(file: StoredFile, isOpen: boolean, path: string): void {
    // The first error is the one to report; a disk that refuses this as well leaves a name that every start removes.
    try {
      if (isOpen) file.close();
      this.options.fileStore.unlink(path);
    } catch {
      return;
    }
  }
}

/**
 * Buffers, counts and sums what goes to the file. Each full buffer is synced at once: left to the end, one fsync of
 * 200 MB kept the log's fdatasync waiting for up to 115 ms (and 12.8 ms in the slowest thousandth); synced by the
 * megabyte, 50 ms and 4.7 ms (ext4 on a virtual disk, two runs each; alone: 10 and 3.8 ms).
 */
class SummedOutput implements SnapshotOutput {
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
