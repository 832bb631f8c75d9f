// The server's log: pino behind the Logger port of the actor runtime, in the line pattern that operators' tools match,
// or as pino's own JSON. The main thread has one for its start, and every thread makes its own for its actors; all
// write straight to stdout, so nothing waits in another thread's queue when the process ends. pino is loaded with the
// first line, since most workers never say one.
//
//   2026-11-22 04:26:00,123 [myid:1] - WARN  [sync:SyncRequestProcessor@-] - message {field=value}
//   └ local time ─────────┘                   └ thread   └ class or actor
//
// No configuration value is printed here unless somebody put it into a message: see start-banner.ts for what may be.
// A message never makes a second line: control characters in it are escaped, because clients choose paths.

import { createRequire } from 'node:module';
import type { Logger as PinoLogger } from 'pino';
import type { Logger } from '../actor/logger.js';
import { DescriptorDestination, type LogDestination } from './log-destination.js';
import type { LogFormat, LogLevel } from './server-config.js';
import { StartError } from './start-error.js';

/** Plain data, so that it can be handed to a worker. */
export interface LogSettings {
  readonly format: LogFormat;
  readonly level: LogLevel;
  /** Empty until the myid file has been read. */
  readonly myid: string;
}

const STDOUT = 1;
const PINO_LEVELS = { DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error', OFF: 'silent' } as const;
const METADATA = Symbol.for('pino.metadata');

export class ServerLog implements Logger {
  private readonly root: LogRoot;
  private readonly name: string;
  private child: PinoLogger | null = null;
  private childOf: PinoLogger | null = null;

  private constructor(root: LogRoot, name: string) {
    this.root = root;
    this.name = name;
  }

  static forThread(
    thread: string,
    name: string,
    settings: LogSettings,
    destination: LogDestination = new DescriptorDestination(STDOUT),
  ): ServerLog {
    return new ServerLog(new LogRoot(thread, settings, destination), name);
  }

  /** The same log under another class's name. */
  named(name: string): ServerLog {
    return new ServerLog(this.root, name);
  }

  /** Once the configuration is known. Counts for every log of this thread. */
  configure(settings: LogSettings): void {
    this.root.configure(settings);
  }

  debug(message: string, fields?: object): void {
    this.pino().debug(fields ?? null, message);
  }

  info(message: string, fields?: object): void {
    this.pino().info(fields ?? null, message);
  }

  warn(message: string, fields?: object): void {
    this.pino().warn(fields ?? null, message);
  }

  error(message: string, fields?: object): void {
    this.pino().error(fields ?? null, message);
  }

  private pino(): PinoLogger {
    const pino = this.root.pino();
    if (this.child === null || this.childOf !== pino) {
      this.child = pino.child({ logger: this.name });
      this.childOf = pino;
      this.root.names.set(this.child, this.name);
    }
    return this.child;
  }
}

/** What the logs of one thread share. */
class LogRoot {
  readonly names = new WeakMap<object, string>();
  private readonly thread: string;
  private readonly destination: LogDestination;
  private settings: LogSettings;
  private logger: PinoLogger | null = null;

  constructor(thread: string, settings: LogSettings, destination: LogDestination) {
    this.thread = thread;
    this.settings = settings;
    this.destination = destination;
  }

  configure(settings: LogSettings): void {
    this.settings = settings;
    this.logger = null;
  }

  pino(): PinoLogger {
    if (this.logger !== null) return this.logger;
    const { pino, stdSerializers } = createRequire(import.meta.url)('pino') as typeof import('pino');
    const { format, level, myid } = this.settings;
    const stream =
      format === 'json' ? this.destination : new PatternStream(this.thread, myid, this.names, this.destination);
    this.logger = pino(
      {
        level: PINO_LEVELS[level],
        base: { myid, thread: this.thread },
        serializers: { error: stdSerializers.errWithCause },
      },
      stream,
    );
    return this.logger;
  }
}

/** Makes ZooKeeper's line of what pino hands over beside its JSON; the JSON itself is let go. */
class PatternStream {
  readonly [METADATA] = true;
  // Set by pino before each write.
  lastLevel = 0;
  lastObj: Record<string, unknown> = {};
  lastMsg: string | undefined = '';
  lastTime = '';
  lastLogger: object = {};

  private readonly thread: string;
  private readonly myid: string;
  private readonly names: WeakMap<object, string>;
  private readonly destination: LogDestination;

  constructor(thread: string, myid: string, names: WeakMap<object, string>, destination: LogDestination) {
    this.thread = thread;
    this.myid = myid;
    this.names = names;
    this.destination = destination;
  }

  write(_json: string): void {
    const time = patternTime(new Date(Number(this.lastTime)));
    const name = this.names.get(this.lastLogger) ?? '';
    const head = `${time} [myid:${this.myid}] - ${levelName(this.lastLevel)} [${this.thread}:${name}@-] - `;
    this.destination.write(
      `${head}${singleLine(this.lastMsg ?? '')}${fieldsText(this.lastObj)}\n${errorLines(this.lastObj.error)}`,
    );
  }
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
  return level >= 30 ? 'INFO ' : 'DEBUG';
}

function fieldsText(fields: Record<string, unknown>): string {
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
