// The syntax of zoo.cfg and of an ensemble's configuration: Java Properties, as java.util.Properties.load reads it from
// bytes (ISO-8859-1) or from a text.
//
// A pure function from bytes to pairs, used by the server's configuration, by the election, by zkServer and by tools, on
// whatever thread asks. It knows nothing about ZooKeeper's keys and it expands nothing: ${HOME} in a value stays ${HOME}.
// It must never guess: what Java would refuse (a broken \u escape) is refused here with Java's sentence.
//
//   natural line    a = b \          one line of the file
//                     c              a second one, joined to the first because of the odd number of backslashes
//   logical line    a = b c          what is split into key "a" and value "b c"

import { latin1 } from './utf8.js';

const TAB = 0x09;
const FORM_FEED = 0x0c;

/** Thrown for text that java.util.Properties refuses. Broken input of the operator, never a bug of ours. */
export class PropertiesSyntaxError extends Error {
  override readonly name = 'PropertiesSyntaxError';
}

/** Reads a whole properties file. Of a key given twice the last one wins, at the place of the first. */
export function parsePropertiesFile(bytes: Uint8Array): Map<string, string> {
  return parsePropertiesText(latin1(bytes, 0, bytes.length));
}

export function parsePropertiesText(text: string): Map<string, string> {
  const properties = new Map<string, string>();
  logicalLines(naturalLines(text), (line) => {
    const [key, value] = splitPair(line);
    properties.set(unescaped(key), unescaped(value));
  });
  return properties;
}

/** One pair as it stands in the file, for whoever has to say where something is wrong. */
export interface PropertyLine {
  /** Without the blanks around it, as ZooKeeper takes keys and values. */
  readonly key: string;
  /** Null: it has an escape that Java refuses. */
  readonly value: string | null;
  /** The first of its natural lines, from 1. */
  readonly line: number;
}

/** All of them, in the order of the file, also those that a later one of the same key overrides. */
export function propertyLines(text: string): PropertyLine[] {
  const found: PropertyLine[] = [];
  logicalLines(naturalLines(text), (joined, line) => {
    const [key, value] = splitPair(joined);
    try {
      found.push({ key: javaTrim(unescaped(key)), value: javaTrim(unescaped(value)), line });
    } catch (error) {
      if (!(error instanceof PropertiesSyntaxError)) throw error;
      found.push({ key: javaTrim(key), value: null, line });
    }
  });
  return found;
}

/** ZooKeeper's own step after Java's: keys and values lose the blanks (and control characters) around them. */
export function trimProperties(properties: ReadonlyMap<string, string>): Map<string, string> {
  const trimmed = new Map<string, string>();
  for (const [key, value] of properties) trimmed.set(javaTrim(key), javaTrim(value));
  return trimmed;
}

/** String.trim() of Java: everything up to and including U+0020 at both ends, and nothing else. */
export function javaTrim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text.charCodeAt(start) <= 0x20) start++;
  while (end > start && text.charCodeAt(end - 1) <= 0x20) end--;
  return text.slice(start, end);
}

function naturalLines(text: string): string[] {
  const lines = text.split(/\r\n|\r|\n/);
  if (lines[lines.length - 1] === '') lines.pop();
  return lines;
}

function logicalLines(lines: readonly string[], take: (line: string, firstLine: number) => void): void {
  let joined = '';
  let firstLine = 0;
  for (let i = 0; i < lines.length; i++) {
    const text = lines[i].slice(countBlanks(lines[i]));
    // As long as nothing has been joined this is the start of a logical line, even behind a lone backslash.
    if (joined === '' && (text[0] === '#' || text[0] === '!')) continue;
    if (joined === '') firstLine = i + 1;
    joined += text;
    const continues = endsInOddBackslashes(text);
    if (continues) joined = joined.slice(0, -1);
    if (continues && i < lines.length - 1) continue;
    // A backslash that ends the file continues nothing: what stands before it is the line. (Java makes a pair of two
    // empty strings of a lone one; nobody can mean that.)
    if (joined !== '') take(joined, firstLine);
    joined = '';
  }
}

function splitPair(line: string): readonly [key: string, value: string] {
  const keyEnd = endOfKey(line);
  return [line.slice(0, keyEnd), line.slice(startOfValue(line, keyEnd))];
}

function endOfKey(line: string): number {
  let escaped = false;
  for (let i = 0; i < line.length; i++) {
    const char = line[i];
    if (!escaped && (char === '=' || char === ':' || isBlank(line.charCodeAt(i)))) return i;
    escaped = char === '\\' && !escaped;
  }
  return line.length;
}

function startOfValue(line: string, keyEnd: number): number {
  let at = keyEnd + countBlanks(line, keyEnd);
  if (line[at] === '=' || line[at] === ':') {
    at++;
    at += countBlanks(line, at);
  }
  return at;
}

function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  let plain = '';
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== '\\') {
      plain += text[i];
      continue;
    }
    i++;
    const char = text[i];
    if (char === 'u') {
      const digits = text.slice(i + 1, i + 5);
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw new PropertiesSyntaxError('Malformed \\uxxxx encoding.');
      plain += String.fromCharCode(Number.parseInt(digits, 16));
      i += 4;
    } else {
      plain += CONTROL_ESCAPES.get(char) ?? char ?? '';
    }
  }
  return plain;
}

const CONTROL_ESCAPES: ReadonlyMap<string | undefined, string> = new Map([
  ['t', '\t'],
  ['n', '\n'],
  ['r', '\r'],
  ['f', '\f'],
]);

function endsInOddBackslashes(text: string): boolean {
  let count = 0;
  while (text[text.length - 1 - count] === '\\') count++;
  return count % 2 === 1;
}

function countBlanks(text: string, from = 0): number {
  let at = from;
  while (at < text.length && isBlank(text.charCodeAt(at))) at++;
  return at - from;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === TAB || code === FORM_FEED;
}
