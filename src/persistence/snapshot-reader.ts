// Reads one snapshot file from front to back and proves it: every seal, every length, every parent. Lives on the thread
// that recovers (or a tool's); memory is one window, for .gz files the whole uncompressed content. What it hands on
// before it has returned is not proven yet: when it throws BrokenSnapshot, whoever received the nodes and sessions must
// throw all of them away. It knows nothing of which file should be read, nor of the log.

import { gunzipSync, constants as zlib } from 'node:zlib';
import { readInt32 } from '../base/bytes.js';
import { FILE_HEADER_BYTES, SNAPSHOT_MAGIC } from '../protocol/stored-records.js';
import { type FileStore, joinPath, type StoredFile } from './file-store.js';
import { type ByteSource, fileSource, memorySource, ReadWindow } from './read-window.js';
import { SnapshotContentDecoder, SnapshotContentError, type SnapshotSink } from './snapshot-content-decoder.js';
import { compressionOf } from './snapshot-files.js';
import {
  DIGEST_SECTION_BYTES,
  DIGEST_VERSION,
  isSlashString,
  LAST_ZXID_SECTION_BYTES,
  SEAL_BYTES,
  TAIL_LAST_ZXID_BYTES,
  TAIL_NONE_BYTES,
} from './snapshot-format.js';

const WINDOW_BYTES = 1 << 20;

/** The file is not a whole snapshot; the next older one may be. */
export class BrokenSnapshot extends Error {
  override readonly name = 'BrokenSnapshot';
}

/** The file may be whole, but this program cannot read it: no older one may silently take its place. */
export class UnreadableSnapshot extends Error {
  override readonly name = 'UnreadableSnapshot';
}

/** What stands behind the nodes; zxid 0 with a version of 0 means that the section is absent. */
export interface SnapshotTail {
  readonly tailBytes: number;
  readonly digestZxidHi: number;
  readonly digestZxidLo: number;
  readonly digestVersion: number;
  readonly digestHi: number;
  readonly digestLo: number;
  readonly hasLastZxid: boolean;
  readonly lastZxidHi: number;
  readonly lastZxidLo: number;
}

export class SnapshotReader {
  private readonly fileStore: FileStore;
  private readonly path: string;
  private readonly content: SnapshotContentDecoder;
  private window = new ReadWindow(memorySource(new Uint8Array(0)), 0);

  constructor(fileStore: FileStore, directory: string, name: string, sink: SnapshotSink) {
    this.fileStore = fileStore;
    this.path = joinPath(directory, name);
    this.content = new SnapshotContentDecoder(sink);
  }

  get nodeCount(): number {
    return this.content.nodeCount;
  }

  get sessionCount(): number {
    return this.content.sessionCount;
  }

  /** Throws BrokenSnapshot, UnreadableSnapshot, or what the file store throws. */
  read(): SnapshotTail {
    const file = this.fileStore.openForRead(this.path);
    try {
      this.window = new ReadWindow(this.openSource(file), WINDOW_BYTES, true);
      this.readHeader();
      while (!this.content.isDone) this.readContent();
      this.checkSeal();
      return this.readTail();
    } finally {
      file.close();
    }
  }

  private openSource(file: StoredFile): ByteSource {
    const compression = compressionOf(this.path);
    if (compression === 'none') return fileSource(file);
    if (compression === 'snappy') {
      throw new UnreadableSnapshot(
        `${this.path} is compressed with snappy, which this version cannot read; let the server that wrote it start ` +
          'once with snapshot.compression.method=gz or without compression, so that it writes one that can be read',
      );
    }
    const packed = new Uint8Array(file.size());
    file.read(packed, 0, packed.length, 0);
    try {
      // SYNC_FLUSH: a cut or missing trailer is not an error here; the seals tell whether the content is whole.
      return memorySource(gunzipSync(packed, { finishFlush: zlib.Z_SYNC_FLUSH }));
    } catch (error) {
      throw new BrokenSnapshot(`${this.path}: ${error instanceof Error ? error.message : error}`);
    }
  }

  private readHeader(): void {
    const at = this.take(FILE_HEADER_BYTES);
    if (readInt32(this.window.bytes, at) !== SNAPSHOT_MAGIC) throw this.broken('it has no magic number of a snapshot');
  }

  /** As much as is in the window, after filling it. */
  private readContent(): void {
    const { window, content } = this;
    this.need(content.wanted);
    try {
      window.start = content.decode(window.bytes, window.start, window.end);
    } catch (error) {
      if (!(error instanceof SnapshotContentError)) throw error;
      window.start = error.at;
      throw this.broken(error.message);
    }
  }

  /** The checksum must be taken before the seal is read: it covers what stands in front of it. */
  private checkSeal(): void {
    const checksum = this.window.checksum();
    const at = this.take(SEAL_BYTES);
    const { bytes } = this.window;
    const isRight = readInt32(bytes, at) === 0 && readInt32(bytes, at + 4) === (checksum | 0);
    if (!isRight || !isSlashString(bytes, at + 8)) throw this.broken('its checksum is wrong');
  }

  /** Lengths that nobody writes are decoded as the reference does by default; what is left then is ignored. */
  private readTail(): SnapshotTail {
    const tailBytes = this.window.remaining;
    let digest = [0, 0, 0, 0, 0];
    if (tailBytes !== TAIL_NONE_BYTES && tailBytes !== TAIL_LAST_ZXID_BYTES) digest = this.readDigest();
    const hasLastZxid = this.window.remaining > 0;
    let lastZxidHi = 0;
    let lastZxidLo = 0;
    if (hasLastZxid) {
      const at = this.take(LAST_ZXID_SECTION_BYTES);
      lastZxidHi = readInt32(this.window.bytes, at);
      lastZxidLo = readInt32(this.window.bytes, at + 4);
      this.checkSeal();
    }
    const [digestZxidHi, digestZxidLo, digestVersion, digestHi, digestLo] = digest;
    return {
      tailBytes,
      digestZxidHi,
      digestZxidLo,
      digestVersion,
      digestHi,
      digestLo,
      hasLastZxid,
      lastZxidHi,
      lastZxidLo,
    };
  }

  /** zxidHi, zxidLo, version, digestHi, digestLo. Before version 2 the digest was hex text, which nothing compares. */
  private readDigest(): number[] {
    const { window } = this;
    this.need(DIGEST_SECTION_BYTES);
    const at = window.start;
    const zxidHi = readInt32(window.bytes, at);
    const zxidLo = readInt32(window.bytes, at + 4);
    const version = readInt32(window.bytes, at + 8);
    if (version >= DIGEST_VERSION) {
      const section = [zxidHi, zxidLo, version, readInt32(window.bytes, at + 12), readInt32(window.bytes, at + 16)];
      window.start += DIGEST_SECTION_BYTES;
      this.checkSeal();
      return section;
    }
    window.start += 12;
    this.take(Math.max(this.takeInt(), 0));
    this.checkSeal();
    return [zxidHi, zxidLo, version, 0, 0];
  }

  private takeInt(): number {
    return readInt32(this.window.bytes, this.take(4));
  }

  /** Position of the next `count` bytes in the window's array, which it moves behind. Take the array after the call. */
  private take(count: number): number {
    this.need(count);
    const at = this.window.start;
    this.window.start = at + count;
    return at;
  }

  private need(count: number): void {
    if (!this.window.ensure(count)) throw this.broken(`it ends ${count - this.window.remaining} bytes too early`);
  }

  private broken(reason: string): BrokenSnapshot {
    return new BrokenSnapshot(`${this.path}: ${reason} (at byte ${this.window.position} of its content)`);
  }
}
