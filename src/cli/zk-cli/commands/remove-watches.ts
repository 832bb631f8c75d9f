// removewatches: takes zkCli's own watches off a node: all of them, or those of one kind. Each that goes is announced
// as an event. With -l they go here even if the server does not answer. Of several kinds named the first of the list
// below counts, as ever.

import { WatcherType } from '../../../protocol/watch-event.js';
import { type Command, usageError } from '../command.js';
import { parseOptions } from '../command-options.js';

const TYPES: readonly (readonly [string, WatcherType])[] = [
  ['c', WatcherType.Children],
  ['d', WatcherType.Data],
  ['p', WatcherType.Persistent],
  ['r', WatcherType.PersistentRecursive],
];

export const removeWatchesCommand: Command = {
  name: 'removewatches',
  syntax: 'path [-c|-d|-a] [-l]',

  async run(words, { zk }) {
    const options = parseOptions(words, 'cdaplr');
    const path = options.args[1];
    if (path === undefined) throw usageError(removeWatchesCommand);
    const type = TYPES.find(([letter]) => options.has(letter))?.[1] ?? WatcherType.Any;
    await zk.removeAllWatches(path, type, { local: options.has('l') });
  },
};
