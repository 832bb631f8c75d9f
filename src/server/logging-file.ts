// What this server takes from a logback.xml or a log4j.properties: the root's level and appenders, levels of loggers, and the file of
// a rolling appender that the root uses. Everything else in such a file (layouts, filters, other appenders) is left alone.
// Pure text; nothing in such a file can keep a server from starting.

export interface LoggingFile {
  /** LEVEL,APPENDER,... as ZOO_LOG4J_PROP has it, with CONSOLE for whatever is a console. */
  readonly root: string | undefined;
  readonly consoleThreshold: string | undefined;
  /** Only if the root uses it. */
  readonly fileAppender: FileAppender | undefined;
  /** By the last word of their names, as our loggers have none before. */
  readonly loggers: Readonly<Record<string, string>>;
}

export interface FileAppender {
  readonly path: string | undefined;
  readonly size: string | undefined;
  readonly backupCount: string | undefined;
}

interface Appender extends FileAppender {
  readonly kind: 'console' | 'file' | 'other';
  readonly threshold: string | undefined;
}

export type LookUp = (name: string) => string | undefined;

export function parseLogbackXml(text: string, lookUp: LookUp): LoggingFile {
  const xml = text.replace(/<!--[\s\S]*?-->/g, '');
  const own = new Map<string, string>();
  for (const [tag] of xml.matchAll(/<property\s[^>]*>/g)) {
    const name = attribute(tag, 'name');
    const value = attribute(tag, 'value');
    if (name !== undefined && value !== undefined) own.set(name, value);
  }
  const value = (raw: string | undefined): string | undefined =>
    substituted(raw, (name) => lookUp(name) ?? own.get(name));
  const appenders = new Map<string, Appender>();
  for (const [, open = '', body = ''] of xml.matchAll(/<appender\s([^>]*)>([\s\S]*?)<\/appender>/g)) {
    appenders.set(attribute(open, 'name') ?? '', {
      kind: kindOf(attribute(open, 'class') ?? ''),
      threshold: value(element(body, 'level')),
      path: value(element(body, 'file')),
      size: value(element(body, 'maxFileSize')),
      backupCount: value(element(body, 'maxIndex') ?? element(body, 'maxHistory')),
    });
  }
  const loggers: Record<string, string> = {};
  for (const [, open = ''] of xml.matchAll(/<logger\s([^>]*?)\/?>/g)) {
    const level = value(attribute(open, 'level'));
    if (level !== undefined) loggers[lastWord(attribute(open, 'name') ?? '')] = level;
  }
  const root = /<root(?:\s([^>]*))?>([\s\S]*?)<\/root>/.exec(xml);
  if (root === null) return together(undefined, [], appenders, loggers);
  const used = [...(root[2] ?? '').matchAll(/<appender-ref\s[^>]*>/g)].map(([tag]) => attribute(tag, 'ref') ?? '');
  return together(value(attribute(root[1] ?? '', 'level')), used, appenders, loggers);
}

export function parseLog4jProperties(text: string, lookUp: LookUp): LoggingFile {
  const pairs = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*([^#!\s=:][^\s=:]*)\s*[=:]\s*(.*?)\s*$/.exec(line);
    if (match !== null) pairs.set(match[1] ?? '', match[2] ?? '');
  }
  const value = (name: string): string | undefined =>
    substituted(pairs.get(name), (other) => lookUp(other) ?? pairs.get(other));
  const [level, ...used] = (value('log4j.rootLogger') ?? '').split(',').map((word) => word.trim());
  const appenders = new Map<string, Appender>();
  const loggers: Record<string, string> = {};
  for (const key of pairs.keys()) {
    const appender = /^log4j\.appender\.([^.]+)$/.exec(key)?.[1];
    const logger = /^log4j\.(?:logger|category)\.(.+)$/.exec(key)?.[1];
    if (logger !== undefined) loggers[lastWord(logger)] = value(key)?.split(',', 1)[0] ?? '';
    if (appender === undefined) continue;
    const of = (what: string): string | undefined => value(`${key}.${what}`);
    appenders.set(appender, {
      kind: kindOf(value(key) ?? ''),
      threshold: of('Threshold'),
      path: of('File'),
      size: of('MaxFileSize'),
      backupCount: of('MaxBackupIndex'),
    });
  }
  return together(level, used, appenders, loggers);
}

function together(
  level: string | undefined,
  used: readonly string[],
  appenders: ReadonlyMap<string, Appender>,
  loggers: Readonly<Record<string, string>>,
): LoggingFile {
  const found = used.map((name) => appenders.get(name)).filter((appender) => appender !== undefined);
  const console = found.find(({ kind }) => kind === 'console');
  const file = found.find(({ kind }) => kind === 'file');
  const words = [
    level ?? '',
    ...(console === undefined ? [] : ['CONSOLE']),
    ...(file === undefined ? [] : ['ROLLINGFILE']),
  ];
  return {
    root: level === undefined || level === '' ? undefined : words.join(','),
    consoleThreshold: console?.threshold,
    fileAppender: file,
    loggers,
  };
}

function kindOf(className: string): Appender['kind'] {
  if (className.endsWith('ConsoleAppender')) return 'console';
  return /(?:Rolling)?FileAppender$/.test(className) ? 'file' : 'other';
}

function attribute(tag: string, name: string): string | undefined {
  return new RegExp(`(?:^|\\s)${name}\\s*=\\s*["']([^"']*)["']`).exec(tag)?.[1];
}

/** Also where the first letter is a capital, as in old files. */
function element(body: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`, 'i').exec(body)?.[1]?.trim();
}

function lastWord(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

/** ${name} and ${name:-default}; undefined when one of them is not known. */
function substituted(raw: string | undefined, lookUp: LookUp): string | undefined {
  let text = raw;
  for (let depth = 0; depth < 8 && text?.includes('${') === true; depth++) {
    let unknown = false;
    text = text.replace(/\$\{([^${}:]+)(?::-([^${}]*))?\}/g, (_all, name: string, fallback: string | undefined) => {
      const known = lookUp(name) ?? fallback;
      if (known === undefined) unknown = true;
      return known ?? '';
    });
    if (unknown) return undefined;
  }
  return text;
}
