// The four-letter words: recognising one in the first bytes of a connection, whether it may be answered, and the
// answer. Pure functions; the connection that read the word logs it, sends the text and closes, and carries out the
// effect. `recognise` runs on the connections' threads and does not allocate; answers are made where the status is.
//
//   connection       recognise(first 4 bytes) -> word, or null: then they are the length of a frame
//   whoever answers  needs(word)              -> which part of the status is worth gathering
//                    answer(word, ...)        -> text (null: close without a word) and an effect
//
// An answer that may be long comes in pieces, made while they are sent.

import { readInt32 } from '../base/bytes.js';
import { conf } from './four-letter-words/conf.js';
import { cons } from './four-letter-words/cons.js';
import { dump } from './four-letter-words/dump.js';
import { envi } from './four-letter-words/envi.js';
import { hash } from './four-letter-words/hash.js';
import { srvr } from './four-letter-words/srvr.js';
import { stat } from './four-letter-words/stat.js';
import { wchc, wchp, wchs } from './four-letter-words/watches.js';
import type { ServerStatus } from './status/server-status.js';

/** What an answer shows beyond whether the server is serving. */
export type Need =
  | 'nothing'
  | 'figures'
  | 'connections'
  | 'digests'
  | 'directories'
  | 'settings'
  | 'sessions'
  | 'watch-counts'
  | 'watches'
  | 'watches-by-path'
  | 'monitor';

const NEEDS = {
  conf: 'settings',
  cons: 'connections',
  crst: 'nothing',
  dirs: 'directories',
  dump: 'sessions',
  envi: 'nothing',
  gtmk: 'nothing',
  hash: 'digests',
  isro: 'nothing',
  mntr: 'monitor',
  ruok: 'nothing',
  srst: 'nothing',
  srvr: 'figures',
  stat: 'connections',
  stmk: 'nothing',
  wchc: 'watches',
  wchp: 'watches-by-path',
  wchs: 'watch-counts',
} as const satisfies Record<string, Need>;

export type FourLetterWord = keyof typeof NEEDS;
/** What Ctrl-C in telnet sends (FF F4 FF FD): known, and answered by closing. */
export type TelnetClose = 'telnet close';

export const FOUR_LETTER_WORDS = Object.keys(NEEDS) as readonly FourLetterWord[];
/** Length of the number behind `stmk`. */
export const STMK_PAYLOAD_BYTES = 8;

const TELNET_CLOSE = 0xfff4fffd | 0;
const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests';

/** By the first four bytes as one big-endian number. Filled once; looking up does not allocate. */
const WORDS_BY_NUMBER: ReadonlyMap<number, FourLetterWord | TelnetClose> = new Map<
  number,
  FourLetterWord | TelnetClose
>([
  ...FOUR_LETTER_WORDS.map((word): [number, FourLetterWord] => [numberOf(word), word]),
  [TELNET_CLOSE, 'telnet close'],
]);

/** The word that starts at `offset`, where four bytes must be; null if they are the length of a frame. */
export function recognise(bytes: Uint8Array, offset = 0): FourLetterWord | TelnetClose | null {
  return WORDS_BY_NUMBER.get(readInt32(bytes, offset)) ?? null;
}

/** The same for four bytes that were read as a big-endian int already. */
export function recogniseNumber(number: number): FourLetterWord | TelnetClose | null {
  return WORDS_BY_NUMBER.get(number) ?? null;
}

export function needs(word: FourLetterWord | TelnetClose): Need {
  return word === 'telnet close' ? 'nothing' : NEEDS[word];
}

/** Which words are enabled: the setting `4lw.commands.whitelist`, read once. */
export class FourLetterWhitelist {
  /** In the order the operator wrote them. May hold words that nobody knows. */
  readonly words: readonly string[];
  private readonly enabled: ReadonlySet<string>;

  constructor(setting: string, readOnlyModeEnabled: boolean) {
    const enabled = new Set<string>();
    for (const text of setting.split(',')) {
      const word = text.trim();
      if (word === '*') for (const known of FOUR_LETTER_WORDS) enabled.add(known);
      else if (word !== '') enabled.add(word);
    }
    if (readOnlyModeEnabled) enabled.add('isro');
    // Clients and zkServer status rely on it, so it cannot be switched off.
    enabled.add('srvr');
    this.enabled = enabled;
    this.words = [...enabled];
  }

  allows(word: FourLetterWord): boolean {
    return this.enabled.has(word);
  }

  /** For the log, with the first word received. */
  logLine(): string {
    return `The list of enabled four letter word commands is : [[${this.words.join(', ')}]]`;
  }
}

/** Known words and their numbers, for the log with the first word received. */
export function knownWordsLine(): string {
  const words = [...WORDS_BY_NUMBER].map(([number, word]) => `${number}=${word}`);
  return `The list of known four letter word commands is : [{${words.join(', ')}}]`;
}

export type FourLetterEffect =
  | { readonly kind: 'none' }
  | { readonly kind: 'reset-server-statistics' }
  | { readonly kind: 'reset-connection-statistics' }
  | { readonly kind: 'set-trace-mask'; readonly mask: bigint };

export interface FourLetterAnswer {
  /** In pieces if it may be long. Null: close without a reply. */
  readonly text: string | Iterable<string> | null;
  readonly effect: FourLetterEffect;
}

const NO_EFFECT: FourLetterEffect = { kind: 'none' };

/** `payload` is what came behind the word in the same read; only `stmk` looks at it. */
export function answer(
  word: FourLetterWord | TelnetClose,
  whitelist: FourLetterWhitelist,
  status: ServerStatus,
  payload: Uint8Array,
): FourLetterAnswer {
  if (word === 'telnet close') return textOnly(null);
  if (!whitelist.allows(word)) return textOnly(notEnabledText(word));
  switch (word) {
    case 'ruok':
      return textOnly('imok');
    case 'envi':
      return textOnly(envi(status));
    case 'gtmk':
      return textOnly(String(status.traceMask));
    case 'stmk':
      return setTraceMask(payload);
    case 'hash':
      return textOnly(status.serving ? hash(status) : NOT_SERVING);
    case 'isro':
      return textOnly(!status.serving ? 'null' : status.mode === 'read-only' ? 'ro' : 'rw');
    default:
      return status.serving ? answerServing(word, status) : textOnly(`${NOT_SERVING}\n`);
  }
}

export function notEnabledText(word: FourLetterWord): string {
  return `${word} is not executed because it is not in the whitelist.\n`;
}

function answerServing(word: FourLetterWord, status: ServerStatus): FourLetterAnswer {
  const { dataDirBytes, dataLogDirBytes } = status.directories;
  switch (word) {
    case 'srvr':
      return textOnly(srvr(status));
    case 'stat':
      return textOnly(stat(status));
    case 'cons':
      return textOnly(cons(status));
    case 'conf':
      return textOnly(conf(status));
    case 'dirs':
      return textOnly(`datadir_size: ${dataDirBytes}\nlogdir_size: ${dataLogDirBytes}\n`);
    case 'crst':
      return { text: 'Connection stats reset.\n', effect: { kind: 'reset-connection-statistics' } };
    case 'dump':
      return textOnly(dump(status));
    case 'wchs':
      return textOnly(wchs(status));
    case 'wchc':
      return textOnly(wchc(status));
    case 'wchp':
      return textOnly(wchp(status));
    case 'mntr':
      return textOnly(status.monitor ?? notEnabledText(word));
    case 'srst':
      return { text: 'Server stats reset.\n', effect: { kind: 'reset-server-statistics' } };
    default:
      return textOnly(notEnabledText(word));
  }
}

function setTraceMask(payload: Uint8Array): FourLetterAnswer {
  if (payload.length < STMK_PAYLOAD_BYTES) return textOnly(null);
  const high = BigInt(readInt32(payload, 0));
  const low = BigInt(readInt32(payload, 4) >>> 0);
  const mask = (high << 32n) | low;
  return { text: String(mask), effect: { kind: 'set-trace-mask', mask } };
}

function textOnly(text: FourLetterAnswer['text']): FourLetterAnswer {
  return { text, effect: NO_EFFECT };
}

function numberOf(word: string): number {
  let number = 0;
  for (let i = 0; i < 4; i++) number = (number << 8) | word.charCodeAt(i);
  return number;
}
