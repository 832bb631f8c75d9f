// listquota: the limits on a path and what is used of them, as the server keeps them in two nodes. Where they lie is
// told on stderr first, as ever. A path without a quota is no failure. It reads what is there and does not ask whether
// the path itself exists.

import { decodeUtf8 } from '../../../base/utf8.js';
import { isKeeperError } from '../../../client/keeper-error.js';
import { ErrorCode } from '../../../protocol/error-code.js';
import { type Command, usageError } from '../command.js';
import { parseOptions } from '../command-options.js';
import { quotaJson } from '../json-answers.js';
import { limitsPath, QuotaStats, statsPath } from '../quota-stats.js';

export const listQuotaCommand: Command = {
  name: 'listquota',
  syntax: 'path',

  async run(words, { zk, terminal, json }) {
    const path = parseOptions(words, '').args[1];
    if (path === undefined) throw usageError(listQuotaCommand);
    terminal.err(`absolute path is ${limitsPath(path)}`);
    try {
      const found: Record<string, unknown> = { path };
      for (const [what, node] of [
        ['quota', limitsPath(path)],
        ['stat', statsPath(path)],
      ] as const) {
        const { data } = await zk.getData(node);
        const stats = new QuotaStats(data === null ? '' : decodeUtf8(data, 0, data.length));
        if (json !== null) found[what] = quotaJson(stats);
        else terminal.out(`Output ${what} for ${path} ${stats.text}`);
      }
      json?.(found);
    } catch (error) {
      if (!isKeeperError(error, ErrorCode.NoNode)) throw error;
      terminal.err(`quota for ${path} does not exist.`);
    }
  },
};
