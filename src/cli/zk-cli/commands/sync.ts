// sync: waits until this server has caught up with the leader. A failure is an answer here, not an error: it is told on
// stdout and the exit code stays 0. The only command with a patience of its own, since it may wait for an ensemble that
// has no leader.

import { KeeperError } from '../../../client/keeper-error.js';
import { ErrorCode } from '../../../protocol/error-code.js';
import { type Command, usageError } from '../command.js';
import { parseOptions } from '../command-options.js';

const PATIENCE_MS = 30_000;

export const syncCommand: Command = {
  name: 'sync',
  syntax: 'path',

  async run(words, { zk, terminal, json }) {
    const path = parseOptions(words, '').args[1];
    if (path === undefined) throw usageError(syncCommand);
    const code = await zk.sync(path, { timeoutMs: PATIENCE_MS }).then(
      () => ErrorCode.Ok as number,
      (error: unknown) => {
        if (!(error instanceof KeeperError)) throw error;
        return error.code === ErrorCode.RequestTimeout ? ErrorCode.OperationTimeout : error.code;
      },
    );
    if (json !== null) json({ path, rc: code });
    else terminal.out(code === ErrorCode.Ok ? 'Sync is OK' : `Sync has failed. rc=${code}`);
  },
};
