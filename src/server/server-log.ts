// The server's log: pino behind the Logger port of the actor runtime, in the line pattern that operators' tools match
// (log-pattern.ts), or as pino's own JSON. The main thread has one for its start, and every thread makes its own for its actors;
// all write straight to the console or the file, so nothing waits in another thread's queue when the process ends. pino is
// loaded with the first line, since most workers never say one. An embedded server's goes to the logger of its program instead.
//
// No configuration value is printed here unless somebody put it into a message: see start-banner.ts for what may be.

import { createRequire } from 'node:module';
import type { Logger as PinoLogger } from 'pino';
import type { Logger } from '../actor/logger.js';
import { DescriptorDestination, type LogDestination } from './log-destination.js';
import { patternLine } from './log-pattern.js';
import { LEVEL_NUMBERS, type LogLevel, type LogSettings } from './log-settings.js';
import { createLogMemory, LogSwitch } from './log-switch.js';
import { RollingDestination } from './rolling-destination.js';

const STDOUT = 1;
const METADATA = Symbol.for('pino.metadata');
const { DEBUG, INFO, WARN, ERROR, OFF } = LEVEL_NUMBERS;

export class ServerLog implements Logger {
  private readonly root: LogRoot;
  private readonly name: string;
  private seenSwitch: LogSwitch | null = null;
  private seenVersion = -1;
  private level: number = OFF;

  private constructor(root: LogRoot, name: string) {
    this.root = root;
    this.name = name;
  }

  static forThread(
    thread: string,
    name: string,
    settings: LogSettings,
    console: LogDestination = new DescriptorDestination(STDOUT),
  ): ServerLog {
    return new ServerLog(new LogRoot(thread, settings, console, null), name);
  }

  /** What an embedded server says, to its program. */
  static into(logger: Logger, settings: LogSettings): ServerLog {
    return new ServerLog(new LogRoot('', settings, new DescriptorDestination(STDOUT), logger), '');
  }

  /** The same log under another class's name. */
  named(name: string): ServerLog {
    return new ServerLog(this.root, name);
  }

  /** Once the configuration is known. Counts for every log of this thread. */
  configure(settings: LogSettings): void {
    this.root.configure(settings);
  }

  /** Levels as they are now, for every thread of the server. */
  get levels(): LogSwitch {
    return this.root.levels;
  }

  debug(message: string, fields?: object): void {
    if (this.passes(DEBUG)) this.root.loggerOf(this.name).debug(message, fields);
  }

  info(message: string, fields?: object): void {
    if (this.passes(INFO)) this.root.loggerOf(this.name).info(message, fields);
  }

  warn(message: string, fields?: object): void {
    if (this.passes(WARN)) this.root.loggerOf(this.name).warn(message, fields);
  }

  error(message: string, fields?: object): void {
    if (this.passes(ERROR)) this.root.loggerOf(this.name).error(message, fields);
  }

  private passes(level: number): boolean {
    const { levels } = this.root;
    const version = levels.version;
    if (version !== this.seenVersion || levels !== this.seenSwitch) {
      this.level = levels.levelOf(this.name);
      this.seenSwitch = levels;
      this.seenVersion = version;
    }
    return level >= this.level;
  }
}

/** What the logs of one thread share. */
class LogRoot {
  levels: LogSwitch;
  private readonly thread: string;
  private readonly console: LogDestination;
  private readonly foreign: Logger | null;
  private settings: LogSettings;
  private memory: SharedArrayBuffer;
  private readonly loggers = new Map<string, Logger>();
  private readonly names = new WeakMap<object, string>();
  private pino: PinoLogger | null = null;

  constructor(thread: string, settings: LogSettings, console: LogDestination, foreign: Logger | null) {
    this.thread = thread;
    this.console = console;
    this.foreign = foreign;
    this.settings = settings;
    [this.memory, this.levels] = switchOf(settings);
  }

  configure(settings: LogSettings): void {
    this.settings = settings;
    [this.memory, this.levels] = switchOf(settings);
    this.pino = null;
    this.loggers.clear();
  }

  loggerOf(name: string): Logger {
    if (this.foreign !== null) return this.foreign;
    let logger = this.loggers.get(name);
    if (logger === undefined) {
      logger = this.overPino(name);
      this.loggers.set(name, logger);
    }
    return logger;
  }

  private overPino(name: string): Logger {
    this.pino ??= this.makePino();
    const child = this.pino.child({ logger: name });
    this.names.set(child, name);
    return {
      debug: (message, fields) => child.debug(fields ?? null, message),
      info: (message, fields) => child.info(fields ?? null, message),
      warn: (message, fields) => child.warn(fields ?? null, message),
      error: (message, fields) => child.error(fields ?? null, message),
    };
  }

  private makePino(): PinoLogger {
    const { pino, stdSerializers } = createRequire(import.meta.url)('pino') as typeof import('pino');
    const { myid } = this.settings;
    return pino(
      {
        level: 'trace',
        base: { myid, thread: this.thread },
        serializers: { error: stdSerializers.errWithCause },
      },
      new LineStream(this.settings, this.thread, this.names, this.outlets()),
    );
  }

  private outlets(): Outlet[] {
    const { console, file } = this.settings;
    const outlets: Outlet[] = [];
    if (console !== null) outlets.push(outlet(console, this.console));
    if (file !== null) outlets.push(outlet(file.level, new RollingDestination(file, this.memory, this.console)));
    return outlets;
  }
}

/** A thread without the shared memory has levels of its own: those that it was given. */
function switchOf(settings: LogSettings): [SharedArrayBuffer, LogSwitch] {
  const memory = settings.memory ?? createLogMemory();
  const levels = new LogSwitch(memory);
  if (settings.memory === null || levels.version === 0) levels.setAll(settings.level, settings.levels);
  return [memory, levels];
}

interface Outlet {
  readonly level: number;
  readonly destination: LogDestination;
}

function outlet(level: LogLevel, destination: LogDestination): Outlet {
  return { level: LEVEL_NUMBERS[level], destination };
}

/** Takes what pino has made, or makes the pattern's line of what pino hands over beside its JSON. */
class LineStream {
  readonly [METADATA] = true;
  // Set by pino before each write.
  lastLevel = 0;
  lastObj: Record<string, unknown> = {};
  lastMsg: string | undefined = '';
  lastTime = '';
  lastLogger: object = {};

  private readonly settings: LogSettings;
  private readonly thread: string;
  private readonly names: WeakMap<object, string>;
  private readonly outlets: readonly Outlet[];

  constructor(settings: LogSettings, thread: string, names: WeakMap<object, string>, outlets: readonly Outlet[]) {
    this.settings = settings;
    this.thread = thread;
    this.names = names;
    this.outlets = outlets;
  }

  write(json: string): void {
    const text = this.settings.format === 'json' ? json : this.pattern();
    for (const { level, destination } of this.outlets) if (this.lastLevel >= level) destination.write(text);
  }

  private pattern(): string {
    return patternLine({
      timeMs: Number(this.lastTime),
      myid: this.settings.myid,
      level: this.lastLevel,
      thread: this.thread,
      logger: this.names.get(this.lastLogger) ?? '',
      message: this.lastMsg ?? '',
      fields: this.lastObj,
    });
  }
}
