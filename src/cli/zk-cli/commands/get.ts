// get: shows a node's data, as UTF-8 text unless told otherwise; `null` for a node without data, which the text "null"
// looks just like. With -s the Stat follows, with -w changes are announced later. Both belong to the same moment: one
// request.

import { type Command, usageError } from '../command.js';
import { parseOptions } from '../command-options.js';
import { base64Text, hexDump, plainText } from '../data-text.js';
import { DataFormat, dataJson, statJson } from '../json-answers.js';
import { statBlock } from '../stat-block.js';
import { wantsWatch } from '../watch-word.js';

export const getCommand: Command = {
  name: 'get',
  syntax: '[-s] [-w] [-b] [-x] path',
  optionHelp: [
    ' -b   Output data in base64 format',
    ' -s   Print znode stats additionally',
    ' -w   Watch for changes on the znode',
    ' -x   Output data in hexdump format',
  ],

  async run(words, { zk, terminal, json }) {
    const options = parseOptions(words, 'swbx');
    const path = options.args[1];
    if (path === undefined) throw usageError(getCommand);
    const { data, stat } = await zk.getData(path, wantsWatch('get', '[-s] [-w] path', options, terminal));
    if (json !== null) {
      const format = options.has('b') ? DataFormat.Base64 : options.has('x') ? DataFormat.Hex : DataFormat.Text;
      json({ path, ...dataJson(data, format), stat: statJson(stat) });
      return;
    }
    const format = options.has('b') ? base64Text : options.has('x') ? hexDump : plainText;
    terminal.out(data === null ? 'null' : format(data));
    if (options.has('s')) terminal.out(statBlock(stat));
  },
};
