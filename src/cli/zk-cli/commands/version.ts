// version: which release of ZooKeeper this zkCli behaves like, and our own version behind it. Says
// nothing about the server; yet it needs a live session, because in the reference every command of
// this kind does.

import { FULL_VERSION } from '../../../server/version.js';
import type { Command } from '../command.js';

export const versionCommand: Command = {
  name: 'version',
  syntax: '',

  async run(_words, { terminal }) {
    terminal.out(`ZooKeeper CLI version: ${FULL_VERSION}`);
  },
};
