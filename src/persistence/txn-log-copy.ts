// Writes a log file from records that another one held: what tools make of a damaged or too long log. Owned by one tool on
// a thread that may block. The file is new (O_EXCL), unpadded, and durable when finish() returns; it is never appended to by
// a server, so nothing depends on padding. Its name must not look like a log's beside real ones: a start would read it.

import { writeInt32 } from '../base/bytes.js';
import { FILE_HEADER_BYTES } from '../protocol/stored-records.js';
import { type FileStore, parentOf, type StoredFile } from './file-store.js';
import { encodeTxnLogHeader, RECORD_END_BYTE, RECORD_EXTRA_BYTES, RECORD_PREFIX_BYTES } from './txn-log-format.js';

const GATHERED_BYTES = 1 << 20;

export class TxnLogCopy {
  readonly path: string;
  private readonly fileStore: FileStore;
  private readonly file: StoredFile;
  private gathered = new Uint8Array(GATHERED_BYTES);
  private used = 0;
  private position = 0;

  /** Throws EEXIST when the name is taken. */
  constructor(fileStore: FileStore, path: string, version: number, dbidHi: number, dbidLo: number) {
    this.path = path;
    this.fileStore = fileStore;
    this.file = fileStore.createNew(path);
    const header = encodeTxnLogHeader();
    writeInt32(header, 4, version);
    writeInt32(header, 8, dbidHi);
    writeInt32(header, 12, dbidLo);
    this.gathered.set(header);
    this.used = FILE_HEADER_BYTES;
  }

  /** The checksum is written as it is given: who keeps a wrong one on purpose may. */
  append(checksumHi: number, checksumLo: number, bytes: Uint8Array, entryOffset: number, entryLength: number): void {
    const at = this.room(entryLength + RECORD_EXTRA_BYTES);
    const { gathered } = this;
    writeInt32(gathered, at, checksumHi);
    writeInt32(gathered, at + 4, checksumLo);
    writeInt32(gathered, at + 8, entryLength);
    gathered.set(bytes.subarray(entryOffset, entryOffset + entryLength), at + RECORD_PREFIX_BYTES);
    gathered[at + RECORD_PREFIX_BYTES + entryLength] = RECORD_END_BYTE;
  }

  finish(): void {
    this.flush();
    this.file.sync();
    this.file.close();
    this.fileStore.syncDirectory(parentOf(this.path));
  }

  /** What was written so far, on the disk: for who stops in the middle and wants to look at it. */
  keepPart(): void {
    this.flush();
    this.file.close();
  }

  discard(): void {
    this.file.close();
    this.fileStore.unlink(this.path);
  }

  private room(count: number): number {
    if (this.used + count > this.gathered.length) {
      this.flush();
      if (count > this.gathered.length) this.gathered = new Uint8Array(count);
    }
    const at = this.used;
    this.used += count;
    return at;
  }

  private flush(): void {
    if (this.used === 0) return;
    this.file.write(this.gathered, 0, this.used, this.position);
    this.position += this.used;
    this.used = 0;
  }
}
