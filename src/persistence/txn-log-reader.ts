// Reads one log file from its first record to its end: finds each record, proves it by end byte, checksum and body, and
// decides what the place means where reading stops: the clean end, the torn tail of a crash, or damage. Owned by one
// reader (recovery, tools) on one thread that may block; memory is one window, bounded by the longest record. It never
// changes a file and never takes damage for an end: where the reference goes on silently, this throws TxnLogDamage.

import { adler32 } from '../base/adler32.js';
import { readInt32 } from '../base/bytes.js';
import { FILE_HEADER_BYTES } from '../protocol/stored-records.js';
import type { FileStore, StoredFile } from './file-store.js';
import { fileSource, ReadWindow } from './read-window.js';
import { ENTRY_CUT, ENTRY_UNKNOWN_TYPE, txnBodyEnd } from './txn-entry.js';
import { TxnLogDamage } from './txn-log-damage.js';
import {
  ENTRY_TYPE_OFFSET,
  ENTRY_ZXID_OFFSET,
  hasTxnLogMagic,
  RECORD_END_BYTE,
  RECORD_EXTRA_BYTES,
  RECORD_PREFIX_BYTES,
} from './txn-log-format.js';
import { findLaterRecord, lastNonZeroOffset } from './txn-log-scan.js';

const WINDOW_BYTES = 1 << 20;

/** How a file's records end. `noHeader`: shorter than the file header, which is on disk before any record is. */
export type TxnLogEnd = 'clean' | 'torn' | 'noHeader';

export class TxnLogReader {
  readonly path: string;
  /** Of the current record; valid until the next call. */
  entryOffset = 0; // in `bytes`
  entryLength = 0;
  recordOffset = 0; // in the file
  zxidHi = -1; // the last good record's, -1 before the first
  zxidLo = -1;
  type = 0;
  /** Null until next() has returned false. */
  end: TxnLogEnd | null = null;
  /** Where the next record would start. */
  endOffset = FILE_HEADER_BYTES;

  private readonly file: StoredFile;
  readonly fileSize: number; // padding included
  private readonly window: ReadWindow;

  /** Throws TxnLogDamage when the file does not begin as a log does. */
  constructor(fileStore: FileStore, path: string) {
    this.path = path;
    const file = fileStore.openForRead(path);
    this.file = file;
    this.window = new ReadWindow(fileSource(file), WINDOW_BYTES);
    this.fileSize = file.size();
    try {
      this.readHeader();
    } catch (error) {
      file.close();
      throw error;
    }
  }

  get bytes(): Uint8Array {
    return this.window.bytes;
  }

  /** Moves to the next record; false at the end, which `end` then describes. Throws TxnLogDamage. */
  next(): boolean {
    if (this.end !== null) return false;
    const { window } = this;
    this.recordOffset = this.endOffset;
    if (!window.ensure(RECORD_PREFIX_BYTES)) return this.stop(this.fileSize, 'a record begins but the file ends');
    const length = readInt32(window.bytes, window.start + 8);
    if (length === 0) return this.stop(this.recordOffset + 8, 'a record of length 0 is followed by other bytes');
    if (length < 0) throw this.damage(`a record has the length ${length}`);
    const recordEnd = this.recordOffset + length + RECORD_EXTRA_BYTES;
    if (recordEnd > this.fileSize) {
      return this.stop(recordEnd, `a record of length ${length} runs past the end of the file`);
    }
    // The end byte first, straight from the file: a damaged length must not make the window grow to what it says.
    if (!this.hasEndByte(recordEnd - 1)) return this.stop(recordEnd, 'the end byte of a record is wrong');
    if (!window.ensure(length + RECORD_EXTRA_BYTES)) return this.stop(recordEnd, 'the file became shorter');
    this.checkEntry(window.start, length);
    window.start += length + RECORD_EXTRA_BYTES;
    this.endOffset = recordEnd;
    return true;
  }

  close(): void {
    this.file.close();
  }

  private readHeader(): void {
    const { window } = this;
    if (!window.ensure(FILE_HEADER_BYTES)) {
      this.end = 'noHeader';
      this.endOffset = 0;
    } else if (!hasTxnLogMagic(window.bytes)) {
      throw new TxnLogDamage(
        this.path,
        0,
        'it does not begin with the magic number of a transaction log',
        -1,
        -1,
        null,
      );
    } else {
      window.start = FILE_HEADER_BYTES;
    }
  }

  private checkEntry(record: number, length: number): void {
    const { bytes } = this.window;
    const entry = record + RECORD_PREFIX_BYTES;
    const checksum = adler32(bytes, entry, length);
    if (readInt32(bytes, record) !== 0 || readInt32(bytes, record + 4) !== (checksum | 0)) {
      throw this.damage('the checksum of a record is wrong');
    }
    const bodyEnd = txnBodyEnd(bytes, entry, length);
    if (bodyEnd === ENTRY_CUT) throw this.damage('the checksum of a record is right but its body is cut short');
    if (bodyEnd === ENTRY_UNKNOWN_TYPE) {
      throw this.damage(`a record has the unknown type ${readInt32(bytes, entry + ENTRY_TYPE_OFFSET)}`);
    }
    this.entryOffset = entry;
    this.entryLength = length;
    this.zxidHi = readInt32(bytes, entry + ENTRY_ZXID_OFFSET);
    this.zxidLo = readInt32(bytes, entry + ENTRY_ZXID_OFFSET + 4);
    this.type = readInt32(bytes, entry + ENTRY_TYPE_OFFSET);
  }

  private hasEndByte(offset: number): boolean {
    const { window } = this;
    const at = window.start + (offset - this.recordOffset);
    if (at < window.end) return window.bytes[at] === RECORD_END_BYTE;
    const $byte = new Uint8Array(1);
    return this.file.read($byte, 0, 1, offset) === 1 && $byte[0] === RECORD_END_BYTE;
  }

  /**
   * Reading cannot go on at recordOffset. `extentEnd`: where the record that begins there would end by its own word.
   * Only zeros from here on: the clean end. All else inside the extent and no record behind: a write that a crash cut
   * short, so it was never acknowledged. Anything more was written after this place once was whole.
   */
  private stop(extentEnd: number, reason: string): false {
    const start = this.recordOffset;
    const lastNonZero = lastNonZeroOffset(this.file, start, this.fileSize);
    if (lastNonZero < 0) {
      this.end = 'clean';
      return false;
    }
    const later = findLaterRecord(this.file, start + 1, lastNonZero + 1, this.zxidHi, this.zxidLo);
    if (later !== null || lastNonZero >= extentEnd) {
      throw new TxnLogDamage(this.path, start, reason, this.zxidHi, this.zxidLo, later);
    }
    this.end = 'torn';
    return false;
  }

  private damage(reason: string): TxnLogDamage {
    const lastNonZero = lastNonZeroOffset(this.file, this.recordOffset, this.fileSize);
    const later = findLaterRecord(this.file, this.recordOffset + 1, lastNonZero + 1, this.zxidHi, this.zxidLo);
    return new TxnLogDamage(this.path, this.recordOffset, reason, this.zxidHi, this.zxidLo, later);
  }
}
