/**
 * The four letters that `cons` shows for a connection's last operation (operations 2.2, `lop`). A table and its look-up, used
 * on the main thread when a four-letter word is answered; an operation without a tag shows as `NA`.
 */
import { OpCode } from '../protocol/op-code.js';

const TAGS: Readonly<Record<number, string>> = {
  [OpCode.createSession]: 'SESS',
  [OpCode.ping]: 'PING',
  [OpCode.create]: 'CREA',
  [OpCode.create2]: 'CREA',
  [OpCode.createContainer]: 'CREA',
  [OpCode.createTTL]: 'CREA',
  [OpCode.delete]: 'DELE',
  [OpCode.setData]: 'SETD',
  [OpCode.getData]: 'GETD',
  [OpCode.exists]: 'EXIS',
  [OpCode.getChildren]: 'GETC',
  [OpCode.getChildren2]: 'GETC',
  [OpCode.getAllChildrenNumber]: 'GETACN',
  [OpCode.getACL]: 'GETA',
  [OpCode.setACL]: 'SETA',
  [OpCode.sync]: 'SYNC',
  [OpCode.check]: 'CHEC',
  [OpCode.multi]: 'MULT',
  [OpCode.multiRead]: 'MLTR',
  [OpCode.reconfig]: 'RECO',
  [OpCode.setWatches]: 'SETW',
  [OpCode.setWatches2]: 'STW2',
  [OpCode.addWatch]: 'ADDW',
  [OpCode.checkWatches]: 'CHKW',
  [OpCode.removeWatches]: 'REMW',
  [OpCode.getEphemerals]: 'GETE',
  [OpCode.whoAmI]: 'HOMI',
  [OpCode.closeSession]: 'CLOS',
};

/** `NA` before the first request and for anything without a tag. */
export function operationTag(op: number): string {
  return TAGS[op] ?? 'NA';
}
