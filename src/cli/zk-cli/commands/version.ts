// version: which release of ZooKeeper this zkCli behaves like, and our own version behind it. Says
// nothing about the server; yet it needs a live session, because in the reference every command of
// this kind does.

import { FULL_VERSION } from '../../../server/version.js';
import { type Command, usageError } from '../command.js';
import { parseOptions } from '../command-options.js';

export const versionCommand: Command = {
  name: 'version',
  syntax: '',

  async run(words, { terminal, json }) {
    if (parseOptions(words, '').args.length > 1) throw usageError(versionCommand);
    if (json !== null) json({ version: FULL_VERSION });
    else terminal.out(`ZooKeeper CLI version: ${FULL_VERSION}`);
  },
};
