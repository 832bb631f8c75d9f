// What is wrong with a log file whose reading cannot just end where it stopped. Thrown by TxnLogReader; the message
// names the file, the offset, the last good zxid and the first later record, because the operator has to decide. Nobody
// may catch this to go on with the next file: acknowledged transactions may lie behind the damage.

import { hex64 } from '../base/int64.js';
import type { LaterRecord, LogFinding } from './log-finding.js';

export class TxnLogDamage extends Error {
  override readonly name = 'TxnLogDamage';
  readonly finding: LogFinding;

  constructor(path: string, offset: number, reason: string, lastHi: number, lastLo: number, later: LaterRecord | null) {
    const last = lastHi < 0 ? 'it has no good record before that' : `the last good zxid is 0x${hex64(lastHi, lastLo)}`;
    const next =
      later === null
        ? ''
        : `; a whole record with zxid 0x${hex64(later.zxidHi, later.zxidLo)} follows at offset ${later.offset}`;
    super(`Transaction log ${path} is damaged at offset ${offset}: ${reason}; ${last}${next}`);
    this.finding = { kind: 'damage', path, offset, lastHi, lastLo, later, syncedHi: -1, syncedLo: -1 };
  }
}
