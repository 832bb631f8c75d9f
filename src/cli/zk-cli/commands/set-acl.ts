// setAcl: says who may do what with a node, or with -R with it and everything below. Recursively, a node that refuses
// is told on stdout, without a line end as ever, and the walk goes on. An ACL without a single good entry is refused
// here.

import { KeeperError } from '../../../client/keeper-error.js';
import { ErrorCode } from '../../../protocol/error-code.js';
import { parseAcl } from '../acl-text.js';
import { type Command, usageError } from '../command.js';
import { parseInt32, parseOptions } from '../command-options.js';
import { statJson } from '../json-answers.js';
import { statBlock } from '../stat-block.js';
import { visitSubtree } from '../subtree.js';

export const setAclCommand: Command = {
  name: 'setAcl',
  syntax: '[-s] [-v version] [-R] path acl',

  async run(words, { zk, terminal, json }) {
    const options = parseOptions(words, 'sR', 'v');
    const [, path, aclText] = options.args;
    if (path === undefined || aclText === undefined) throw usageError(setAclCommand);
    const acl = parseAcl(aclText, terminal);
    if (acl.length === 0) throw new KeeperError(ErrorCode.InvalidACL);
    const version = parseInt32(options.value('v') ?? '-1');
    const setOne = async (node: string): Promise<void> => {
      const stat = await zk.setACL(node, acl, version);
      if (json !== null) json({ path: node, stat: statJson(stat) });
      else if (options.has('s')) terminal.out(statBlock(stat));
    };
    if (!options.has('R')) {
      await setOne(path);
      return;
    }
    const nodes: string[] = [];
    await visitSubtree(zk, path, false, (node) => nodes.push(node));
    for (const node of nodes) {
      await setOne(node).catch((error: unknown) => {
        if (!(error instanceof KeeperError)) throw error;
        terminal.outRaw(error.message);
      });
    }
  },
};
