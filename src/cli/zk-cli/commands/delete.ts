// delete: removes one node without children. Silent when it worked. With -v only if the node still
// has that data version; the old form with the version as a third word is named as such and
// deletes whatever the version is.

import { type Command, usageError } from '../command.js';
import { parseInt32, parseOptions } from '../command-options.js';

export const deleteCommand: Command = {
  name: 'delete',
  syntax: '[-v version] path',

  async run(words, { zk, terminal }) {
    const options = parseOptions(words, '', 'v');
    const path = options.args[1];
    if (path === undefined) throw usageError(deleteCommand);
    // The old third word: named, and ignored. It does delete whatever the version is.
    if (options.args.length > 2) {
      terminal.err("'delete path [version]' has been deprecated. Please use 'delete [-v version] path' instead.");
    }
    await zk.delete(path, parseInt32(options.value('v') ?? '-1'));
  },
};
