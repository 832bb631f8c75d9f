// What dump, recover and chop have in common: opening the log that was named, and choosing where a copy goes. The
// complaints and exit codes are Apache's, the names of copies are not.
// Nothing here reads records.

import { LOG_PREFIX, parseDataFileName } from '../../persistence/file-names.js';
import { baseNameOf, errorCodeOf, type FileStore, joinPath, parentOf } from '../../persistence/file-store.js';
import { TxnLogCopy } from '../../persistence/txn-log-copy.js';
import { TxnLogWalk, TxnLogWalkError } from '../../persistence/txn-log-walk.js';
import { ToolFailure } from '../offline/tool-io.js';

const EXIT_UNEXPECTED_ERROR = 1;
const EXIT_INVALID_INVOCATION = 2;

export function openLog(fileStore: FileStore, file: string): TxnLogWalk {
  const walk = openFile(fileStore, file);
  if (walk.isLog) return walk;
  walk.close();
  throw new ToolFailure(`Invalid magic number for ${baseNameOf(file)}`, EXIT_INVALID_INVOCATION);
}

export function headerLine({ dbidHi, dbidLo, version }: TxnLogWalk): string {
  const dbid = (BigInt(dbidHi) << 32n) | BigInt(dbidLo >>> 0);
  return `ZooKeeper Transactional Log File with dbid ${dbid} txnlog format version ${version}\n`;
}

/** The copy beside its source has a name that no server takes for a log's. */
export function openCopy(
  fileStore: FileStore,
  walk: TxnLogWalk,
  output: string | null,
  prefix: string,
  what: string,
): TxnLogCopy {
  const directory = parentOf(walk.path);
  const path = output ?? joinPath(directory, `${prefix}-${baseNameOf(walk.path)}`);
  if (parentOf(path) === directory && parseDataFileName(baseNameOf(path), LOG_PREFIX, []) !== null) {
    throw new ToolFailure(
      `${path} would be read as a transaction log by a server that finds it there; choose another name or directory`,
      EXIT_UNEXPECTED_ERROR,
    );
  }
  try {
    return new TxnLogCopy(fileStore, path, walk.version, walk.dbidHi, walk.dbidLo);
  } catch (error) {
    if (errorCodeOf(error) === '') throw error;
    throw new ToolFailure(`${what} file ${path} already exists or not writable`, EXIT_UNEXPECTED_ERROR, {
      cause: error,
    });
  }
}

function openFile(fileStore: FileStore, file: string): TxnLogWalk {
  try {
    return new TxnLogWalk(fileStore, file);
  } catch (error) {
    if (error instanceof TxnLogWalkError || errorCodeOf(error) === '') throw error;
    throw new ToolFailure(`File doesn't exist or not readable: ${file}`, EXIT_UNEXPECTED_ERROR, { cause: error });
  }
}
