/**
 * The watch of key stores on a real file system: every way in which certificates are renewed is noticed, once, and nothing
 * else is.
 */
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLogger } from '../../../src/actor/logger.js';
import { StoreWatch, stampOf } from '../../../src/net/tls-store-watch.js';
import { makeTempDir, type TempDir } from '../../testing/temp-dir.js';
import { until } from '../../testing/until.js';

const DEADLINE_MS = 10_000;

let dir: TempDir;
let watch: StoreWatch | null = null;
let changes = 0;
const warnings: string[] = [];
const log = { ...silentLogger, warn: (message: string): void => void warnings.push(message) };

beforeEach(() => {
  dir = makeTempDir('store-watch');
  changes = 0;
  warnings.length = 0;
});
afterEach(() => {
  watch?.close();
  dir.remove();
});

function path(name: string): string {
  return join(dir.path, name);
}

function start(...names: readonly string[]): void {
  const files = names.map(path);
  watch = new StoreWatch(files, stampOf(files), log, () => {
    changes++;
  });
}

async function expectChange(): Promise<void> {
  const before = changes;
  await until('the change to be noticed', DEADLINE_MS, () => changes > before);
}

it('written anew, replaced by a rename, taken away and brought back', async () => {
  writeFileSync(path('key.pem'), 'one');
  start('key.pem');
  writeFileSync(path('key.pem'), 'two, longer');
  await expectChange();
  writeFileSync(path('new'), 'three');
  renameSync(path('new'), path('key.pem'));
  await expectChange();
  renameSync(path('key.pem'), path('away'));
  await expectChange();
  renameSync(path('away'), path('key.pem'));
  await expectChange();
});

it('behind a symbolic link that is moved, as container platforms renew secrets', async () => {
  for (const version of ['v1', 'v2']) {
    mkdirSync(path(version));
    writeFileSync(join(path(version), 'key.pem'), version);
  }
  symlinkSync('v1', path('data'));
  symlinkSync('data/key.pem', path('key.pem'));
  start('key.pem');
  symlinkSync('v2', path('data.new'));
  renameSync(path('data.new'), path('data'));
  await expectChange();
});

it('several files written one after the other are one change; what else happens there is none', async () => {
  writeFileSync(path('key.pem'), 'one');
  writeFileSync(path('trust.pem'), 'one');
  start('key.pem', 'trust.pem');
  writeFileSync(path('something-else'), 'x');
  writeFileSync(path('key.pem'), 'other');
  writeFileSync(path('trust.pem'), 'other');
  writeFileSync(path('something-else'), 'y');
  await expectChange();
  expect(changes).toBe(1);
});

it('what has changed before the watch began', async () => {
  writeFileSync(path('key.pem'), 'one');
  const seen = stampOf([path('key.pem')]);
  writeFileSync(path('key.pem'), 'two, longer');
  watch = new StoreWatch([path('key.pem')], seen, log, () => {
    changes++;
  });
  await expectChange();
});

it('a directory that is not there is told, and does no harm', () => {
  start('nowhere/key.pem');
  expect(warnings).toEqual([expect.stringContaining('nowhere is not watched, changes there are not noticed')]);
});
