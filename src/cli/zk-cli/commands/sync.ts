// sync: waits until this server has caught up with the leader. A failure is an answer here, not an error: it is told on
// stdout and the exit code stays 0. The only command with a patience of its own, since it may wait for an ensemble that
// has no leader.

import { setTimeout as delay } from 'node:timers/promises';
import { KeeperError } from '../../../client/keeper-error.js';
import { ErrorCode } from '../../../protocol/error-code.js';
import { type Command, usageError } from '../command.js';
import { parseOptions } from '../command-options.js';

const PATIENCE_MS = 30_000;

export const syncCommand: Command = {
  name: 'sync',
  syntax: 'path',

  async run(words, { zk, terminal }) {
    const path = parseOptions(words, '').args[1];
    if (path === undefined) throw usageError(syncCommand);
    const patience = new AbortController();
    const answered = zk.sync(path).then(
      () => ErrorCode.Ok as number,
      (error: unknown) => {
        if (error instanceof KeeperError) return error.code;
        throw error;
      },
    );
    const late = delay(PATIENCE_MS, ErrorCode.OperationTimeout as number, { signal: patience.signal });
    late.catch(() => {}); // aborted: nobody waits for it any more
    const code = await Promise.race([answered, late]).finally(() => patience.abort());
    terminal.out(code === ErrorCode.Ok ? 'Sync is OK' : `Sync has failed. rc=${code}`);
  },
};
