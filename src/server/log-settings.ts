// How the log is set up: levels, the console, a rolling file. Made by the main thread from properties, ZOO_LOG4J_PROP and a logback.xml
// or log4j.properties beside zoo.cfg (operations 10.2); plain data, handed to every thread.
//
// Stronger words first: console.threshold, log.threshold, log.file and their kind; zookeeper.root.logger; ZOO_LOG4J_PROP; the file in
// conf. `LEVEL,CONSOLE,ROLLINGFILE` says the root's level and where lines go; without it they go to the console.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LoggingFile, parseLog4jProperties, parseLogbackXml } from './logging-file.js';

export const LOG_LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'OFF'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const LOG_FORMATS = ['pattern', 'json'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** pino's. */
export const LEVEL_NUMBERS: Readonly<Record<LogLevel, number>> = {
  TRACE: 10,
  DEBUG: 20,
  INFO: 30,
  WARN: 40,
  ERROR: 50,
  OFF: 100,
};

export interface LogFileSettings {
  readonly path: string;
  readonly bytesMax: number;
  readonly backupCount: number;
  /** What is below it does not go into the file. */
  readonly level: LogLevel;
}

export interface LogSettings {
  readonly format: LogFormat;
  /** Empty until the myid file has been read. */
  readonly myid: string;
  /** Of all loggers that have none of their own. */
  readonly level: LogLevel;
  readonly levels: Readonly<Record<string, LogLevel>>;
  /** What is below it does not go to the console; null: nothing does. */
  readonly console: LogLevel | null;
  readonly file: LogFileSettings | null;
  /** Shared by all threads (log-switch.ts); null: levels stay as they are. */
  readonly memory: SharedArrayBuffer | null;
  /** What threads say goes to the main thread, whose log is not this server's own. */
  readonly toMainThread: boolean;
}

export const CONSOLE_ONLY: LogSettings = {
  format: 'pattern',
  myid: '',
  level: 'INFO',
  levels: {},
  console: 'TRACE',
  file: null,
  memory: null,
  toMainThread: false,
};

export interface LogInput {
  /** Every property by its full name. */
  readonly properties: ReadonlyMap<string, string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where a logging file may be; null: nowhere. */
  readonly configDir: string | null;
}

const FILE_BYTES_MAX = 256 << 20;
const BACKUP_COUNT = 20;
const LOG_FILE = 'zookeeper.log';

/** Whatever cannot be understood is as if it were not there: a log is no reason not to start. */
export function readLogSettings(input: LogInput): LogSettings {
  const { properties } = input;
  const text = (name: string): string | undefined => properties.get(`zookeeper.${name}`);
  const found = readLoggingFile(input);
  const rootWords = firstRoot(properties.get('zookeeper.root.logger'), input.env.ZOO_LOG4J_PROP, found?.root);
  const appenders = rootWords.appenders.length > 0 ? rootWords.appenders : ['CONSOLE'];
  const consoleThreshold = levelOf(text('console.threshold'));
  const fileThreshold = levelOf(text('log.threshold'));
  const toFile = appenders.includes('ROLLINGFILE') || found?.fileAppender !== undefined;
  const toConsole = appenders.includes('CONSOLE') || !toFile;
  const told = [rootWords.level, toConsole ? consoleThreshold : null, toFile ? fileThreshold : null].filter(
    (level) => level !== null,
  );
  // One destination needs no threshold of its own, and then a logger's level may be changed below it.
  const both = toFile && toConsole;
  const level = both || told.length === 1 ? lowest(told) : (consoleThreshold ?? fileThreshold ?? lowest(told));
  return {
    ...CONSOLE_ONLY,
    format: LOG_FORMATS.find((f) => f === formatText(properties)) ?? 'pattern',
    level,
    levels: Object.fromEntries(
      Object.entries(found?.loggers ?? {}).flatMap(([name, at]) => {
        const known = levelOf(at);
        return known === null ? [] : [[name, known]];
      }),
    ),
    console: toConsole ? ((both ? (consoleThreshold ?? levelOf(found?.consoleThreshold)) : null) ?? 'TRACE') : null,
    file: toFile ? fileSettings(text, found, both ? fileThreshold : null) : null,
  };
}

/** Upper case, with log4j's further names. */
export function levelOf(text: string | undefined): LogLevel | null {
  const upper = text?.trim().toUpperCase();
  if (upper === 'ALL') return 'TRACE';
  if (upper === 'FATAL') return 'ERROR';
  return LOG_LEVELS.find((level) => level === upper) ?? null;
}

function formatText(properties: ReadonlyMap<string, string>): string | undefined {
  return properties.get('zookeeper.threadkeeper.log.format') ?? properties.get('threadkeeper.log.format');
}

function lowest(levels: readonly LogLevel[]): LogLevel {
  return (
    levels.reduce<LogLevel | null>(
      (least, level) => (least === null || LEVEL_NUMBERS[level] < LEVEL_NUMBERS[least] ? level : least),
      null,
    ) ?? 'INFO'
  );
}

function firstRoot(...texts: readonly (string | undefined)[]): { level: LogLevel | null; appenders: string[] } {
  for (const text of texts) {
    const [first, ...appenders] = (text ?? '').split(',').map((word) => word.trim());
    const level = levelOf(first);
    if (level !== null) return { level, appenders: appenders.filter((word) => word !== '') };
  }
  return { level: null, appenders: [] };
}

function fileSettings(
  text: (name: string) => string | undefined,
  found: LoggingFile | null,
  threshold: LogLevel | null,
): LogFileSettings {
  const appender = found?.fileAppender;
  const asked = text('log.dir') !== undefined || text('log.file') !== undefined;
  const ownPath = join(text('log.dir') ?? '.', text('log.file') ?? LOG_FILE);
  const backups = Number(text('log.maxbackupindex') ?? appender?.backupCount ?? BACKUP_COUNT);
  return {
    path: asked ? ownPath : (appender?.path ?? ownPath),
    bytesMax: sizeOf(text('log.maxfilesize') ?? appender?.size) ?? FILE_BYTES_MAX,
    backupCount: Number.isInteger(backups) && backups >= 0 ? backups : BACKUP_COUNT,
    level: threshold ?? 'TRACE',
  };
}

/** 10MB, 512 kb, 1000. */
function sizeOf(text: string | undefined): number | null {
  const match = /^(\d{1,9})\s*([KMG]?)B?$/i.exec(text?.trim() ?? '');
  if (match === null || Number(match[1]) === 0) return null;
  const factor = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }[(match[2] ?? '').toUpperCase()];
  return factor === undefined ? null : Number(match[1]) * factor;
}

/** logback before log4j, as releases went. */
function readLoggingFile({ properties, configDir, env }: LogInput): LoggingFile | null {
  const lookUp = (name: string): string | undefined => properties.get(name) ?? env[name];
  const named = [
    [properties.get('logback.configurationFile'), parseLogbackXml],
    [properties.get('log4j.configuration')?.replace(/^file:(?:\/\/)?/, ''), parseLog4jProperties],
    [configDir === null ? undefined : join(configDir, 'logback.xml'), parseLogbackXml],
    [configDir === null ? undefined : join(configDir, 'log4j.properties'), parseLog4jProperties],
  ] as const;
  for (const [path, parse] of named) {
    if (path === undefined) continue;
    try {
      return parse(readFileSync(path, 'utf8'), lookUp);
    } catch {
      // Not there, or not readable: the next one, or the defaults.
    }
  }
  return null;
}
