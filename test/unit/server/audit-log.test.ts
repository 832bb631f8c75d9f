import { existsSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Logger, silentLogger } from '../../../src/actor/logger.js';
import { AuditLog } from '../../../src/server/audit-log.js';
import { makeTempDir, type TempDir } from '../../testing/temp-dir.js';
import { until } from '../../testing/until.js';

let dir: TempDir;
beforeEach(() => {
  dir = makeTempDir('audit');
});
afterEach(() => dir.remove());

function config(path = join(dir.path, 'logs/audit.log'), failuresOnly = false) {
  return { enabled: true, path, failuresOnly, serverUser: 'zk' };
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function textOf(path: string): string {
  return readFileSync(path, 'utf8');
}

test('lines get the time, the level and the logger; the directory is made', () => {
  const log = new AuditLog(config(), silentLogger, () => new Date(2026, 10, 22, 4, 26, 0, 123).getTime());
  log.tellServer('serverStart', 'success');
  log.take(bytesOf('Iuser=a\toperation=create\tresult=success\nEuser=a\toperation=delete\tresult=failure\n'));
  log.tellServer('serverStop', 'invoked');
  log.close();
  expect(textOf(config().path)).toBe(
    '2026-11-22 04:26:00,123 INFO  audit.Slf4jAuditLogger: user=zk\toperation=serverStart\tresult=success\n' +
      '2026-11-22 04:26:00,123 INFO  audit.Slf4jAuditLogger: user=a\toperation=create\tresult=success\n' +
      '2026-11-22 04:26:00,123 ERROR audit.Slf4jAuditLogger: user=a\toperation=delete\tresult=failure\n' +
      '2026-11-22 04:26:00,123 INFO  audit.Slf4jAuditLogger: user=zk\toperation=serverStop\tresult=invoked\n',
  );
});

test('without a close, lines are in the file soon, each once, also when it is closed in the middle', async () => {
  const log = new AuditLog(config(), silentLogger, Date.now);
  for (let i = 0; i < 50; i++) log.take(bytesOf(`Iline=${i}\n`));
  await until('the first lines', 30_000, async () => (textOf(config().path).includes('line=49') ? true : undefined));
  for (let i = 50; i < 5000; i++) log.take(bytesOf(`Iline=${i}\n`));
  log.close();
  const numbers = textOf(config().path)
    .split('\n')
    .slice(0, -1)
    .map((line) => Number(line.split('line=')[1]));
  expect(numbers).toEqual(Array.from({ length: 5000 }, (_, i) => i));
});

test('a full file becomes .1, the eleventh is gone', () => {
  const log = new AuditLog(config(), silentLogger, Date.now, 100);
  for (let i = 0; i < 13; i++) {
    log.take(bytesOf(`Iline=${i} ${'x'.repeat(100)}\n`));
    log.flush();
  }
  log.close();
  const { path } = config();
  expect(textOf(path)).toContain('line=12 ');
  expect(textOf(`${path}.1`)).toContain('line=11 ');
  expect(textOf(`${path}.10`)).toContain('line=2 ');
  expect(existsSync(`${path}.11`)).toBe(false);
  expect(statSync(path).mode & 0o007).toBe(0);
});

test('failures alone, if that is asked for', () => {
  const log = new AuditLog(config(undefined, true), silentLogger, Date.now);
  log.take(bytesOf('Ia=1\nEb=2\n'));
  log.close();
  expect(textOf(config().path)).toMatch(/^[^\n]* ERROR audit\.Slf4jAuditLogger: b=2\n$/);
});

test('what the file does not take is told in the server log, until it takes lines again', () => {
  const told: string[] = [];
  const fallback: Logger = {
    ...silentLogger,
    info: (message) => told.push(`INFO ${message}`),
    error: (message) => told.push(`ERROR ${message}`),
  };
  const blocker = join(dir.path, 'logs');
  writeFileSync(blocker, 'no directory');
  let nowMs = 1_000_000;
  const log = new AuditLog(config(), fallback, () => nowMs);
  log.take(bytesOf('Ia=1\nEb=2\n'));
  log.take(bytesOf('Ic=3\n'));
  expect(told).toEqual([
    `ERROR ${config().path} cannot be written; lines of the audit log follow here`,
    'INFO a=1',
    'ERROR b=2',
    'INFO c=3',
  ]);
  rmSync(blocker);
  nowMs += 10_001;
  log.take(bytesOf('Id=4\n'));
  log.close();
  expect(told).toHaveLength(4);
  expect(textOf(config().path)).toContain('d=4');
});

test('a file that has refused lines is opened again: another one may lie there by then', async () => {
  const told: string[] = [];
  const tell = (message: string): void => void told.push(message);
  const path = join(dir.path, 'audit.log');
  symlinkSync('/dev/full', path);
  let nowMs = 1_000_000;
  const log = new AuditLog(config(path), { ...silentLogger, info: tell, error: tell }, () => nowMs);
  log.take(bytesOf('Ia=1\n'));
  await until('the refusal', 30_000, async () => (told.length === 2 ? true : undefined));
  expect(told[1]).toBe('a=1');
  rmSync(path);
  nowMs += 10_001;
  log.take(bytesOf('Ib=2\n'));
  log.close();
  expect(told).toHaveLength(2);
  expect(textOf(path)).toMatch(/^[^\n]* b=2\n$/);
});
