// set: replaces a node's data with the word that was given, as UTF-8, or with -b what it is the
// base64 of. Silent unless -s asks for the new Stat. With -v only if the node still has that data
// version.

import { encodeUtf8 } from '../../../base/utf8.js';
import { type Command, usageError } from '../command.js';
import { CommandError } from '../command-error.js';
import { parseInt32, parseOptions } from '../command-options.js';
import { statJson } from '../json-answers.js';
import { statBlock } from '../stat-block.js';

export const setCommand: Command = {
  name: 'set',
  syntax: 'path data [-s] [-v version] [-b]',
  optionHelp: [
    ' -b         Take the data as base64',
    ' -s         Print znode stats additionally',
    ' -v <arg>   Only if this is the data version',
  ],

  async run(words, { zk, terminal, json }) {
    const options = parseOptions(words, 'sb', 'v');
    const [, path, text] = options.args;
    if (path === undefined || text === undefined) throw usageError(setCommand);
    const data = options.has('b') ? decodeBase64(text) : encodeUtf8(text);
    const stat = await zk.setData(path, data, parseInt32(options.value('v') ?? '-1'));
    if (json !== null) json({ path, stat: statJson(stat) });
    else if (options.has('s')) terminal.out(statBlock(stat));
  },
};

function decodeBase64(text: string): Uint8Array {
  // Node decodes what it can and passes over the rest; a node with half of its data is no answer to a typing mistake.
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/.test(text)) {
    throw new CommandError('-b: the data is not base64');
  }
  return new Uint8Array(Buffer.from(text, 'base64'));
}
