// The sub-commands of `threadkeeper`, once: name, words, what it is for, and where its code is. A row's module is imported
// when it runs and not before. Constant data, read by the main thread of the
// bin and by its tests; nothing else knows which sub-commands there are.

import type { SubCommandRow } from './sub-command.js';

export const SUB_COMMANDS: readonly SubCommandRow[] = [
  {
    name: 'version',
    words: '',
    sentence: 'Who this is, and which release of ZooKeeper it behaves like.',
    load: async () => (await import('./version.js')).version,
  },
];
