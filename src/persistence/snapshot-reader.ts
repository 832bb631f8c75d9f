// Reads one snapshot file from front to back and proves it: every seal, every length, every parent. Lives on the thread
// that recovers (or a tool's); memory is one window, whatever the file is compressed with. What it hands on before it has
// returned is not proven yet: when it throws BrokenSnapshot, whoever received the nodes and sessions must
// throw all of them away. It knows nothing of which file should be read, nor of the log.

import { readInt32 } from '../base/bytes.js';
import { FILE_HEADER_BYTES, SNAPSHOT_MAGIC } from '../protocol/stored-records.js';
import { CompressedDataError } from './compressed-data-error.js';
import { type FileStore, joinPath } from './file-store.js';
import { memorySource, ReadWindow } from './read-window.js';
import { reportedFile } from './reported-file.js';
import { SnapshotContentDecoder, SnapshotContentError, type SnapshotSink } from './snapshot-content-decoder.js';
import {
  DIGEST_SECTION_BYTES,
  DIGEST_VERSION,
  isSlashString,
  LAST_ZXID_SECTION_BYTES,
  SEAL_BYTES,
  TAIL_BYTES_MAX,
  TAIL_LAST_ZXID_BYTES,
  TAIL_NONE_BYTES,
} from './snapshot-format.js';
import { snapshotSource } from './snapshot-source.js';

const WINDOW_BYTES = 1 << 20;

/** The file is not a whole snapshot; the next older one may be. */
export class BrokenSnapshot extends Error {
  override readonly name = 'BrokenSnapshot';
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
  private readonly isStrict: boolean;
  private window = new ReadWindow(memorySource(new Uint8Array(0)), 0);

  /** `isStrict`: what stands behind the last seal must be right too, see snapshot-source.ts. */
  constructor(fileStore: FileStore, directory: string, name: string, sink: SnapshotSink, isStrict = false) {
    this.isStrict = isStrict;
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

  /** All sessions and nodes have been handed on, whatever the seals behind them say. */
  get isContentRead(): boolean {
    return this.content.isDone;
  }

  /** Throws BrokenSnapshot, or what the file store throws. `onRead`: told how far into the file it is, some 1 MB at a time. */
  read(onRead?: (position: number) => void): SnapshotTail {
    const file = this.fileStore.openForRead(this.path);
    try {
      const source = onRead === undefined ? file : reportedFile(file, onRead);
      this.window = new ReadWindow(snapshotSource(source, this.isStrict), WINDOW_BYTES, true);
      this.readHeader();
      while (!this.content.isDone) this.readContent();
      this.checkSeal();
      const tail = this.readTail();
      if (this.isStrict) this.readRest();
      return tail;
    } catch (error) {
      if (!(error instanceof CompressedDataError)) throw error;
      throw this.broken(error.message);
    } finally {
      file.close();
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
    const tailBytes = this.window.remainingUpTo(TAIL_BYTES_MAX + 1);
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

  /** Nobody looks at it, but compressed data goes on to its end. */
  private readRest(): void {
    const { window } = this;
    while (window.ensure(1)) window.start = window.end;
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
