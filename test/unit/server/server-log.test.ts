import { describe, expect, it } from 'vitest';
import type { LogDestination } from '../../../src/server/log-destination.js';
import { patternTime } from '../../../src/server/log-pattern.js';
import { CONSOLE_ONLY, type LogSettings } from '../../../src/server/log-settings.js';
import { ServerLog } from '../../../src/server/server-log.js';
import { ConfigError } from '../../../src/server/start-error.js';

const PATTERN: LogSettings = CONSOLE_ONLY;

class Lines implements LogDestination {
  readonly texts: string[] = [];
  write(text: string): void {
    this.texts.push(text);
  }
  /** Without the time, which is another at every run. */
  get withoutTimes(): string[] {
    return this.texts.map((text) => text.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} /, ''));
  }
}

function make(settings: LogSettings = PATTERN): { log: ServerLog; lines: Lines } {
  const lines = new Lines();
  return { log: ServerLog.forThread('main', 'QuorumPeerMain', settings, lines), lines };
}

describe('the pattern', () => {
  it('is the one operators’ tools match', () => {
    const { log, lines } = make();
    log.info('Starting server');
    expect(lines.texts[0]).toMatch(
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \[myid:\] - INFO {2}\[main:QuorumPeerMain@-\] - Starting server\n$/,
    );
  });

  it('has levels of five letters, and drops what is below the level', () => {
    const { log, lines } = make();
    log.debug('a');
    log.warn('b');
    log.error('c');
    expect(lines.withoutTimes).toEqual([
      '[myid:] - WARN  [main:QuorumPeerMain@-] - b\n',
      '[myid:] - ERROR [main:QuorumPeerMain@-] - c\n',
    ]);
  });

  it('names the class that speaks, and the server once it is known', () => {
    const { log, lines } = make();
    const sync = log.named('SyncRequestProcessor');
    sync.info('before');
    log.configure({ ...PATTERN, level: 'DEBUG', myid: '3' });
    sync.debug('after');
    expect(lines.withoutTimes).toEqual([
      '[myid:] - INFO  [main:SyncRequestProcessor@-] - before\n',
      '[myid:3] - DEBUG [main:SyncRequestProcessor@-] - after\n',
    ]);
  });

  it('shows fields behind the message', () => {
    const { log, lines } = make();
    log.info('late', { ms: 12, who: { name: 'x' }, none: undefined });
    expect(lines.withoutTimes[0]).toBe('[myid:] - INFO  [main:QuorumPeerMain@-] - late {ms=12, who={"name":"x"}}\n');
  });

  it('never lets a message forge a line', () => {
    const { log, lines } = make();
    log.info('path /a\nb\r\u001b[31m\u2028', { path: '/c\nd' });
    expect(lines.withoutTimes[0]).toBe(
      '[myid:] - INFO  [main:QuorumPeerMain@-] - path /a\\nb\\r\\u001b[31m\\u2028 {path=/c\\nd}\n',
    );
  });

  it('shows causes of an operator’s error, and the place of ours', () => {
    const { log, lines } = make();
    const cause = new Error('dataDir is not set');
    log.error('Invalid config, exiting abnormally', { error: new ConfigError('Error processing zoo.cfg', { cause }) });
    expect(lines.withoutTimes[0]).toBe(
      '[myid:] - ERROR [main:QuorumPeerMain@-] - Invalid config, exiting abnormally\n' +
        'ConfigError: Error processing zoo.cfg\nCaused by: Error: dataDir is not set\n',
    );
    log.error('bug', { error: new TypeError('x is not a function') });
    expect(lines.withoutTimes[1]).toMatch(/ - bug\nTypeError: x is not a function\n {4}at /);
  });

  it('prints the local time with its milliseconds', () => {
    expect(patternTime(new Date(2026, 0, 2, 3, 4, 5, 6))).toBe('2026-01-02 03:04:05,006');
  });
});

describe('json', () => {
  it('is what pino writes', () => {
    const { log, lines } = make({ ...PATTERN, format: 'json', myid: '2' });
    log.named('Sync').warn('slow', { ms: 5, error: new Error('why', { cause: new Error('deeper') }) });
    const record = JSON.parse(lines.texts[0]);
    expect(record).toMatchObject({ level: 40, myid: '2', thread: 'main', logger: 'Sync', msg: 'slow', ms: 5 });
    expect(record.error).toMatchObject({ message: 'why', cause: { message: 'deeper' } });
    expect(record.time).toBeTypeOf('number');
  });
});

it('OFF says nothing at all', () => {
  const { log, lines } = make({ ...PATTERN, level: 'OFF' });
  log.error('x');
  expect(lines.texts).toEqual([]);
});
