// getAcl: shows who may do what with a node, two lines per entry, with -s the node's Stat behind
// them. Digest ids come masked from the server unless this session may administer the node.
// Changes nothing and sets no watch.

import { aclLines } from '../acl-text.js';
import { type Command, usageError } from '../command.js';
import { parseOptions } from '../command-options.js';
import { aclJson, statJson } from '../json-answers.js';
import { statBlock } from '../stat-block.js';

export const getAclCommand: Command = {
  name: 'getAcl',
  syntax: '[-s] path',

  async run(words, { zk, terminal, json }) {
    const options = parseOptions(words, 's');
    const path = options.args[1];
    if (path === undefined) throw usageError(getAclCommand);
    const { acl, stat } = await zk.getACL(path);
    if (json !== null) {
      json({ path, acl: aclJson(acl), stat: statJson(stat) });
      return;
    }
    for (const line of aclLines(acl)) terminal.out(line);
    if (options.has('s')) terminal.out(statBlock(stat));
  },
};
