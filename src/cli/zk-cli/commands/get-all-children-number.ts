// getAllChildrenNumber: how many nodes there are below a node, at any depth, the node itself not counted. One request,
// however big the subtree; the server counts. Needs READ on the node alone, so it may count what may not be listed.
// The number is of one moment and of one server.

import { type Command, usageError } from '../command.js';
import { parseOptions } from '../command-options.js';

export const getAllChildrenNumberCommand: Command = {
  name: 'getAllChildrenNumber',
  syntax: 'path',

  async run(words, { zk, terminal, json }) {
    const path = parseOptions(words, '').args[1];
    if (path === undefined) throw usageError(getAllChildrenNumberCommand);
    const number = await zk.getAllChildrenNumber(path);
    if (json === null) terminal.out(String(number));
    else json({ path, number });
  },
};
