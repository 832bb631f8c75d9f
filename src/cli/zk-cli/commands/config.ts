// config: the ensemble's membership as the server keeps it; an empty line from a standalone one. With -c only what a
// client needs: the version and the client addresses, comma separated, as in a connect string. With -w changes are
// announced later.

import { decodeUtf8 } from '../../../base/utf8.js';
import { javaHashOrder, javaStringHash, MAP_CAPACITY } from '../../offline/java-hash-order.js';
import type { Command } from '../command.js';
import { parseOptions } from '../command-options.js';
import { configJson, statJson } from '../json-answers.js';
import { statBlock } from '../stat-block.js';

/** What stands in a membership line for "every address". */
const ANY_ADDRESS = '0.0.0.0';

export const configCommand: Command = {
  name: 'config',
  syntax: '[-c] [-w] [-s]',

  async run(words, { zk, terminal, json }) {
    const options = parseOptions(words, 'cws');
    const { data, stat } = await zk.getConfig(options.has('w'));
    const text = data === null ? '' : decodeUtf8(data, 0, data.length);
    if (json !== null) {
      json({ ...configJson(text), stat: statJson(stat) });
      return;
    }
    terminal.out(options.has('c') ? clientAddresses(text) : text);
    if (options.has('s')) terminal.out(statBlock(stat));
  },
};

/**
 * `<version> host:port,host:port`, with nothing for what is not there. The order is that of Java's hash table, which scripts
 * that compare two answers have got used to.
 */
function clientAddresses(config: string): string {
  const pairs = config
    .split('\n')
    .map((line) => splitOnce(line, '='))
    .filter(([key]) => key !== '');
  const order = javaHashOrder(
    Int32Array.from(pairs, ([key = '']) => javaStringHash(key)),
    MAP_CAPACITY,
  );
  let version = '';
  const addresses: string[] = [];
  for (const at of order) {
    const [key = '', value = ''] = pairs[at] as string[];
    if (key === 'version') version = value;
    if (!key.startsWith('server.')) continue;
    const client = splitOnce(value, ';')[1];
    if (client !== undefined) addresses.push(client.includes(':') ? client : `${ANY_ADDRESS}:${client}`);
  }
  return `${version} ${addresses.join(',')}`;
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text.trim()] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}
