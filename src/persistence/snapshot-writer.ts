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
import { type SnapshotCompression, suffixOf } from './snapshot-compression.js';
import {
  type CollectSessions,
  SnapshotAbandoned,
  SnapshotContentEncoder,
  type SnapshotOutput,
} from './snapshot-content-encoder.js';
import { type PackedOutput, packedOutput, SnapshotFileOutput } from './snapshot-file-output.js';
import { DIGEST_VERSION, encodeSnapshotHeader, SLASH_STRING_BYTES, writeSlashString } from './snapshot-format.js';
import type { SnapshotGate } from './snapshot-gate.js';

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
  /** Whether the tail, if there is one, ends with the last zxid. Yes unless given. */
  readonly writesLastZxid?: boolean;
  /** How much may be written yet without taking what the log needs; no limit unless given. */
  readonly roomBytes?: () => number;
  /** May be shut while the database is another's; always open unless given. */
  readonly gate?: SnapshotGate;
  /** Behind the temporary's name, for a writer that may work beside another one; nothing unless given. */
  readonly temporarySuffix?: string;
  /** None unless given. */
  readonly compression?: SnapshotCompression;
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

const REPLACED = 'the tree was replaced while a snapshot was being written';
const SHUT =
  'what the tree holds is not what the log leads to: it is being replaced by the leader, or of an observer without a log';

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
      const code = errorCodeOf(error);
      if (error instanceof FatalStorageError || code === '') throw error;
      const message = error instanceof Error ? error.message : String(error);
      const reason = message.startsWith(code) ? message : `${code}: ${message}`;
      throw new SnapshotWriteError(`cannot write a snapshot to ${this.options.directory}: ${reason}`, { cause: error });
    }
  }

  private writeUnguarded(): WrittenSnapshot | null {
    const { fileStore, directory, reader, gate, compression = 'none', roomBytes = unlimited } = this.options;
    const incarnation = reader.incarnation();
    // In this order: where it is shut only now, the tree is cleared later than its incarnation was read.
    if (gate?.isShut) throw new SnapshotAbandoned(SHUT);
    const content = new SnapshotContentEncoder(reader, this.options.backOff, this.options.collectSessions);
    const { zxidHi, zxidLo } = content;
    if (this.good !== null && this.good.zxidHi === zxidHi && this.good.zxidLo === zxidLo) return null;
    while (content.surveyNext());
    const name = snapshotName(zxidHi, zxidLo) + suffixOf(compression);
    const temporary = joinPath(directory, TEMPORARY_PREFIX + name + (this.options.temporarySuffix ?? ''));
    if (fileStore.exists(temporary)) fileStore.unlink(temporary);
    const file = fileStore.createNew(temporary);
    let isOpen = true;
    let path = temporary;
    try {
      const fileOutput = new SnapshotFileOutput(file, roomBytes);
      const out = new SummedOutput(packedOutput(fileOutput, compression), BUFFER_BYTES);
      const header = encodeSnapshotHeader();
      out.raw(header, 0, header.length);
      while (content.encodeNext(out));
      const [lastZxidHi, lastZxidLo] = this.writeTail(out, incarnation);
      isOpen = false;
      file.close();
      // Before the name is visible the log must reach everything that may be in the file, or a start could find a
      // tree that holds the effects of lost transactions.
      this.options.waitUntilDurable(lastZxidHi, lastZxidLo);
      const publish = (): void => fileStore.rename(temporary, joinPath(directory, name));
      if (gate === undefined) publish();
      else if (!gate.pass(publish)) throw new SnapshotAbandoned(SHUT);
      path = joinPath(directory, name); // not durable yet: nobody may count on it
      // Whoever replaces the tree first clears it and then looks which snapshots there are: it has seen this one, or is seen here.
      if (reader.incarnation() !== incarnation) throw new SnapshotAbandoned(REPLACED);
      fileStore.syncDirectory(directory);
      this.good = { zxidHi, zxidLo };
      const { nodeCount } = content;
      return { name, zxidHi, zxidLo, lastZxidHi, lastZxidLo, fileBytes: fileOutput.byteCount, nodeCount };
    } catch (error) {
      this.discard(file, isOpen, path);
      throw error;
    }
  }

  private writeTail(out: SummedOutput, incarnation: number): [number, number] {
    const { treeDigest, writesLastZxid = true } = this.options;
    out.seal();
    const digest = treeDigest === null ? null : treeDigest();
    const lastZxid = this.readLastZxid(incarnation);
    if (digest !== null) {
      out.long(digest.zxidHi, digest.zxidLo);
      out.int(DIGEST_VERSION);
      out.long(digest.digestHi, digest.digestLo);
      out.seal();
    }
    if (digest !== null && writesLastZxid) {
      out.long(lastZxid[0], lastZxid[1]);
      out.seal();
    }
    out.end();
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
        throw new SnapshotAbandoned(REPLACED);
      }
      backOff();
    }
  }

  /** The first error is the one to report; a disk that refuses this as well leaves a name that every start removes. */
  private discard(file: StoredFile, isOpen: boolean, path: string): void {
    if (isOpen) attempt(() => file.close());
    attempt(() => this.options.fileStore.unlink(path));
  }
}

function unlimited(): number {
  return Number.POSITIVE_INFINITY;
}

function attempt(step: () => void): void {
  try {
    step();
  } catch (error) {
    if (errorCodeOf(error) === '') throw error;
  }
}

/** Buffers and sums what goes to the file, in front of any compression. */
class SummedOutput implements SnapshotOutput {
  private readonly out: PackedOutput;
  private readonly buffer: Uint8Array;
  private filled = 0;
  private summedTo = 0; // Invariant: summedTo <= filled
  private sum = 1;

  constructor(out: PackedOutput, capacity: number) {
    this.out = out;
    this.buffer = new Uint8Array(capacity);
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

  end(): void {
    this.flush();
    this.out.end();
  }

  private flush(): void {
    this.sumToHere();
    this.out.write(this.buffer, 0, this.filled);
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
