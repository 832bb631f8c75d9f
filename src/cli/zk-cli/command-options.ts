// Takes the options out of a command's words. They may stand anywhere, together (-sw) or with their value attached
// (-v5, -v=5); "--" ends them. The two sentences for wrong ones carry Java class names: scripts have matched on them
// for years. Pure; it must never print, only throw.

import { CommandError } from './command-error.js';

export interface ParsedOptions {
  /** The words that are not options; [0] is the command. */
  readonly args: readonly string[];
  has(option: string): boolean;
  /** Of an option that takes a value; undefined when it was not given. */
  value(option: string): string | undefined;
  /** Which of these letters was given; undefined: none. Two of them are a mistake. */
  onlyOne(letters: string): string | undefined;
}

/** `flags` and `valued` are the letters of options without and with a value. */
export function parseOptions(words: readonly string[], flags: string, valued = ''): ParsedOptions {
  const args: string[] = [];
  const given = new Map<string, string>();
  let open: string | null = null; // an option that still waits for its value
  let onlyArgs = false;
  for (const word of words) {
    if (onlyArgs) {
      args.push(word);
    } else if (open !== null && isValue(word, flags + valued)) {
      setOnce(given, open, word);
      open = null;
    } else if (open !== null) {
      break;
    } else if (word === '--') {
      onlyArgs = true;
    } else if (word.length > 1 && word.startsWith('-')) {
      open = takeOptions(word, flags, valued, given);
    } else {
      args.push(word);
    }
  }
  if (open !== null) {
    throw new CommandError(`org.apache.commons.cli.MissingArgumentException: Missing argument for option: ${open}`);
  }
  return parsed(args, given);
}

/**
 * As parseOptions, for a command whose options have whole words for names (-add, or -add=value). Such letters as there
 * are cannot be joined.
 */
export function parseNamedOptions(
  words: readonly string[],
  flags: readonly string[],
  valued: readonly string[],
): ParsedOptions {
  const args: string[] = [];
  const given = new Map<string, string>();
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    if (word.length < 2 || !word.startsWith('-')) {
      args.push(word);
      continue;
    }
    const equals = word.indexOf('=');
    const name = word.slice(1, equals < 0 ? word.length : equals);
    if (flags.includes(name)) {
      setOnce(given, name, '');
    } else if (!valued.includes(name)) {
      throw new CommandError(`org.apache.commons.cli.UnrecognizedOptionException: Unrecognized option: ${word}`);
    } else if (equals >= 0) {
      setOnce(given, name, word.slice(equals + 1));
    } else {
      const value = words[++i];
      if (value === undefined || (value.startsWith('-') && [...flags, ...valued].includes(value.slice(1)))) {
        throw new CommandError(`org.apache.commons.cli.MissingArgumentException: Missing argument for option: ${name}`);
      }
      setOnce(given, name, value);
    }
  }
  return parsed(args, given);
}

function parsed(args: readonly string[], given: ReadonlyMap<string, string>): ParsedOptions {
  return {
    args,
    has: (option) => given.has(option),
    value: (option) => given.get(option),
    onlyOne: (letters) => {
      const [first, second] = [...given.keys()].filter((option) => letters.includes(option));
      if (second === undefined) return first;
      throw new CommandError(
        `org.apache.commons.cli.AlreadySelectedException: The option '${second}' was specified but an option from ` +
          `this group has already been selected: '${first}'`,
      );
    },
  };
}

/** Reads one word of options; returns the one whose value is the next word, null when there is none. */
function takeOptions(word: string, flags: string, valued: string, given: Map<string, string>): string | null {
  for (let i = 1; i < word.length; i++) {
    const letter = word[i] as string;
    if (flags.includes(letter)) {
      setOnce(given, letter, '');
    } else if (valued.includes(letter)) {
      const rest = word.slice(i + 1);
      if (rest === '') return letter;
      setOnce(given, letter, i === 1 && rest.startsWith('=') ? rest.slice(1) : rest);
      return null;
    } else {
      throw new CommandError(`org.apache.commons.cli.UnrecognizedOptionException: Unrecognized option: ${word}`);
    }
  }
  return null;
}

/** Given twice, the first counts. */
function setOnce(given: Map<string, string>, option: string, value: string): void {
  if (!given.has(option)) given.set(option, value);
}

/** Negative numbers are values although they look like options. */
function isValue(word: string, letters: string): boolean {
  if (word.length < 2 || !word.startsWith('-')) return true;
  return /^-(\d+\.?\d*|\.\d+)$/.test(word) || !letters.includes(word[1] as string);
}

const INT_MIN = -0x8000_0000;
const INT_MAX = 0x7fff_ffff;

/** A 32-bit number; what cannot be one fails with the sentence of Java's number parser, or with the given one. */
export function parseInt32(text: string, sentence = `For input string: "${text}"`): number {
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= INT_MIN && value <= INT_MAX)) throw new CommandError(sentence);
  return value;
}
