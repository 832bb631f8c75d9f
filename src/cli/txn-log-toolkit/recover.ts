// zkTxnLogToolkit's recover: a copy of a log in which wrong checksums are made right, each after a question or all with -y.
// The source is only read.
// A right checksum over wrong bytes is still wrong data: the operator is shown what he takes.

import type { FileStore } from '../../persistence/file-store.js';
import type { TxnLogCopy } from '../../persistence/txn-log-copy.js';
import type { TxnLogWalk } from '../../persistence/txn-log-walk.js';
import { JavaDates } from '../../server/java-date.js';
import { ToolFailure, type ToolIo } from '../offline/tool-io.js';
import { checkEndByte, currentLine } from './dump.js';
import { headerLine, openCopy, openLog } from './log-file.js';

export interface RecoverOptions {
  readonly file: string;
  readonly output: string | null;
  readonly verbose: boolean;
  readonly yes: boolean;
}

const EXIT_FINISHED = 0;
const EXIT_UNEXPECTED_ERROR = 1;

class Aborted extends Error {}

export function recoverLog(fileStore: FileStore, options: RecoverOptions, io: ToolIo): number {
  const walk = openLog(fileStore, options.file);
  try {
    const copy = openCopy(fileStore, walk, options.output, 'fixed', 'Recovery');
    try {
      const fixedCount = copyRecords(walk, copy, options, io);
      copy.finish();
      io.out(`Recovery file ${copy.path} has been written with ${fixedCount} fixed CRC error(s)\n`);
      return EXIT_FINISHED;
    } catch (error) {
      if (error instanceof Aborted) {
        copy.keepPart();
        io.err('Recovery aborted.\n');
        return EXIT_FINISHED;
      }
      copy.discard();
      throw error;
    }
  } finally {
    walk.close();
  }
}

function copyRecords(walk: TxnLogWalk, copy: TxnLogCopy, options: RecoverOptions, io: ToolIo): number {
  io.out(headerLine(walk));
  const dates = new JavaDates();
  let count = 0;
  let fixedCount = 0;
  while (walk.next()) {
    let isRight = walk.isChecksumRight;
    if (!isRight) {
      io.out(`CRC ${options.yes ? 'FIXED' : 'ERROR'} - ${currentLine(walk, dates)}`);
      isRight = options.yes || isToBeFixed(io);
      if (isRight) fixedCount++;
    }
    if (options.verbose) io.out(currentLine(walk, dates));
    checkEndByte(walk);
    const hi = isRight ? 0 : walk.storedHi;
    const lo = isRight ? walk.checksum : walk.storedLo;
    copy.append(hi, lo, walk.bytes, walk.entryOffset, walk.entryLength);
    count++;
  }
  io.out(`EOF reached after ${count} txns.\n`);
  return fixedCount;
}

function isToBeFixed(io: ToolIo): boolean {
  for (;;) {
    io.out('Would you like to fix it (Yes/No/Abort) ? ');
    let answer = io.readLine();
    // Only words count, as for the reference: an empty line is no answer, and no reason to ask again.
    while (answer?.trim() === '') answer = io.readLine();
    if (answer === null) throw new ToolFailure('There is no answer on standard input.', EXIT_UNEXPECTED_ERROR);
    const letter = answer.trim()[0].toUpperCase();
    if (letter === 'Y') return true;
    if (letter === 'N') return false;
    if (letter === 'A') throw new Aborted();
  }
}
