// addWatch: a watch that stays until it is removed, by default on the node and everything below it. Its events are
// printed like all others by the interpreter, as long as zkCli runs. The node need not exist. Adding the same watch
// twice is adding it once.

import { AddWatchMode } from '../../../protocol/watch-event.js';
import { type Command, usageError } from '../command.js';
import { parseOptions } from '../command-options.js';

const MODES: ReadonlyMap<string, AddWatchMode> = new Map([
  ['PERSISTENT', AddWatchMode.Persistent],
  ['PERSISTENT_RECURSIVE', AddWatchMode.PersistentRecursive],
]);

export const addWatchCommand: Command = {
  name: 'addWatch',
  syntax:
    '[-m mode] path # optional mode is one of [PERSISTENT, PERSISTENT_RECURSIVE] - default is PERSISTENT_RECURSIVE',

  async run(words, { zk }) {
    const options = parseOptions(words, '', 'm');
    const mode = MODES.get((options.value('m') ?? 'PERSISTENT_RECURSIVE').toUpperCase());
    const [, path, ...more] = options.args;
    if (mode === undefined || path === undefined || more.length > 0) throw usageError(addWatchCommand);
    await zk.addWatch(path, true, mode);
  },
};
