// The text of a log line in the pattern that operators' tools match (operations 10.1):
//
//   2026-11-22 04:26:00,123 [myid:1] - WARN  [sync:SyncRequestProcessor@-] - message {field=value}
//   └ local time ─────────┘                   └ thread   └ class or actor
//
// Pure. A message never makes a second line: control characters in it are escaped, because clients choose paths.

import { StartError } from './start-error.js';

export interface LogLine {
  readonly timeMs: number;
  readonly myid: string;
  readonly level: number;
  readonly thread: string;
  readonly logger: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export function patternLine(line: LogLine): string {
  const { myid, thread, logger, fields } = line;
  const head = `${patternTime(new Date(line.timeMs))} [myid:${myid}] - ${levelName(line.level)} [${thread}:${logger}@-] - `;
  return `${head}${singleLine(line.message)}${fieldsText(fields)}\n${errorLines(fields.error)}`;
}

/** yyyy-MM-dd HH:mm:ss,SSS in the local time zone. */
export function patternTime(date: Date): string {
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${clock},${String(date.getMilliseconds()).padStart(3, '0')}`;
}

function levelName(level: number): string {
  if (level >= 50) return 'ERROR';
  if (level >= 40) return 'WARN ';
  if (level >= 30) return 'INFO ';
  return level >= 20 ? 'DEBUG' : 'TRACE';
}

function fieldsText(fields: Readonly<Record<string, unknown>>): string {
  const words: string[] = [];
  for (const [key, value] of Object.entries(fields)) {
    if (key !== 'error' && value !== undefined) words.push(`${key}=${singleLine(fieldText(value))}`);
  }
  return words.length === 0 ? '' : ` {${words.join(', ')}}`;
}

function fieldText(value: unknown): string {
  if (value instanceof Error) return value.message;
  return typeof value === 'object' && value !== null ? (JSON.stringify(value) ?? '') : String(value);
}

/** An error the operator can mend shows what and why; any other one shows where. */
function errorLines(error: unknown): string {
  if (error === undefined || error === null) return '';
  const expected = error instanceof StartError;
  let lines = '';
  let prefix = '';
  for (let at: unknown = error, depth = 0; at !== undefined && at !== null && depth < 8; depth++) {
    if (!(at instanceof Error)) return `${lines}${prefix}${singleLine(String(at))}\n`;
    lines += expected
      ? `${prefix}${at.name}: ${singleLine(at.message)}\n`
      : `${prefix}${at.stack ?? `${at.name}: ${at.message}`}\n`;
    prefix = 'Caused by: ';
    at = at.cause;
  }
  return lines;
}

function singleLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]/g, (char) => {
    const named = { '\n': '\\n', '\r': '\\r' }[char];
    return named ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
