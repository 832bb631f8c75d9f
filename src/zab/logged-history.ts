/**
 * Fills a ProposalHistory with the last of what stands in the log: at a start, and when the database was loaded anew in between
 * (an unfinished SNAP). Everything that is in the log then counts as committed (ensemble-protocol 1.2, 5).
 *
 * Used by the quorum peer, on its thread, while nobody writes the log. What the log cannot tell (it is empty, damaged, or not
 * to be handed on) only costs learners a snapshot.
 */
import { assert } from '../base/assert.js';
import { compareSigned } from '../base/int64.js';
import type { CommittedLog, CommittedLogResult } from '../persistence/committed-log.js';
import type { DataDirectories } from '../persistence/data-directories.js';
import type { FileStore } from '../persistence/file-store.js';
import { LogFloor } from '../persistence/log-floor.js';
import { TxnLogDamage } from '../persistence/txn-log-damage.js';
import { chooseTxnLogs, listTxnLogs } from '../persistence/txn-log-files.js';
import type { TxnLogReader } from '../persistence/txn-log-reader.js';
import { TxnLogSequence } from '../persistence/txn-log-sequence.js';
import type { ProposalHistory } from './proposal-history.js';

/** `zxidHi`, `zxidLo`: of the database, whose log ends there. `count`: about so many transactions are wanted. */
export function readLoggedHistory(
  history: ProposalHistory,
  fileStore: FileStore,
  { logDirectory }: DataDirectories,
  zxidHi: number,
  zxidLo: number,
  count: number,
): void {
  history.reset(zxidHi, zxidLo);
  const { committedLog } = history;
  const floor = new LogFloor(fileStore, logDirectory);
  const fromLo = zxidLo >>> 0 > count ? (zxidLo - count) | 0 : 0;
  const files = chooseTxnLogs(listTxnLogs(fileStore, logDirectory), zxidHi, fromLo);
  const sequence = new TxnLogSequence(fileStore, logDirectory, files);
  let isBegun = false;
  try {
    while (sequence.next()) {
      const { reader } = sequence;
      if (compareSigned(reader.zxidHi, reader.zxidLo, zxidHi, zxidLo) > 0) break;
      if (compareSigned(reader.zxidHi, reader.zxidLo, floor.hi, floor.lo) <= 0) continue;
      if (!isBegun) committedLog.clear(-1, -1);
      isBegun = true;
      if (append(committedLog, reader) !== 'hole') continue;
      committedLog.clear(-1, -1);
      append(committedLog, reader);
    }
  } catch (error) {
    if (!(error instanceof TxnLogDamage)) throw error;
    committedLog.clear(zxidHi, zxidLo);
  } finally {
    sequence.close();
  }
  // A leader's database stands at (epoch, 0), behind the last transaction of an epoch before.
  const isAtEnd = committedLog.maxHi === zxidHi && committedLog.maxLo === zxidLo;
  if (!isAtEnd && zxidLo !== 0) committedLog.clear(zxidHi, zxidLo);
  assert(history.pendingCount === 0, 'what is in the log is committed');
}

function append(log: CommittedLog, reader: TxnLogReader): CommittedLogResult {
  return log.append(reader.bytes, reader.entryOffset, reader.entryLength, reader.zxidHi, reader.zxidLo);
}
