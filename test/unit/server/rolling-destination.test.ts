import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CONSOLE_ONLY } from '../../../src/server/log-settings.js';
import { createLogMemory, LogSwitch } from '../../../src/server/log-switch.js';
import { RollingDestination } from '../../../src/server/rolling-destination.js';
import { ServerLog } from '../../../src/server/server-log.js';
import { makeTempDir, type TempDir } from '../../testing/temp-dir.js';

let dir: TempDir;
beforeEach(() => {
  dir = makeTempDir('rolling');
});
afterEach(() => dir.remove());

function settings(bytesMax: number, backupCount: number) {
  return { path: join(dir.path, 'logs/zk.log'), bytesMax, backupCount, level: 'TRACE' as const };
}

const nowhere = { write: () => undefined };

test('several threads fill one file after another, and no line is lost while enough are kept', () => {
  const memory = createLogMemory();
  const [a, b] = [1, 2].map(() => new RollingDestination(settings(2000, 50), memory, nowhere));
  for (let i = 0; i < 400; i++) {
    a?.write(`a ${i}\n`);
    b?.write(`b ${i}\n`);
  }
  const directory = join(dir.path, 'logs');
  const names = readdirSync(directory);
  expect(names.length).toBeGreaterThan(2);
  const lines = names.flatMap((name) => readFileSync(join(directory, name), 'utf8').split('\n').slice(0, -1));
  expect(new Set(lines).size).toBe(800);
});

test('of the older files no more are kept than were asked for', () => {
  const destination = new RollingDestination(settings(1000, 2), createLogMemory(), nowhere);
  for (let i = 0; i < 1000; i++) destination.write(`line ${i}\n`);
  expect(readdirSync(join(dir.path, 'logs')).sort()).toEqual(['zk.log', 'zk.log.1', 'zk.log.2']);
});

test('a file that cannot be written leaves the lines on the console, and says so once', () => {
  writeFileSync(join(dir.path, 'logs'), '');
  const told: string[] = [];
  const destination = new RollingDestination(settings(1000, 2), createLogMemory(), {
    write: (text) => told.push(text),
  });
  destination.write('a\n');
  destination.write('b\n');
  expect(told).toHaveLength(3);
  expect(told[0]).toContain('cannot be written');
  expect(told.slice(1)).toEqual(['a\n', 'b\n']);
});

test('levels that change while the server runs are those of every thread', () => {
  const memory = createLogMemory();
  const texts: string[] = [];
  const threads = ['main', 'core'].map((thread) =>
    ServerLog.forThread(
      thread,
      'A',
      { ...CONSOLE_ONLY, memory },
      { write: (text) => texts.push(text.replace(/^.{31}/, '')) },
    ),
  );
  const say = () => {
    texts.length = 0;
    for (const log of threads) {
      log.debug('a');
      log.named('B').info('b');
    }
    return texts.map((text) => text.trim().slice(-1)).join('');
  };
  expect(say()).toBe('bb');
  const levels = new LogSwitch(memory);
  levels.set('A', 'DEBUG');
  expect(say()).toBe('abab');
  levels.set(null, 'ERROR');
  expect(say()).toBe('aa');
  levels.set('A', null);
  levels.set('B', 'INFO');
  expect(levels.all()).toEqual({ root: 'ERROR', B: 'INFO' });
  expect(say()).toBe('bb');
  expect(() => levels.set('no\nname', 'INFO')).toThrow(RangeError);
});
