// zkCleanup in both its forms, and zkServer-initialize, on real directories. What is purged is decided in
// persistence/purge.ts, which has tests of its own; Apache's PurgeTxnLog is asked in test/interop/toolkits.test.ts.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { cleanup } from '../../../src/cli/data-tools/cleanup.js';
import { initialize } from '../../../src/cli/data-tools/initialize.js';
import { NodeFileStore } from '../../../src/persistence/node-file-store.js';
import { runOfflineTool } from '../../testing/offline-tool.js';
import type { ToolRun } from '../../testing/run-tool.js';
import { makeTempDir } from '../../testing/temp-dir.js';
import { FIXTURES } from '../persistence/persistence-fixture.js';

/** A whole snapshot, whatever its name says. */
const SNAPSHOT = readFileSync(join(FIXTURES, 'tiny-restarted-3.9/version-2/snapshot.10'));

let root: string;
let dataDir: string;
let dataLogDir: string;
let env: Record<string, string>;

beforeEach(() => {
  const directory = makeTempDir('data-tools');
  root = directory.path;
  dataDir = join(root, 'data');
  dataLogDir = join(root, 'log');
  for (const path of ['data/version-2', 'log/version-2', 'conf']) mkdirSync(join(root, path), { recursive: true });
  for (const zxid of ['10', '20', '30', '40', '50']) write(dataDir, `snapshot.${zxid}`, SNAPSHOT);
  for (const zxid of ['1', '11', '21', '31', '41', '51']) write(dataLogDir, `log.${zxid}`, 'x');
  writeFileSync(join(root, 'conf/zoo.cfg'), `dataDir=${dataDir}\n  dataLogDir = ${dataLogDir}\nclientPort=1\n`);
  env = { ZOOCFGDIR: join(root, 'conf') };
  return () => directory.remove();
});

function write(directory: string, name: string, content: string | Uint8Array): void {
  writeFileSync(join(directory, 'version-2', name), content);
}

function names(directory: string): string[] {
  return readdirSync(join(directory, 'version-2')).sort();
}

function runCleanup(...args: string[]): ToolRun {
  return runOfflineTool((words, io) => cleanup(words, io, new NodeFileStore(), env), args);
}

describe('zkCleanup', () => {
  test('takes the directories from zoo.cfg', () => {
    const { code, stdout, stderr } = runCleanup('-n', '3');
    expect(code).toBe(0);
    expect(stderr).toBe('');
    const removed = stdout.trimEnd().split('\n');
    expect(removed.map((line) => line.split('\t')[1])).toEqual([
      join(dataLogDir, 'version-2/log.1'),
      join(dataLogDir, 'version-2/log.11'),
      join(dataDir, 'version-2/snapshot.10'),
      join(dataDir, 'version-2/snapshot.20'),
    ]);
    expect(removed[0]).toMatch(/^Removing file: [A-Z][a-z]{2} \d+, \d{4}, \d+:\d\d:\d\d [AP]M\t/);
    expect(names(dataLogDir)).toEqual(['log.21', 'log.31', 'log.41', 'log.51']);
  });

  test('or is given them', () => {
    env = {};
    expect(runCleanup(dataLogDir, dataDir, '-n', '4').stdout.split('\n')).toHaveLength(3);
    expect(names(dataDir)).toEqual(['snapshot.20', 'snapshot.30', 'snapshot.40', 'snapshot.50']);
  });

  test('--config names the directory of zoo.cfg', () => {
    env = {};
    expect(runCleanup('--config', join(root, 'conf'), '-n', '3').code).toBe(0);
    expect(names(dataDir)).toHaveLength(3);
  });

  test('says which snapshots do not count, and keeps them', () => {
    const broken = Buffer.from(SNAPSHOT);
    broken[300] ^= 4;
    write(dataDir, 'snapshot.50', broken);
    const { code, stderr } = runCleanup('-n', '3');
    expect(code).toBe(0);
    expect(stderr).toContain('version-2/snapshot.50 does not count: ');
    expect(names(dataDir)).toEqual(['snapshot.20', 'snapshot.30', 'snapshot.40', 'snapshot.50']);
  });

  test('makes nothing where there is no database', () => {
    mkdirSync(join(root, 'empty'));
    expect(runCleanup(join(root, 'empty'), '-n', '3')).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(existsSync(join(root, 'empty/version-2'))).toBe(false);
  });

  test('needs a configuration', () => {
    env = { ZOOCFGDIR: join(root, 'nowhere') };
    expect(runCleanup('-n', '3')).toMatchObject({
      code: 1,
      stderr: `Unable to find config file at ${join(root, 'nowhere/zoo.cfg')}\n`,
    });
    writeFileSync(join(root, 'conf/zoo.cfg'), 'clientPort=1\n');
    env = { ZOOCFGDIR: join(root, 'conf') };
    expect(runCleanup('-n', '3')).toMatchObject({
      code: 1,
      stderr: `Unable to determine dataDir from ${join(root, 'conf/zoo.cfg')}\n`,
    });
    expect(names(dataDir)).toHaveLength(5);
  });
});

describe('zkServer-initialize', () => {
  function run(...args: string[]): ToolRun {
    return runOfflineTool((words, io) => initialize(words, io, env, existsSync, () => false), args);
  }

  function emptied(): void {
    writeFileSync(join(root, 'conf/zoo.cfg'), `dataDir=${join(root, 'new')}\ndataLogDir=${join(root, 'newlog')}\n`);
    dataDir = join(root, 'new');
    dataLogDir = join(root, 'newlog');
  }

  test('makes empty directories, the mark, and myid', () => {
    emptied();
    expect(run('--myid=3')).toEqual({ code: 0, stdout: 'Using myid of 3\n', stderr: '' });
    expect(names(dataDir)).toEqual([]);
    expect(names(dataLogDir)).toEqual([]);
    expect(readFileSync(join(dataDir, 'myid'), 'utf8')).toBe('3\n');
    expect(readFileSync(join(dataDir, 'initialize'), 'utf8')).toBe('');
  });

  test('does without myid', () => {
    emptied();
    const stdout = `No myid provided, be sure to specify it in ${dataDir}/myid if using non-standalone\n`;
    expect(run('--configfile', join(root, 'conf/zoo.cfg'))).toEqual({ code: 0, stdout, stderr: '' });
    expect(existsSync(join(dataDir, 'myid'))).toBe(false);
  });

  test('leaves a database alone, unless it is forced', () => {
    const hint = '(or use --force to force re-initialization)';
    expect(run()).toEqual({
      code: 1,
      stdout: `ZooKeeper data directory already exists at ${dataDir} ${hint}\n`,
      stderr: '',
    });
    expect(names(dataDir)).toHaveLength(5);
    expect(run('--force', '--myid', '7')).toEqual({
      code: 0,
      stdout: 'Force enabled, data/txnlog directories will be re-initialized\nUsing myid of 7\n',
      stderr: '',
    });
    expect(names(dataDir)).toEqual([]);
    expect(names(dataLogDir)).toEqual([]);
  });

  test('names the log directory when only that one is there', () => {
    writeFileSync(join(root, 'conf/zoo.cfg'), `dataDir=${join(root, 'new')}\ndataLogDir=${dataLogDir}\n`);
    expect(run()).toMatchObject({ code: 1 });
    expect(run().stdout).toContain(`ZooKeeper txnlog directory already exists at ${dataLogDir} `);
  });

  test('never forces a database out of a running server', () => {
    const isOurs = (path: string): boolean => path === dataDir;
    const forced = runOfflineTool((words, io) => initialize(words, io, env, existsSync, isOurs), ['--force']);
    expect(forced.code).toBe(1);
    expect(forced.stdout).toContain(`The server of ${dataDir} is running; stop it first`);
    expect(names(dataDir)).toHaveLength(5);
  });

  test.for([
    [['--what'], 'Unknown option: --what'],
    [['-h'], 'usage: zkServer-initialize <parameters>'],
    [['--help'], 'usage: zkServer-initialize <parameters>'],
    [['--configfile=/nowhere/zoo.cfg'], 'Unable to find config file at /nowhere/zoo.cfg'],
    [['--myid=x'], 'myid x is not a number'],
    [['--myid'], '--myid needs a value'],
  ] as const)('%s is refused with code 1', ([args, text]) => {
    const { code, stdout } = run(...args);
    expect(code).toBe(1);
    expect(stdout).toContain(text);
  });
});
