// zkTxnLogToolkit's dump: every transaction of a log as a line, those with a wrong checksum twice. Streams: memory is one
// window of the file.
// It changes nothing, and goes on behind a wrong checksum, as Apache's does; --verify is what judges.

import type { FileStore } from '../../persistence/file-store.js';
import type { TxnLogWalk } from '../../persistence/txn-log-walk.js';
import { JavaDates } from '../../server/java-date.js';
import { ToolFailure, type ToolIo } from '../offline/tool-io.js';
import { headerLine, openLog } from './log-file.js';
import { txnLine } from './txn-text.js';

const EXIT_UNEXPECTED_ERROR = 1;

export function dump(fileStore: FileStore, file: string, io: ToolIo): number {
  const walk = openLog(fileStore, file);
  try {
    io.out(headerLine(walk));
    const dates = new JavaDates();
    let count = 0;
    while (walk.next()) {
      const line = currentLine(walk, dates);
      io.out(walk.isChecksumRight ? line : `CRC ERROR - ${line}${line}`);
      checkEndByte(walk);
      count++;
    }
    io.out(`EOF reached after ${count} txns.\n`);
    return 0;
  } finally {
    walk.close();
  }
}

/** The line of the walk's current record. */
export function currentLine(walk: TxnLogWalk, dates: JavaDates): string {
  try {
    return txnLine(walk.bytes, walk.entryOffset, walk.entryLength, dates);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ToolFailure(
      `The transaction at offset ${walk.recordOffset} of ${walk.path} cannot be decoded: ${reason}`,
      EXIT_UNEXPECTED_ERROR,
      { cause: error },
    );
  }
}

export function checkEndByte(walk: TxnLogWalk): void {
  if (walk.endByte === 'right') return;
  const detail = walk.endByte === 'cut' ? ' The file ends before its end byte.' : '';
  throw new ToolFailure(`Last transaction was partial.${detail}`, EXIT_UNEXPECTED_ERROR);
}
