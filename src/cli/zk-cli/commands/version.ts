// version: which release this zkCli behaves like, and our own.

import { FULL_VERSION } from '../../../server/version.js';
import type { Command } from '../command.js';

export const versionCommand: Command = {
  name: 'version',
  syntax: '',

  async run(_words, { terminal }) {
    terminal.out(`ZooKeeper CLI version: ${FULL_VERSION}`);
  },
};
