// The records of several log files as one sequence, file after file in the order given. Owned by one reader on one thread
// that may block; one file is open at a time. It promises nothing about zxids: whether they follow one another is for the
// caller to check.

import type { DataFileName } from './file-names.js';
import { type FileStore, joinPath } from './file-store.js';
import { TxnLogReader } from './txn-log-reader.js';

export class TxnLogSequence {
  /** Of the current record; in `reader` lies the rest. */
  fileIndex = -1;
  private readonly fileStore: FileStore;
  private readonly directory: string;
  private readonly files: readonly DataFileName[];
  private current: TxnLogReader | null = null;

  constructor(fileStore: FileStore, directory: string, files: readonly DataFileName[]) {
    this.fileStore = fileStore;
    this.directory = directory;
    this.files = files;
  }

  /** Valid after next() has returned true. */
  get reader(): TxnLogReader {
    if (this.current === null) throw new RangeError('there is no current record');
    return this.current;
  }

  /** Throws what TxnLogReader throws; files without a header count as empty. */
  next(): boolean {
    for (;;) {
      if (this.current?.next() === true) return true;
      this.close();
      if (this.fileIndex + 1 >= this.files.length) return false;
      this.fileIndex++;
      this.current = new TxnLogReader(this.fileStore, joinPath(this.directory, this.files[this.fileIndex].name));
    }
  }

  close(): void {
    const { current } = this;
    // Let go of it first: a file whose close failed must not be closed again.
    this.current = null;
    current?.close();
  }
}
