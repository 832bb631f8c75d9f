// Reads one snapshot file from front to back and proves it: every seal, every length, every parent. Lives on the thread
// that recovers (or a tool's); memory is one window, for .gz files the whole uncompressed content. What it hands on
// before it has returned is not proven yet: when it throws BrokenSnapshot, whoever received the nodes and sessions must
// throw all of them away. It knows nothing of which file should be read, nor of the log.

import { gunzipSync, constants as zlib } from 'node:zlib';
import { readInt32 } from '../base/bytes.js';
import { hex64 } from '../base/int64.js';
import { FILE_HEADER_BYTES, SNAPSHOT_MAGIC } from '../protocol/stored-records.js';
import { STAT_PERSISTED_BYTES } from '../store/node-layout.js';
import { type FileStore, joinPath, type StoredFile } from './file-store.js';
import { type ByteSource, fileSource, memorySource, ReadWindow } from './read-window.js';
import { compressionOf } from './snapshot-files.js';
import {
  ACL_NUMBER_BYTES,
  DIGEST_SECTION_BYTES,
  DIGEST_VERSION,
  isSlashString,
  LAST_ZXID_SECTION_BYTES,
  SEAL_BYTES,
  SESSION_BYTES,
  SLASH_STRING_BYTES,
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
  nodeCount = 0;
  sessionCount = 0;
  private readonly fileStore: FileStore;
  private readonly path: string;
  private readonly sink: SnapshotSink;
  private window = new ReadWindow(memorySource(NO_ACL), 0);
  private readonly aclLists = new Map<number | string, Uint8Array>();
  private lastAclHi = -1;
  private lastAclLo = -1;
  private lastAcl: Uint8Array = NO_ACL;

  constructor(fileStore: FileStore, directory: string, name: string, sink: SnapshotSink) {
    this.fileStore = fileStore;
    this.path = joinPath(directory, name);
    this.sink = sink;
  }

  /** Throws BrokenSnapshot, UnreadableSnapshot, or what the file store throws. */
  read(): SnapshotTail {
    const file = this.fileStore.openForRead(this.path);
    try {
      this.window = new ReadWindow(this.openSource(file), WINDOW_BYTES, true);
      this.readHeader();
      this.readSessions();
      this.readAclLists();
      while (this.readNode()) this.nodeCount++;
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

  private readSessions(): void {
    const count = this.takeInt();
    for (let i = 0; i < count; i++) {
      const at = this.take(SESSION_BYTES);
      const { bytes } = this.window;
      this.sink.onSession(readInt32(bytes, at), readInt32(bytes, at + 4), readInt32(bytes, at + 8));
      this.sessionCount++;
    }
  }

  private readAclLists(): void {
    const count = this.takeInt();
    for (let i = 0; i < count; i++) {
      const at = this.take(ACL_NUMBER_BYTES);
      const key = aclKey(readInt32(this.window.bytes, at), readInt32(this.window.bytes, at + 4));
      this.aclLists.set(key, this.takeAclList());
    }
  }

  /** A copy of one encoded list; a null list means the same as number -1. */
  private takeAclList(): Uint8Array {
    const { window } = this;
    this.need(4);
    const entryCount = readInt32(window.bytes, window.start);
    if (entryCount < 0) {
      window.start += 4;
      return NO_ACL;
    }
    let length = 4;
    for (let i = 0; i < entryCount; i++) {
      length += 4; // perms
      for (let field = 0; field < 2; field++) {
        this.need(length + 4);
        const fieldLength = readInt32(window.bytes, window.start + length);
        if (fieldLength < -1) throw this.broken(`a string has the length ${fieldLength}`);
        length += 4 + Math.max(fieldLength, 0);
      }
    }
    const at = this.take(length);
    return window.bytes.slice(at, at + length);
  }

  private readNode(): boolean {
    const { window } = this;
    this.need(SLASH_STRING_BYTES);
    if (isSlashString(window.bytes, window.start)) {
      window.start += SLASH_STRING_BYTES;
      return false;
    }
    const pathLength = readInt32(window.bytes, window.start);
    if (pathLength < 0) throw this.broken(`a path has the length ${pathLength}`);
    this.need(4 + pathLength + 4);
    const dataLength = readInt32(window.bytes, window.start + 4 + pathLength);
    if (dataLength < -1) throw this.broken(`data has the length ${dataLength}`);
    const at = this.take(4 + pathLength + 4 + Math.max(dataLength, 0) + ACL_NUMBER_BYTES + STAT_PERSISTED_BYTES);
    const { bytes } = window;
    const path = at + 4;
    const data = path + pathLength + 4;
    const aclNumber = data + Math.max(dataLength, 0);
    const acl = this.aclOf(readInt32(bytes, aclNumber), readInt32(bytes, aclNumber + 4));
    if (!this.sink.onNode(bytes, path, pathLength, data, dataLength, aclNumber + ACL_NUMBER_BYTES, acl)) {
      throw this.broken(`node ${this.nodeCount + 1} has no parent`);
    }
    return true;
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

function aclKey(hi: number, lo: number): number | string {
  return hi === 0 ? lo >>> 0 : hex64(hi, lo);
}
