// getEphemerals: the ephemeral nodes of zkCli's own session, all or those whose path begins with the given text, in the
// server's order. The only command that a one-shot zkCli answers with an empty list nearly always: its session has just
// begun.

import type { Command } from '../command.js';
import { parseOptions } from '../command-options.js';

export const getEphemeralsCommand: Command = {
  name: 'getEphemerals',
  syntax: 'path',

  async run(words, { zk, terminal, json }) {
    const path = parseOptions(words, '').args[1];
    const ephemerals = await zk.getEphemerals(path ?? '/');
    if (json === null) terminal.out(`[${ephemerals.join(', ')}]`);
    else json({ ephemerals });
  },
};
