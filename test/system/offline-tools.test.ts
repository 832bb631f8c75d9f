/**
 * The offline tools as programs: every bin of package.json that works on files, run by node as npm's links run it, with real
 * streams. What they say is tested in test/unit/cli and against Apache's in test/interop/toolkits.test.ts.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { repositoryRoot } from '../testing/repository-root.js';
import { runTool, type ToolRun } from '../testing/run-tool.js';
import { makeTempDir, type TempDir } from '../testing/temp-dir.js';

const DEADLINE_MS = 20_000;
const FIXTURES = join(repositoryRoot, 'test/fixtures/persistence');
const LOG = join(FIXTURES, 'tiny-3.9/version-2/log.1');
const SNAPSHOT = join(FIXTURES, 'tiny-restarted-3.9/version-2/snapshot.10');
const { bin: BINS } = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')) as {
  readonly bin: Readonly<Record<string, string>>;
};

let dir: TempDir;
beforeEach(() => {
  dir = makeTempDir('offline-tools');
});
afterEach(() => dir.remove());

function program(name: string): string {
  const path = BINS[name];
  if (path === undefined) throw new Error(`package.json has no bin ${name}`);
  return join(repositoryRoot, path);
}

function run(name: string, args: readonly string[], input = '', env: Record<string, string> = {}): Promise<ToolRun> {
  return runTool(process.execPath, [program(name), ...args], {
    deadlineMs: DEADLINE_MS,
    input,
    env: { TZ: 'UTC', ...env },
  });
}

test('every bin names its interpreter', () => {
  for (const name of Object.keys(BINS)) {
    expect(readFileSync(program(name), 'utf8').startsWith('#!/usr/bin/env node\n'), name).toBe(true);
  }
});

test('zkTxnLogToolkit dumps, asks, verifies', async () => {
  const dumped = await run('zkTxnLogToolkit', [LOG]);
  expect(dumped).toMatchObject({ code: 0, stderr: '' });
  expect(dumped.stdout.split('\n').at(-2)).toBe('EOF reached after 16 txns.');

  const log = join(dir.path, 'log.1');
  copyFileSync(join(FIXTURES, 'log-flip-crc/version-2/log.1'), log);
  expect((await run('zkTxnLogToolkit', ['--verify', log])).code).toBe(1);
  const asked = await run('zkTxnLogToolkit', ['-r', log], 'maybe\ny\n');
  expect(asked).toMatchObject({ code: 0, stderr: '' });
  expect(asked.stdout.split('Would you like to fix it (Yes/No/Abort) ? ')).toHaveLength(3);
  expect((await run('zkTxnLogToolkit', ['--verify', join(dir.path, 'fixed-log.1')])).code).toBe(0);
  expect(await run('zkTxnLogToolkit', ['/nowhere'])).toEqual({
    code: 1,
    stdout: '',
    stderr: "File doesn't exist or not readable: /nowhere\n",
  });
});

test('the snapshot tools', async () => {
  expect((await run('zkSnapShotToolkit', [SNAPSHOT])).stdout).toContain('ZNode Details (count=10):\n----\n/\n');
  const json = await run('zkSnapShotToolkit', ['-json', SNAPSHOT]);
  expect(JSON.parse(json.stdout)).toHaveLength(4);
  expect((await run('zkSnapshotRecursiveSummaryToolkit', [SNAPSHOT, '/', '1'])).stdout).toContain(
    ' /\n   children: 8\n',
  );
  const args = ['-l', SNAPSHOT, '-r', SNAPSHOT, '-b', '0', '-n', '0', '-i'];
  const compared = await run('zkSnapshotComparer', args, '\n\n\n');
  expect(compared.code).toBe(0);
  expect(compared.stdout).toMatch(/^Deserialized snapshot in snapshot\.10 in \d+\.\d{6} seconds$/m);
  expect(compared.stdout.trimEnd().split('\n').at(-1)).toBe('All layers compared.');
});

test('zkServer-initialize and zkCleanup find zoo.cfg', async () => {
  const dataDir = join(dir.path, 'data');
  mkdirSync(join(dir.path, 'conf'));
  writeFileSync(join(dir.path, 'conf/zoo.cfg'), `dataDir=${dataDir}\n`);
  const env = { ZOOCFGDIR: join(dir.path, 'conf') };
  expect(await run('zkServer-initialize', ['--myid=1'], '', env)).toEqual({
    code: 0,
    stdout: 'Using myid of 1\n',
    stderr: '',
  });
  for (const zxid of ['10', '20', '30', '40']) copyFileSync(SNAPSHOT, join(dataDir, `version-2/snapshot.${zxid}`));
  expect((await run('zkCleanup', ['-n', '3'], '', env)).stdout).toMatch(/^Removing file: .*\t\S+snapshot\.10\n$/);
  expect(readdirSync(join(dataDir, 'version-2'))).toHaveLength(3);
});

test('a reader that has seen enough ends a dump without a word', async () => {
  const child = spawn(process.execPath, [program('zkTxnLogToolkit'), LOG], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (text: Buffer) => {
    stderr += text.toString();
  });
  await once(child, 'close');
  expect(stderr).toBe('');
});
