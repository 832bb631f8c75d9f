// zkTxnLogToolkit's chop: a copy of a log up to and including one transaction. Gaps are told on the way. The source is only
// read; a copy that failed is removed. Unlike Apache's, a failure has an exit code, and a log that ends with the very
// transaction asked for is no failure: the copy is complete.

import { readInt32 } from '../../base/bytes.js';
import { compareSigned, hex64, hiOf, loOf } from '../../base/int64.js';
import type { FileStore } from '../../persistence/file-store.js';
import type { TxnLogCopy } from '../../persistence/txn-log-copy.js';
import { ENTRY_ZXID_OFFSET } from '../../persistence/txn-log-format.js';
import { type TxnLogWalk, TxnLogWalkError } from '../../persistence/txn-log-walk.js';
import { TXN_HEADER_BYTES } from '../../protocol/txns.js';
import { ToolFailure, type ToolIo } from '../offline/tool-io.js';
import { headerLine, openCopy, openLog } from './log-file.js';

export interface ChopOptions {
  readonly file: string;
  readonly output: string | null;
  readonly zxid: string;
}

const EXIT_UNEXPECTED_ERROR = 1;
const LONG_MAX = 0x7fffffffffffffffn;

/** Its message is told behind "Got exception: ". */
export class ChopError extends Error {}

export function chop(fileStore: FileStore, options: ChopOptions, io: ToolIo): number {
  const zxid = decodeZxid(options.zxid);
  if (zxid === null) throw new ToolFailure(`'${options.zxid}' is no zxid`, EXIT_UNEXPECTED_ERROR);
  const walk = openLog(fileStore, options.file);
  try {
    const copy = openCopy(fileStore, walk, options.output, `chopped${zxid}`, 'Chopped');
    try {
      if (!copyUpTo(walk, copy, zxid, hex64(hiOf(zxid), loOf(zxid)), io)) {
        throw new ChopError(`Failed to chop ${walk.path.slice(walk.path.lastIndexOf('/') + 1)}`);
      }
      copy.finish();
      return 0;
    } catch (error) {
      copy.discard();
      if (!(error instanceof ChopError) && !(error instanceof TxnLogWalkError)) throw error;
      io.out(`Got exception: ${error.message}\n`);
      return EXIT_UNEXPECTED_ERROR;
    }
  } finally {
    walk.close();
  }
}

/** False: there is no such transaction. `target`: it, as it is told. */
export function copyUpTo(
  walk: TxnLogWalk,
  copy: TxnLogCopy,
  zxid: bigint,
  target: string,
  io: Pick<ToolIo, 'out'>,
): boolean {
  io.out(headerLine(walk));
  const targetHi = hiOf(zxid);
  const targetLo = loOf(zxid);
  let count = 0;
  let hasTarget = false;
  let lastHi = -1;
  let lastLo = -1;
  while (walk.next()) {
    const { hi, lo } = checkedZxid(walk, io);
    const order = compareSigned(hi, lo, targetHi, targetLo);
    if (order === 0) hasTarget = true;
    if (count > 0) tellGap(lastHi, lastLo, hi, lo, io);
    lastHi = hi;
    lastLo = lo;
    if (order > 0) {
      if (!hasTarget) {
        io.out(`This log does not contain zxid ${target}\n`);
        return false;
      }
      io.out(`Chopping at ${target} new log has ${count} records\n`);
      return true;
    }
    copy.append(walk.storedHi, walk.storedLo, walk.bytes, walk.entryOffset, walk.entryLength);
    count++;
  }
  io.out(`EOF reached after ${count} txns.\n`);
  if (!hasTarget) return false;
  io.out(`Chopping at ${target} new log has ${count} records\n`);
  return true;
}

/** Proves the record: a copy is to be a log that a server can start with. */
function checkedZxid(walk: TxnLogWalk, io: Pick<ToolIo, 'out'>): { hi: number; lo: number } {
  if (!walk.isChecksumRight) {
    const stored = (BigInt(walk.storedHi) << 32n) | BigInt(walk.storedLo >>> 0);
    throw new ChopError(`CRC doesn't match ${stored} vs ${walk.checksum}`);
  }
  if (walk.endByte !== 'right') {
    io.out('Last transaction was partial.\n');
    throw new ChopError('Last transaction was partial.');
  }
  if (walk.entryLength < TXN_HEADER_BYTES) {
    throw new ChopError(`The transaction at offset ${walk.recordOffset} is too short`);
  }
  const zxid = walk.entryOffset + ENTRY_ZXID_OFFSET;
  return { hi: readInt32(walk.bytes, zxid), lo: readInt32(walk.bytes, zxid + 4) };
}

function tellGap(lastHi: number, lastLo: number, hi: number, lo: number, io: Pick<ToolIo, 'out'>): void {
  if (hi === lastHi && lo === ((lastLo + 1) | 0)) return;
  const range = `${hex64(lastHi, lastLo)} and ${hex64(hi, lo)}`;
  if (hi === lastHi) io.out(`There is intra-epoch gap between ${range}\n`);
  else if (lo !== 1) io.out(`There is inter-epoch gap between ${range}\n`);
}

/** As Java's Long.decode reads it: decimal, 0x or # for hex, a leading 0 for octal. No zxid is negative. */
export function decodeZxid(text: string): bigint | null {
  const match = /^\+?(?:(?:0[xX]|#)([0-9a-fA-F]+)|0([0-7]+)|(\d+))$/.exec(text);
  if (match === null) return null;
  const [, hex, octal, decimal] = match;
  const zxid = hex !== undefined ? BigInt(`0x${hex}`) : octal !== undefined ? BigInt(`0o${octal}`) : BigInt(decimal);
  return zxid > LONG_MAX ? null : zxid;
}
