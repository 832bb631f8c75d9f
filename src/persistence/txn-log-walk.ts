// Goes through one log file as Apache's toolkits do: record after record by their lengths alone, whatever their checksums
// say, to the first length of zero or the end of the file. For tools that show or repair a file; owned by one of them, on a
// thread that may block; memory is one window. It judges nothing: whether a file may be served is TxnLogReader's business.

import { adler32 } from '../base/adler32.js';
import { readInt32 } from '../base/bytes.js';
import { FILE_HEADER_BYTES } from '../protocol/stored-records.js';
import type { FileStore, StoredFile } from './file-store.js';
import { fileSource, ReadWindow } from './read-window.js';
import { hasTxnLogMagic, RECORD_END_BYTE, RECORD_EXTRA_BYTES, RECORD_PREFIX_BYTES } from './txn-log-format.js';

const WINDOW_BYTES = 1 << 20;
/** Apache's guard by default: a longer entry that runs past the end of the file as well is no entry. */
const ENTRY_BYTES_MAX = 0xfffff * 2;
const DBID_OFFSET = 8;

/** The file cannot be walked any further. */
export class TxnLogWalkError extends Error {
  override readonly name = 'TxnLogWalkError';
}

export class TxnLogWalk {
  readonly path: string;
  /** Of the file's header. */
  readonly isLog: boolean;
  readonly version: number;
  readonly dbidHi: number;
  readonly dbidLo: number;

  // Of the current record; positions in `bytes` are valid until the next call.
  recordOffset = 0; // in the file
  entryOffset = 0; // in `bytes`
  entryLength = 0;
  storedHi = 0; // the checksum in the file
  storedLo = 0;
  checksum = 0; // of the entry, unsigned
  /** 'cut': the file ends just before it. */
  endByte: 'right' | 'wrong' | 'cut' = 'right';

  private readonly file: StoredFile;
  private readonly window: ReadWindow;
  private nextOffset = FILE_HEADER_BYTES;

  /** Throws TxnLogWalkError for a file without a header. */
  constructor(fileStore: FileStore, path: string) {
    this.path = path;
    this.file = fileStore.openForRead(path);
    this.window = new ReadWindow(fileSource(this.file), WINDOW_BYTES);
    const { window } = this;
    if (!window.ensure(FILE_HEADER_BYTES)) {
      this.file.close();
      throw new TxnLogWalkError(`${path} is shorter than the header of a transaction log`);
    }
    this.isLog = hasTxnLogMagic(window.bytes);
    this.version = readInt32(window.bytes, 4);
    this.dbidHi = readInt32(window.bytes, DBID_OFFSET);
    this.dbidLo = readInt32(window.bytes, DBID_OFFSET + 4);
    window.start = FILE_HEADER_BYTES;
  }

  get bytes(): Uint8Array {
    return this.window.bytes;
  }

  get isChecksumRight(): boolean {
    return this.storedHi === 0 && this.storedLo === (this.checksum | 0);
  }

  /** False at the end: padding, or nothing whole any more. Throws TxnLogWalkError for a length that can be none. */
  next(): boolean {
    const { window } = this;
    this.recordOffset = this.nextOffset;
    if (!window.ensure(RECORD_PREFIX_BYTES)) return false;
    const length = readInt32(window.bytes, window.start + 8);
    if (length === 0) return false;
    const isCut = length + RECORD_PREFIX_BYTES > window.remaining;
    if (length < 0 || (isCut && length > ENTRY_BYTES_MAX)) {
      throw new TxnLogWalkError(`Unreasonable length = ${length} at offset ${this.recordOffset} of ${this.path}`);
    }
    if (isCut || !window.ensure(length + RECORD_PREFIX_BYTES)) return false;
    const hasEnd = window.ensure(length + RECORD_EXTRA_BYTES);
    this.take(length, hasEnd);
    return true;
  }

  close(): void {
    this.file.close();
  }

  private take(length: number, hasEnd: boolean): void {
    const { window } = this;
    const { bytes, start } = window;
    this.storedHi = readInt32(bytes, start);
    this.storedLo = readInt32(bytes, start + 4);
    this.entryOffset = start + RECORD_PREFIX_BYTES;
    this.entryLength = length;
    this.checksum = adler32(bytes, this.entryOffset, length);
    const end = this.entryOffset + length;
    if (!hasEnd) this.endByte = 'cut';
    else this.endByte = bytes[end] === RECORD_END_BYTE ? 'right' : 'wrong';
    window.start = hasEnd ? end + 1 : end;
    this.nextOffset += length + (hasEnd ? RECORD_EXTRA_BYTES : RECORD_PREFIX_BYTES);
  }
}
