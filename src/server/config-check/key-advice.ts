// What a person should know about the keys of a configuration file that the server starts with all the same: names that
// nobody reads, with the nearest that somebody does; names that are headings of ZooKeeper's guide; values that are passed
// over; keys without effect; keys that stand there twice. Pure; told in the log at a start, and by the doctor.

import { CONFIG_KEYS, type ConfigKey, findConfigKey, KEYS_BY_ALIAS } from '../config-keys.js';
import { type ConfigLine, placeOf, shownPair } from './config-line.js';
import { nearestKey } from './nearest-key.js';
import { checkValue } from './value-check.js';

export type AdviceKind = 'unknown' | 'prefixed' | 'alias' | 'value' | 'twice' | 'idle';

export interface Advice {
  readonly kind: AdviceKind;
  readonly key: string;
  /** `zoo.cfg line 3` */
  readonly place: string;
  readonly text: string;
  /** What to do about it. Empty: nothing need be done. */
  readonly remedy: string;
}

const PREFIX = 'zookeeper.';
const NAMES: readonly string[] = (CONFIG_KEYS as readonly ConfigKey[])
  .map((key) => key.name)
  .filter((name) => !/[*]|\.N$/.test(name));

export function keyAdvice(lines: readonly ConfigLine[]): Advice[] {
  return lines.flatMap((line) => adviceOn(line, lines));
}

function adviceOn(line: ConfigLine, lines: readonly ConfigLine[]): Advice[] {
  const { key, value, row, overriddenBy } = line;
  const place = placeOf(line);
  const say = (kind: AdviceKind, text: string, remedy = ''): Advice[] => [{ kind, key, place, text, remedy }];
  if (overriddenBy !== null) {
    const text = `${key} is set again in line ${overriddenBy}, and that is the value that counts`;
    return say('twice', text, 'Remove one of the two lines.');
  }
  if (row === undefined) return unknown(key, say);
  if (KEYS_BY_ALIAS.has(key)) {
    const isBeaten = lines.some((other) => other.key === row.name);
    const effect = isBeaten ? `${row.name} is set, too, and is stronger` : `it is taken for ${row.name}`;
    return say('alias', `${key} is no key of Apache ZooKeeper: ${effect}`, `Write ${row.name}.`);
  }
  const problem = value === null ? null : checkValue(row, key, value);
  if (problem !== null) return say('value', `${shownPair(line)}: ${problem.text}`, 'Correct the value.');
  if (row.accepted !== undefined) return say('idle', `${key} has no effect: ${row.accepted}`);
  return [];
}

function unknown(key: string, say: (kind: AdviceKind, text: string, remedy?: string) => Advice[]): Advice[] {
  const bare = key.startsWith(PREFIX) ? key.slice(PREFIX.length) : null;
  if (bare !== null) {
    const known = findConfigKey(bare);
    const meant = known === undefined ? nearestKey(bare, NAMES) : bare;
    const text = `${key} sets the property ${PREFIX}${key}, which nobody reads`;
    const hint = meant === null ? 'In this file keys have no such prefix.' : `Write ${meant}.`;
    return say('prefixed', text, hint);
  }
  const meant = nearestKey(key, NAMES);
  const text = `${key} is no key of this server: it becomes the property ${PREFIX}${key}, which nobody reads`;
  return say('unknown', text, meant === null ? 'Remove it if it is not for somebody else.' : `Did you mean ${meant}?`);
}
