// Reads single settings by the table of config-keys.ts: from the pairs of the configuration file and from properties,
// each in its regime. Used by server-config.ts on the main thread, once, while the server starts; what comes out is a
// plain frozen object, and nobody keeps a Settings to read from later.
// It must never let a default stand anywhere else than in the table.

import { assert } from '../base/assert.js';
import {
  type ConfigKeyName,
  type ConfigKeyNameOf,
  configKey,
  findConfigKey,
  KEYS_BY_ALIAS,
  propertiesOf,
} from './config-keys.js';
import { ConfigError } from './start-error.js';

/** A value that cannot be read. Where it stood is added by whoever read the file. */
export class BadValueError extends Error {
  override readonly name = 'BadValueError';
}

const INT_MIN = -(2 ** 31);
const INT_MAX = 2 ** 31 - 1;

export class Settings {
  private readonly file: ReadonlyMap<string, string>;
  /** -D options, and over them every key of the file that the parser itself does not consume, as `zookeeper.<key>`. */
  readonly properties: ReadonlyMap<string, string>;

  constructor(file: ReadonlyMap<string, string>, options: ReadonlyMap<string, string>) {
    this.file = file;
    const properties = new Map(options);
    for (const [name, value] of file) {
      if (name === 'metricsProvider.className' || name.startsWith('metricsProvider.')) continue;
      const key = findConfigKey(name);
      const consumed = key?.regime.startsWith('strict') === true;
      if (!consumed) properties.set(`zookeeper.${name}`, value);
    }
    // As if it had been written under its own name, unless it was: the file is stronger than -D under any name.
    for (const [alias, { name }] of KEYS_BY_ALIAS) {
      const value = file.has(name) ? undefined : (file.get(alias) ?? aliasOption(options, alias, name));
      if (value !== undefined) properties.set(`zookeeper.${name}`, value);
    }
    this.properties = properties;
  }

  /** 0 when it is not set and has no default: no strict key means anything by 0 but "unset". */
  strictInt(name: ConfigKeyNameOf<'strict-int'>): number {
    return parseStrictInt(this.file.get(name) ?? (configKey(name).default || '0'));
  }

  strictBool(name: ConfigKeyNameOf<'strict-bool'>): boolean {
    const text = this.file.get(name) ?? configKey(name).default;
    const lower = text.toLowerCase();
    if (lower !== 'true' && lower !== 'false') {
      throw new ConfigError(`Invalid option ${text} for ${name}. Choose 'true' or 'false.'`);
    }
    return lower === 'true';
  }

  strictText(name: ConfigKeyNameOf<'strict-text'>): string | null {
    return this.file.get(name) || configKey(name).default || null;
  }

  lenientInt(name: ConfigKeyNameOf<'lenient-int'>, fallback?: number): number {
    return this.lenientNumber(name, fallback, INT_MIN, INT_MAX);
  }

  lenientLong(name: ConfigKeyNameOf<'lenient-long'>, fallback?: number): number {
    return this.lenientNumber(name, fallback, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  }

  lenientBool(name: ConfigKeyNameOf<'lenient-bool'>): boolean {
    return this.propertyText(name).toLowerCase() === 'true';
  }

  /** A plain decimal number; anything else refuses to start, as the reference then fails to load. */
  decimal(name: ConfigKeyNameOf<'decimal'>): number {
    const text = this.propertyText(name).trim();
    if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) {
      throw new ConfigError(`Invalid value ${text} for ${name}. A decimal number is needed.`);
    }
    return Number(text);
  }

  /** True: the switch has been moved away from its default, by exactly its one word. */
  switched(name: ConfigKeyNameOf<'switch'>): boolean {
    const key = configKey(name);
    assert(key.word !== undefined, 'a switch has a word');
    return this.propertyText(name) === key.word;
  }

  text(name: ConfigKeyNameOf<'text'>): string {
    return this.propertyText(name);
  }

  choice<const C extends string>(name: ConfigKeyNameOf<'choice'>, choices: readonly C[]): C {
    const text = this.propertyText(name);
    const found = choices.find((choice) => choice.toLowerCase() === text.toLowerCase());
    if (found === undefined) throw new ConfigError(`Invalid option ${text} for ${name}. Choose ${oneOf(choices)}.`);
    return found;
  }

  countOrAuto(name: ConfigKeyNameOf<'count'>, countMax: number): number | 'auto' {
    const text = this.propertyText(name);
    if (text.toLowerCase() === 'auto') return 'auto';
    const count = /^[1-9]\d{0,8}$/.test(text) ? Number(text) : 0;
    if (count >= 1 && count <= countMax) return count;
    throw new ConfigError(`Invalid option ${text} for ${name}. Choose auto or a number from 1 to ${countMax}.`);
  }

  /** Whether anybody has said it, be it the default; of keys that the file or -D may carry. */
  isSet(name: ConfigKeyName): boolean {
    return propertiesOf(configKey(name)).some((property) => this.properties.has(property));
  }

  private lenientNumber(name: ConfigKeyName, fallback: number | undefined, min: number, max: number): number {
    const defaultNumber = fallback ?? decodeLenientInteger(configKey(name).default, min, max);
    assert(defaultNumber !== null, 'a number has a default, in the table or from the caller');
    return decodeLenientInteger(this.propertyText(name), min, max) ?? defaultNumber;
  }

  private propertyText(name: ConfigKeyName): string {
    const key = configKey(name);
    for (const property of propertiesOf(key)) {
      const value = this.properties.get(property);
      if (value !== undefined) return value;
    }
    return key.default;
  }
}

function aliasOption(options: ReadonlyMap<string, string>, alias: string, name: string): string | undefined {
  return options.has(`zookeeper.${name}`) ? undefined : options.get(`zookeeper.${alias}`);
}

/** Integer.parseInt: an optional sign and decimal digits. The sentence is Java's, since operators search for it. */
export function parseStrictInt(text: string): number {
  const number = parseDecimal(text);
  if (number === null || number < INT_MIN || number > INT_MAX) throw new BadValueError(`For input string: "${text}"`);
  return number;
}

/** Long.parseLong, as far as numbers are exact here: server ids. */
export function parseStrictLong(text: string): number {
  const number = parseDecimal(text);
  if (number === null || !Number.isSafeInteger(number)) throw new BadValueError(`For input string: "${text}"`);
  return number;
}

/** Integer.decode / Long.decode: decimal, 0x and # hexadecimal, leading 0 octal. Null: not such a number. */
export function decodeLenientInteger(text: string, min: number, max: number): number | null {
  const match = /^([+-]?)(?:(?:0[xX]|#)([0-9a-fA-F]+)|0([0-7]+)|([1-9]\d*|0))$/.exec(text);
  if (match === null) return null;
  const [, sign, hex, octal, decimal] = match;
  const magnitude = hex !== undefined ? Number.parseInt(hex, 16) : Number.parseInt(octal ?? decimal, octal ? 8 : 10);
  const number = sign === '-' ? -magnitude : magnitude;
  return number >= min && number <= max ? number : null;
}

function parseDecimal(text: string): number | null {
  return /^[+-]?\d+$/.test(text) ? Number(text) : null;
}

function oneOf(choices: readonly string[]): string {
  return `${choices.slice(0, -1).join(', ')} or ${choices[choices.length - 1]}`;
}
