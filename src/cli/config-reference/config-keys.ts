// `threadkeeper config-keys`: what the table of keys says, for a person (one key), a page (all of them, in Markdown) or a
// program (all, in JSON). Reads no file and asks no server.
// A name that nobody knows gets the nearest one, as in the log of a server.

import { nearestKey } from '../../server/config-check/nearest-key.js';
import { expectationOf } from '../../server/config-check/value-check.js';
import { CONFIG_KEYS, type ConfigKey, findConfigKey, KEYS_BY_ALIAS, propertiesOf } from '../../server/config-keys.js';
import { type SubCommandContext, SubCommandUsageError } from '../threadkeeper/sub-command.js';
import { configReference } from './config-reference.js';

const EXIT_FOUND = 0;
const EXIT_UNKNOWN = 1;
const ROWS: readonly ConfigKey[] = CONFIG_KEYS;

export async function configKeys({ args, out, err }: SubCommandContext): Promise<number> {
  const [word] = args;
  if (args.length !== 1 || word === undefined) throw new SubCommandUsageError('config-keys takes one word');
  if (word === '--markdown') {
    out(configReference());
    return EXIT_FOUND;
  }
  if (word === '--json') {
    out(`${JSON.stringify(ROWS, null, 2)}\n`);
    return EXIT_FOUND;
  }
  if (word.startsWith('-')) throw new SubCommandUsageError(`config-keys knows no ${word}`);
  const name = word.startsWith('zookeeper.') ? word.slice('zookeeper.'.length) : word;
  const row = findConfigKey(name) ?? KEYS_BY_ALIAS.get(name);
  if (row !== undefined) {
    out(textOf(row));
    return EXIT_FOUND;
  }
  const meant = nearestKey(
    name,
    ROWS.map((key) => key.name),
  );
  err(`${word} is no key of this server${meant === null ? '' : `; did you mean ${meant}?`}\n`);
  return EXIT_UNKNOWN;
}

function textOf(row: ConfigKey): string {
  const lines: (readonly [string, string])[] = [
    ['value', expectationOf(row)],
    ['default', row.default === '' ? '(unset)' : row.default],
    ['in zoo.cfg', row.name],
    ['as -D', propertiesOf(row).join(' or ') || '(the file only)'],
    ['also called', (row.aliases ?? []).join(', ')],
    ['without effect', row.accepted ?? ''],
  ];
  const shown = lines.filter(([, text]) => text !== '').map(([label, text]) => `  ${label.padEnd(15)}${text}\n`);
  return `${row.name}\n  ${row.sentence}\n${shown.join('')}`;
}
