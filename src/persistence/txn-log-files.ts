// Which log files a directory holds, and which of them must be read to replay behind a given zxid.
// Any thread that may block.
// It reads names only: what is inside is TxnLogReader's business.

import { compareSigned } from '../base/int64.js';
import { type DataFileName, LOG_PREFIX, parseDataFileName } from './file-names.js';
import type { FileStore } from './file-store.js';

/** All logs by ascending zxid; files of one zxid (`log.6`, `log.6.bak`) in the order of their names. */
export function listTxnLogs(fileStore: FileStore, directory: string): DataFileName[] {
  const files: DataFileName[] = [];
  for (const name of fileStore.list(directory)) {
    const file = parseDataFileName(name, LOG_PREFIX, []);
    if (file !== null) files.push(file);
  }
  return files.sort(compareFiles);
}

/** Those that can hold records above the zxid: all named above it, and the last one that is not. */
export function chooseTxnLogs(sorted: readonly DataFileName[], afterHi: number, afterLo: number): DataFileName[] {
  let first = 0;
  for (let i = 0; i < sorted.length; i++) {
    const isAbove = compareSigned(sorted[i].zxidHi, sorted[i].zxidLo, afterHi, afterLo) > 0;
    // Of several files with one and the same zxid all are kept: none of them is known to be the whole one.
    if (!isAbove && (i === 0 || compareFiles(sorted[i], sorted[i - 1]) !== 0)) first = i;
  }
  return sorted.slice(first);
}

function compareFiles(a: DataFileName, b: DataFileName): number {
  return compareSigned(a.zxidHi, a.zxidLo, b.zxidHi, b.zxidLo);
}
