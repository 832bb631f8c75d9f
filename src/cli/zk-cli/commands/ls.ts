// ls: a node's children, sorted, on one line, or with -R every path of the subtree on a line of its own. Sorted as Java
// sorts strings, by UTF-16 unit, so upper case comes first. -? explains the options and then goes on as if it had not
// been there.

import { type Command, usageError } from '../command.js';
import { parseOptions } from '../command-options.js';
import { statJson } from '../json-answers.js';
import { statBlock } from '../stat-block.js';
import { visitSubtree } from '../subtree.js';
import { wantsWatch } from '../watch-word.js';

const HELP = ['usage: ls [options] path', ' -?   help', ' -R   recurse', ' -s   stat', ' -w   watch'];

export const lsCommand: Command = {
  name: 'ls',
  syntax: '[-s] [-w] [-R] path',

  async run(words, { zk, terminal, json }) {
    const options = parseOptions(words, '?swR');
    if (options.has('?')) for (const line of HELP) terminal.out(line);
    const path = options.args[1];
    if (path === undefined) throw usageError(lsCommand);
    const watch = wantsWatch('ls', '[-w] path', options, terminal);
    if (options.has('R')) {
      const paths: string[] = [];
      await visitSubtree(zk, path, watch, (visited) => (json === null ? terminal.out(visited) : paths.push(visited)));
      json?.({ path, paths });
      return;
    }
    const { children, stat } = await zk.getChildren2(path, watch);
    if (json !== null) {
      json({ path, children: [...children].sort(), stat: statJson(stat) });
      return;
    }
    terminal.out(`[${[...children].sort().join(', ')}]`);
    if (options.has('s')) terminal.out(statBlock(stat));
  },
};
