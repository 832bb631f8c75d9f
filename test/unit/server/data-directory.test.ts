import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLogger } from '../../../src/actor/logger.js';
import { checkDataDirectories, directoryBytes } from '../../../src/server/data-directory.js';
import { causeChain, DatadirError, reportStartFailure } from '../../../src/server/start-error.js';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'data-directory-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function sentence(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(DatadirError);
    expect(reportStartFailure(error, silentLogger).exitCode).toBe(3);
    return (error as Error).message;
  }
  return 'nothing was thrown';
}

function stderrLine(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return reportStartFailure(error, silentLogger).stderrLine;
  }
  return 'nothing was thrown';
}

it('an error whose words are in another one is told once', () => {
  const cause = new Error("EACCES: permission denied, open 'log.1'");
  expect(causeChain(new DatadirError(`Cannot read the database: ${cause.message}`, { cause }))).toBe(
    "Cannot read the database: EACCES: permission denied, open 'log.1'",
  );
  expect(causeChain(new DatadirError('Error processing zoo.cfg', { cause }))).toBe(
    "Error processing zoo.cfg: EACCES: permission denied, open 'log.1'",
  );
});

it('makes version-2 below both, parents included', () => {
  checkDataDirectories(join(dir, 'a/b'), join(dir, 'c'), true);
  for (const made of ['a/b/version-2', 'c/version-2']) expect(statSync(join(dir, made)).isDirectory()).toBe(true);
  checkDataDirectories(join(dir, 'a/b'), join(dir, 'c'), false);
});

it('may be forbidden to make them', () => {
  expect(sentence(() => checkDataDirectories(dir, dir, false))).toBe(
    `Missing data directory ${dir}/version-2, automatic data directory creation is disabled ` +
      '(zookeeper.datadir.autocreate is false). Please create this directory manually.',
  );
  mkdirSync(join(dir, 'log/version-2'), { recursive: true });
  expect(sentence(() => checkDataDirectories(dir, join(dir, 'log'), false))).toMatch(/^Missing snap directory /);
});

it('a file in the place of a directory', () => {
  writeFileSync(join(dir, 'file'), '');
  expect(sentence(() => checkDataDirectories(join(dir, 'file'), join(dir, 'file'), true))).toBe(
    `Unable to create data directory ${dir}/file/version-2`,
  );
  expect(sentence(() => checkDataDirectories(join(dir, 'file'), join(dir, 'log'), true))).toBe(
    `Unable to create snap directory ${dir}/file/version-2`,
  );
  mkdirSync(join(dir, 'd'));
  writeFileSync(join(dir, 'd/version-2'), '', { mode: 0o755 });
  expect(sentence(() => checkDataDirectories(join(dir, 'd'), join(dir, 'd'), true))).toMatch(
    /data directory .*version-2$/,
  );
  expect(stderrLine(() => checkDataDirectories(join(dir, 'd'), join(dir, 'd'), true))).toMatch(
    /Cannot write to data directory .*version-2: it is no directory$/,
  );
  expect(stderrLine(() => checkDataDirectories(join(dir, 'file'), join(dir, 'file'), true))).toMatch(
    /Unable to create data directory [^ ]*: (?:ENOTDIR|EEXIST): [^:]*$/,
  );
});

it('directories that have been swapped', () => {
  checkDataDirectories(join(dir, 'data'), join(dir, 'log'), true);
  const snapDir = join(dir, 'data/version-2');
  const logDir = join(dir, 'log/version-2');
  writeFileSync(join(snapDir, 'log.1'), '');
  expect(sentence(() => checkDataDirectories(join(dir, 'data'), join(dir, 'log'), true))).toBe(
    'Snapshot directory has log files. Check if dataLogDir and dataDir configuration is correct.',
  );
  writeFileSync(join(logDir, 'snapshot.0'), '');
  expect(sentence(() => checkDataDirectories(join(dir, 'data'), join(dir, 'log'), true))).toBe(
    'Log directory has snapshot files. Check if dataLogDir and dataDir configuration is correct.',
  );
});

it('counts the bytes of all files below', () => {
  mkdirSync(join(dir, 'a'));
  writeFileSync(join(dir, 'a/x'), 'abc');
  writeFileSync(join(dir, 'y'), 'de');
  expect(directoryBytes(dir)).toBe(5);
});
