// `threadkeeper log-chopper zxid log new-log`: what Apache's jar has as org.apache.zookeeper.server.util.LogChopper, with its words,
// outputs and exit codes. The source is only read. Unlike Apache's: a file that is there is not written over, a copy that failed is
// removed, and a log whose last transaction is the one asked for is copied, not refused.

import { errorCodeOf } from '../../persistence/file-store.js';
import { NodeFileStore } from '../../persistence/node-file-store.js';
import { TxnLogWalkError } from '../../persistence/txn-log-walk.js';
import { ToolFailure } from '../offline/tool-io.js';
import { ChopError, copyUpTo, decodeZxid } from '../txn-log-toolkit/chop.js';
import { openCopy, openLog } from '../txn-log-toolkit/log-file.js';
import type { SubCommandContext } from './sub-command.js';

const USAGE =
  'Usage: LogChopper zxid_to_chop_to txn_log_to_chop chopped_filename\n' +
  '    this program will read the txn_log_to_chop file and copy all the transactions\n' +
  '    from it up to (and including) the given zxid into chopped_filename.\n';
const EXIT_FAILED = 2;

export async function logChopper({ args, out }: SubCommandContext): Promise<number> {
  const [zxidText, log, newLog] = args;
  if (args.length !== 3 || zxidText === undefined || log === undefined || newLog === undefined) {
    out(USAGE);
    return EXIT_FAILED;
  }
  try {
    return isChopped(zxidText, log, newLog, out) ? 0 : EXIT_FAILED;
  } catch (error) {
    const isExpected =
      error instanceof ChopError ||
      error instanceof ToolFailure ||
      error instanceof TxnLogWalkError ||
      errorCodeOf(error) !== '';
    if (!isExpected) throw error;
    out(`Got exception: ${(error as Error).message}\n`);
    return EXIT_FAILED;
  }
}

function isChopped(zxidText: string, log: string, newLog: string, out: (text: string) => void): boolean {
  const zxid = decodeZxid(zxidText);
  if (zxid === null) throw new ToolFailure(`For input string: "${zxidText}"`, EXIT_FAILED);
  const walk = openLog(new NodeFileStore(), log);
  try {
    const copy = openCopy(new NodeFileStore(), walk, newLog, 'chopped', 'Chopped');
    let isDone = false;
    try {
      isDone = copyUpTo(walk, copy, zxid, String(zxid), { out });
      if (isDone) copy.finish();
    } finally {
      if (!isDone) copy.discard();
    }
    return isDone;
  } finally {
    walk.close();
  }
}
