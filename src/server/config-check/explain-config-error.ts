// Where a configuration is wrong that the server refused, and what was expected there: file, line, key. The reference's own
// sentence is said before this by start-error.ts; these are the lines behind it. All mistakes of the file are told, not only
// the one that the server met first. Reads the files again; loaded only when a start has failed.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMembershipKey } from '../../election/quorum-config-text.js';
import { findConfigKey } from '../config-keys.js';
import { causeChain } from '../start-error.js';
import { type ConfigLine, configLines, placeOf, shownPair } from './config-line.js';
import { checkValue, expectationOf } from './value-check.js';

const LINES_MAX = 10;

/** Sentences that do not say the name of the key they are about. */
const KEYS_OF_SENTENCES: readonly (readonly [sentence: RegExp, key: string])[] = [
  [/metrics provider class was not found/, 'metricsProvider.className'],
  [/Unrecognised peertype: /, 'peerType'],
  [/Multiple address feature is disabled/, 'multiAddress.enabled'],
  [/client address for this server/, 'clientPort'],
];
const MYID_SENTENCE = /serverid .* is not a number|myid file is missing/;

const STATIC_MEMBER_SENTENCE = /must be in a separate dynamic config file/;

/** Empty: there is nothing to add to the sentence. */
export function explainConfigError(error: unknown, path: string): readonly string[] {
  const lines = readLines(path);
  const dynamicFile = lines.find(({ key }) => key === 'dynamicConfigFile')?.value ?? null;
  const all = dynamicFile === null ? lines : [...lines, ...readLines(dynamicFile)];
  const sentence = causeChain(error);
  const wrong = wrongValues(all);
  if (wrong.length > 0) return wrong.slice(0, LINES_MAX);
  if (MYID_SENTENCE.test(sentence)) return [explainMyid(all)];
  if (dynamicFile !== null && STATIC_MEMBER_SENTENCE.test(sentence)) return [explainStaticMember(lines, dynamicFile)];
  return explainMentions(sentence, all, path).slice(0, LINES_MAX);
}

function readLines(path: string): readonly ConfigLine[] {
  // The sentence says already that it is not there, or no file.
  if (!existsSync(path)) return [];
  try {
    return configLines(path, readFileSync(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall !== undefined) return [];
    throw error;
  }
}

function wrongValues(lines: readonly ConfigLine[]): string[] {
  return lines.flatMap((line) => {
    const place = placeOf(line);
    if (line.value === null) return [`${place}: ${line.key}: four hexadecimal digits are expected behind \\u`];
    if (line.row === undefined || line.overriddenBy !== null) return [];
    const problem = checkValue(line.row, line.key, line.value);
    return problem?.isRefused === true ? [`${place}: ${shownPair(line)}: ${problem.text}`] : [];
  });
}

function explainMyid(lines: readonly ConfigLine[]): string {
  const ids = lines.filter(({ key }) => /^server\.\d+$/.test(key)).map(({ key }) => key.slice('server.'.length));
  const dataDir = lines.find(({ key }) => key === 'dataDir')?.value ?? '';
  const choice = ids.length === 0 ? 'the number of this server' : `this server's number (${ids.join(', ')})`;
  return `${join(dataDir, 'myid')}: one line with ${choice} is expected, and no blanks`;
}

/** Most often the file of a running member was copied, which reconfigurations have made two. */
function explainStaticMember(lines: readonly ConfigLine[], dynamicFile: string): string {
  const line = lines.find(({ key }) => isMembershipKey(key));
  const place = line === undefined ? '' : `${placeOf(line)}: ${shownPair(line)}: `;
  return `${place}the members stand in ${dynamicFile}: write this line there, or all of them here without dynamicConfigFile`;
}

/** Every key that the sentence names: where it stands, or that it stands nowhere. */
function explainMentions(sentence: string, lines: readonly ConfigLine[], path: string): string[] {
  const words = new Set(sentence.match(/[A-Za-z][\w.]*\w/g) ?? []);
  for (const [pattern, key] of KEYS_OF_SENTENCES) if (pattern.test(sentence)) words.add(key);
  const explained: string[] = [];
  for (const word of words) {
    const line = lines.findLast(({ key, row }) => key === word && row !== undefined);
    if (line?.row !== undefined) {
      const problem = checkValue(line.row, line.key, line.value ?? '');
      explained.push(`${placeOf(line)}: ${shownPair(line)}: ${problem?.text ?? line.row.sentence}`);
    } else if (sentence.includes(`${word} is not set`)) {
      const row = findConfigKey(word);
      if (row !== undefined) explained.push(`${path}: no line sets ${word}: ${expectationOf(row)} is expected`);
    }
  }
  return explained;
}
