// stat: what the server knows about a node, without its data. With -w changes are announced later;
// for a node that does not exist that would be its creation, but the command fails all the same,
// as in the reference.

import { KeeperError } from '../../../client/keeper-error.js';
import { ErrorCode } from '../../../protocol/error-code.js';
import { type Command, usageError } from '../command.js';
import { parseOptions } from '../command-options.js';
import { statJson } from '../json-answers.js';
import { statBlock } from '../stat-block.js';
import { wantsWatch } from '../watch-word.js';

export const statCommand: Command = {
  name: 'stat',
  syntax: '[-w] path',

  async run(words, { zk, terminal, json }) {
    const options = parseOptions(words, 'w');
    const path = options.args[1];
    if (path === undefined) throw usageError(statCommand);
    const stat = await zk.exists(path, wantsWatch('stat', '[-w] path', options, terminal));
    if (stat === null) throw new KeeperError(ErrorCode.NoNode, path);
    if (json === null) terminal.out(statBlock(stat));
    else json({ path, stat: statJson(stat) });
  },
};
