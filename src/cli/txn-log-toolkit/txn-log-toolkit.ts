// zkTxnLogToolkit without its process: from the words of the command line to the exit code. Lives wherever it is called;
// it blocks. What the modes do is in the files beside this one.
// Nothing here opens a file.

import type { FileStore } from '../../persistence/file-store.js';
import type { ToolIo } from '../offline/tool-io.js';
import { chop } from './chop.js';
import { dump } from './dump.js';
import { HELP, parseToolkitOptions } from './options.js';
import { recoverLog } from './recover.js';
import { verify } from './verify.js';

export function txnLogToolkit(args: readonly string[], io: ToolIo, fileStore: FileStore): number {
  const request = parseToolkitOptions(args);
  switch (request.mode) {
    case 'help':
      if (request.complaint !== null) io.err(`${request.complaint}\n\n`);
      io.out(HELP);
      return request.exitCode;
    case 'dump':
      return dump(fileStore, request.file, io);
    case 'recover':
      return recoverLog(fileStore, request, io);
    case 'chop':
      return chop(fileStore, request, io);
    case 'verify':
      return verify(fileStore, request.paths, io);
  }
}
