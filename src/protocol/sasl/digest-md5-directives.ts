/**
 * The directives of a DIGEST-MD5 message (RFC 2831, 7.1): `key=value` and `key="value"`, separated by commas and white space.
 * As liberal as Java's mechanism: empty elements, blanks round everything, keys in any case, quoted or not.
 *
 * Pure; both sides use it. Values are bytes, since two of them go into a hash as they are.
 */
import { latin1 } from '../../base/utf8.js';

export type Directives = ReadonlyMap<string, Uint8Array>;

/** Of the message as a whole; what goes beyond is not even looked at. */
const MESSAGE_BYTES_MAX = 4096;

const TAB = 9;
const LF = 10;
const CR = 13;
const BLANK = 32;
const QUOTE = 34;
const COMMA = 44;
const EQUALS = 61;
const BACKSLASH = 92;

/** What is wrong with a message as a whole; it tells of keys, never of values. */
export class DirectivesError extends Error {
  override readonly name = 'DirectivesError';
}

/** Keys are in lower case. Throws DirectivesError when it is no list of directives, or one comes twice. */
export function parseDirectives(message: Uint8Array): Directives {
  if (message.length > MESSAGE_BYTES_MAX) throw new DirectivesError(`a token of ${message.length} bytes`);
  const reader = new DirectiveReader(message);
  const directives = new Map<string, Uint8Array>();
  while (reader.toNextKey()) {
    const key = reader.readKey();
    // A last word without a value says nothing.
    if (key !== null && reader.atEnd) return directives;
    const value = key === null ? null : reader.readValue();
    if (key === null || value === null) throw new DirectivesError('a token that is no list of directives');
    if (directives.has(key)) throw new DirectivesError(`${key} stands in the token twice`);
    directives.set(key, value);
  }
  return directives;
}

class DirectiveReader {
  private readonly bytes: Uint8Array;
  private at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get atEnd(): boolean {
    return this.at >= this.bytes.length;
  }

  toNextKey(): boolean {
    while (!this.atEnd && isSeparator(this.bytes[this.at])) this.at++;
    return !this.atEnd;
  }

  /** Leaves the position behind the equals sign; at the end when there is none. Null: something else stands there. */
  readKey(): string | null {
    const begin = this.at;
    while (!this.atEnd && this.bytes[this.at] !== EQUALS && !isSeparator(this.bytes[this.at])) this.at++;
    const key = latin1(this.bytes, begin, this.at - begin).toLowerCase();
    if (this.atEnd) return key;
    this.skipBlanks();
    if (key === '' || this.bytes[this.at] !== EQUALS) return null;
    this.at++;
    this.skipBlanks();
    // An equals sign with nothing behind it promises a value.
    return this.atEnd ? null : key;
  }

  readValue(): Uint8Array | null {
    if (this.bytes[this.at] === QUOTE) return this.readQuoted();
    const begin = this.at;
    while (!this.atEnd && !isSeparator(this.bytes[this.at])) this.at++;
    return this.bytes.slice(begin, this.at);
  }

  private readQuoted(): Uint8Array | null {
    const value: number[] = [];
    for (this.at++; !this.atEnd; this.at++) {
      let byte = this.bytes[this.at] as number;
      if (byte === QUOTE) {
        this.at++;
        return this.atEnd || isSeparator(this.bytes[this.at]) ? Uint8Array.from(value) : null;
      }
      if (byte === BACKSLASH) {
        this.at++;
        if (this.atEnd) return null;
        byte = this.bytes[this.at] as number;
      }
      value.push(byte);
    }
    return null;
  }

  private skipBlanks(): void {
    while (!this.atEnd && isBlank(this.bytes[this.at])) this.at++;
  }
}

function isBlank(byte: number | undefined): boolean {
  return byte === BLANK || byte === TAB || byte === CR || byte === LF;
}

function isSeparator(byte: number | undefined): boolean {
  return byte === COMMA || isBlank(byte);
}
