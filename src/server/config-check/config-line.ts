// The lines of a configuration file as the checks of this folder look at them: which row of the table a line belongs to,
// where it is, and which of several lines with one key counts. Read again from the file, and only by whoever has something
// to say about it: a start that goes well never comes here.

import { type PropertyLine, propertyLines } from '../../base/java-properties.js';
import { latin1 } from '../../base/utf8.js';
import { type ConfigKey, findConfigKey, KEYS_BY_ALIAS } from '../config-keys.js';

export interface ConfigLine extends PropertyLine {
  readonly file: string;
  /** The row it belongs to, under its own name or another one. Undefined: nobody we know. */
  readonly row: ConfigKey | undefined;
  /** Not null: a later line with the same key, which is the one that counts. */
  readonly overriddenBy: number | null;
}

export function configLines(file: string, bytes: Uint8Array): ConfigLine[] {
  const lines = propertyLines(latin1(bytes, 0, bytes.length));
  const last = new Map(lines.map(({ key, line }) => [key, line]));
  return lines.map((line) => {
    const lastLine = last.get(line.key) ?? line.line;
    return {
      ...line,
      file,
      row: findConfigKey(line.key) ?? KEYS_BY_ALIAS.get(line.key),
      overriddenBy: lastLine === line.line ? null : lastLine,
    };
  });
}

/** `zoo.cfg line 3` */
export function placeOf({ file, line }: Pick<ConfigLine, 'file' | 'line'>): string {
  return `${file} line ${line}`;
}

/** `clientPort = 2181x`, with nothing that must not be seen. */
export function shownPair({ key, value, row }: Pick<ConfigLine, 'key' | 'value' | 'row'>): string {
  if (row?.secret === true || row === undefined) return key;
  return `${key} = ${value ?? '(a broken \\u escape)'}`;
}
