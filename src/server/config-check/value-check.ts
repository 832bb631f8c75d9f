// Whether a value is one that its key can have, by the key's row in the table: what was expected, in words, and what happens
// instead. Pure.
// The server itself reads by the same rules in settings.ts; here they are put into words for a person.

import { QuorumConfigError } from '../../election/member-text.js';
import { type ConfigKey, findConfigKey } from '../config-keys.js';
import { parseQuorumConfig } from '../quorum-config.js';
import { BadValueError, decodeLenientInteger, parseStrictInt } from '../settings.js';
import { ConfigError } from '../start-error.js';

export interface ValueProblem {
  /** True: the server does not start with it. */
  readonly isRefused: boolean;
  /** `a port from 0 to 65535 is expected` */
  readonly text: string;
}

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** What may stand behind the key: `a whole number of ms, at least 1`. */
export function expectationOf(row: ConfigKey): string {
  switch (row.regime) {
    case 'strict-int':
    case 'lenient-int':
    case 'lenient-long':
      if (row.unit === 'port') return `a port${rangeOf(row)}`;
      return `a whole number${unitOf(row)}${rangeOf(row)}`;
    case 'decimal':
      return `a decimal number${unitOf(row)}${rangeOf(row)}`;
    case 'strict-bool':
    case 'lenient-bool':
      return 'true or false';
    case 'switch':
      return `${row.default} or ${row.word}`;
    case 'count':
      return `auto or a number${rangeOf(row)}`;
    case 'pattern':
      return PATTERNS[row.name] ?? 'a text';
    default:
      return row.unit === 'path' ? 'a path' : row.unit === 'host' ? 'a host name or address' : 'a text';
  }
}

const PATTERNS: Readonly<Record<string, string>> = {
  'server.N': 'server.<number>=host:quorumPort:electionPort[:participant|observer][;[host:]clientPort]',
  'group.N': 'group.<number>=id[:id...]',
  'weight.N': 'weight.<id>=a whole number',
};

/** Null: the value is right. */
export function checkValue(row: ConfigKey, key: string, value: string): ValueProblem | null {
  const expected = `${expectationOf(row)} is expected`;
  switch (row.regime) {
    case 'strict-int':
      return checkStrictInt(row, value, expected);
    case 'strict-bool':
      return /^(true|false)$/i.test(value) ? null : { isRefused: true, text: expected };
    case 'lenient-int':
    case 'lenient-long':
      return checkLenientNumber(row, value, expected);
    case 'decimal':
      if (!DECIMAL.test(value)) return { isRefused: true, text: expected };
      return outOfRange(row, Number(value)) ? { isRefused: false, text: expected } : null;
    case 'lenient-bool':
      if (/^(true|false)$/i.test(value)) return null;
      return { isRefused: false, text: `${expected}; everything but true is taken for false` };
    case 'switch':
      if (value === row.default || value === row.word) return null;
      return { isRefused: false, text: `${expected}, exactly so; anything else is taken for ${row.default}` };
    case 'pattern':
      return checkMembership(key, value, expected);
    default:
      return null;
  }
}

function checkStrictInt(row: ConfigKey, value: string, expected: string): ValueProblem | null {
  try {
    const number = parseStrictInt(value);
    return outOfRange(row, number) ? { isRefused: row.unit === 'port', text: expected } : null;
  } catch (error) {
    if (error instanceof BadValueError) return { isRefused: true, text: expected };
    throw error;
  }
}

function checkLenientNumber(row: ConfigKey, value: string, expected: string): ValueProblem | null {
  const bound = row.regime === 'lenient-int' ? 2 ** 31 : Number.MAX_SAFE_INTEGER;
  const number = decodeLenientInteger(value, -bound, bound - 1);
  if (number === null) {
    return { isRefused: false, text: `${expected}; it is passed over${row.default && `, and ${row.default} is used`}` };
  }
  return outOfRange(row, number) ? { isRefused: row.unit === 'port', text: expected } : null;
}

/** One line by itself: what it says beside others is the whole configuration's business. */
function checkMembership(key: string, value: string, expected: string): ValueProblem | null {
  if (findConfigKey(key)?.name !== 'server.N') return null;
  try {
    parseQuorumConfig(new Map([[key, value]]), true);
    return null;
  } catch (error) {
    if (error instanceof BadValueError || error instanceof ConfigError || error instanceof QuorumConfigError) {
      return { isRefused: true, text: `${error.message}; ${expected}` };
    }
    throw error;
  }
}

function outOfRange({ min, max }: ConfigKey, number: number): boolean {
  return (min !== undefined && number < min) || (max !== undefined && number > max);
}

function unitOf({ unit }: ConfigKey): string {
  return unit === '' ? '' : ` of ${unit}`;
}

function rangeOf({ min, max, unit }: ConfigKey): string {
  if (min !== undefined && max !== undefined) return `${unit === 'port' ? '' : ','} from ${min} to ${max}`;
  if (min !== undefined) return `, at least ${min}`;
  return max === undefined ? '' : `, at most ${max}`;
}
