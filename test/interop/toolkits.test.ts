/**
 * Our offline tools against Apache's own, run on the same files: every recorded data directory and generated ones. Outputs
 * and exit codes are to be the same; what differs on purpose is named here. Ours run in this process, Apache's in one JVM.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cleanup } from '../../src/cli/data-tools/cleanup.js';
import { snapshotComparer } from '../../src/cli/snapshot-toolkits/snapshot-comparer.js';
import { snapshotFormatter } from '../../src/cli/snapshot-toolkits/snapshot-formatter.js';
import { txnLogToolkit } from '../../src/cli/txn-log-toolkit/txn-log-toolkit.js';
import { NodeFileStore } from '../../src/persistence/node-file-store.js';
import { runOfflineTool } from '../testing/offline-tool.js';
import { repositoryRoot } from '../testing/repository-root.js';
import type { ToolRun } from '../testing/run-tool.js';
import { makeTempDir, type TempDir } from '../testing/temp-dir.js';
import { ApacheTool, runApacheTools, type ToolCommand, UNCAUGHT } from './toolkits/apache-tools.js';
import { writeGeneratedLog } from './toolkits/generated-log.js';
import { writeGeneratedSnapshot } from './toolkits/generated-snapshot.js';

const FIXTURES = join(repositoryRoot, 'test/fixtures/persistence');
const SEEDS = [1, 2, 3];
const NOW_MS = 1_700_000_000_000;

interface Case {
  readonly name: string;
  readonly theirs: ToolCommand;
  readonly ours: () => ToolRun;
  /** Makes of Apache's run what ours is to be. */
  readonly expected: (theirs: ToolRun) => ToolRun;
}

/** A closeSession without a list: Apache's reader takes the digest for one, and prints bytes of it. */
const TAKES_DIGEST_FOR_PATHS = 'close-session-legacy-3.9';

const UNJUDGED = 'not looked at';

let directory: TempDir;
const cases: Case[] = [];
const theirs = new Map<string, ToolRun>();

beforeAll(async () => {
  process.env.TZ = 'UTC';
  directory = makeTempDir('toolkits');
  addDumps();
  addRecoveries();
  addChops();
  addInvocations();
  addFormats();
  addComparisons();
  addPurges();
  addTimeZones();
  const runs = await runApacheTools(cases.map((each) => each.theirs));
  for (const [i, run] of runs.entries()) theirs.set(cases[i].name, run);
}, 60_000);
afterAll(() => directory?.remove());

describe('the same as Apache', () => {
  test.each([['dump'], ['recover'], ['chop'], ['invocation'], ['format'], ['compare'], ['purge'], ['zone']])(
    '%s',
    (group) => {
      const chosen = cases.filter(({ name }) => name.startsWith(group));
      expect(chosen.length).toBeGreaterThan(4);
      for (const { name, ours, expected } of chosen) {
        const run = theirs.get(name) as ToolRun;
        const got = ours();
        const wanted = expected(run);
        expect(got.stdout, name).toBe(wanted.stdout);
        expect(got.code, name).toBe(wanted.code);
        if (wanted.stderr.startsWith(UNCAUGHT)) expect(got.stderr, name).not.toBe('');
        else if (wanted.stderr !== UNJUDGED) expect(got.stderr, name).toBe(wanted.stderr);
      }
    },
  );
});

function addDumps(): void {
  for (const log of logFiles()) {
    if (!log.includes(TAKES_DIGEST_FOR_PATHS)) addLogTool(`dump ${log}`, [log]);
  }
  for (const seed of SEEDS) {
    const log = join(directory.path, `log.${seed}`);
    writeGeneratedLog(log, seed, 200);
    addLogTool(`dump generated ${seed}`, [log]);
  }
}

/** Apache leaves its copies beside the logs, so each works on a log of its own. */
function addRecoveries(): void {
  const broken = logFiles().filter((log) => /log-(flip|torn|short|zero)|tiny-3/.test(log));
  for (const log of broken) {
    addRecovery(log, ['-r', '-y'], '');
    addRecovery(log, ['-rv'], 'x\n\nno\n');
    addRecovery(log, ['--recover', '-v'], ' yes\n');
    addRecovery(log, ['-r'], 'abort\n');
  }
}

function addRecovery(log: string, options: readonly string[], input: string): void {
  const name = `recover ${log} ${options.join(' ')} ${input.trim()}`;
  const copy = copyOf(log);
  const path = join(copy, 'log.1');
  const fixed = join(copy, 'fixed-log.1');
  cases.push({
    name,
    theirs: { tool: ApacheTool.txnLogToolkit, args: [...options, path], input },
    ours: () => logTool([...options, path], input),
    expected: (run) => {
      const aborted = run.stderr.startsWith('Recovery aborted.');
      if (run.code === 0) expect(withoutPadding(fixed), name).toEqual(withoutPadding(`${path}.fixed`));
      expect(aborted || run.code === 0 || !readdirSync(copy).includes('fixed-log.1'), name).toBe(true);
      return { ...run, stdout: run.stdout.replaceAll(`${path}.fixed`, fixed) };
    },
  });
}

function addChops(): void {
  for (const [log, zxids] of [
    [join(FIXTURES, 'tiny-3.9/version-2/log.1'), ['1', '0x5', '017', '16', '40', '0', '#b']],
    [join(FIXTURES, 'log-gap/version-2/log.6'), ['8', '5', '0x10']],
    [join(FIXTURES, 'quorum-3.8/version-2/log.100000001'), ['0x100000003', '0x200000001']],
    [join(FIXTURES, 'log-flip-data/version-2/log.1'), ['3', '9']],
    [join(FIXTURES, 'log-flip-eor/version-2/log.1'), ['3', '9']],
    [join(FIXTURES, 'log-torn-no-eor/version-2/log.1'), ['3', '9']],
    [join(directory.path, 'log.1'), ['0x100000005', '30', '0x20000000b']],
  ] as const) {
    for (const zxid of zxids) addChop(log, zxid);
  }
}

function addChop(log: string, zxid: string): void {
  const name = `chop ${log} ${zxid}`;
  const copy = copyOf(log);
  const path = join(copy, 'log.1');
  const chopped = join(copy, `chopped${decimal(zxid)}-log.1`);
  cases.push({
    name,
    theirs: { tool: ApacheTool.txnLogToolkit, args: ['-c', '-z', zxid, path] },
    ours: () => logTool(['-c', '-z', zxid, path]),
    expected: (run) => {
      // Apache ends with code 0 whatever happens, and takes a copy that ends with its source for a failure.
      const isLast = run.stdout.includes('EOF reached') && hasZxid(path, decimal(zxid));
      const failed = run.stdout.includes('Got exception') && !isLast;
      const isThere = readdirSync(copy).includes(`chopped${decimal(zxid)}-log.1`);
      expect(isThere, name).toBe(!failed);
      if (!failed) expect(readFileSync(chopped), name).toEqual(readFileSync(`${path}.chopped${decimal(zxid)}`));
      if (!isLast) return { ...run, code: failed ? 1 : 0 };
      const count = /EOF reached after (\d+)/.exec(run.stdout)?.[1];
      const last = `Chopping at ${BigInt(decimal(zxid)).toString(16)} new log has ${count} records`;
      return { ...run, code: 0, stdout: run.stdout.replace(/Got exception: .*/, last) };
    },
  });
}

function addInvocations(): void {
  const log = join(FIXTURES, 'tiny-3.9/version-2/log.1');
  const missing = join(directory.path, 'missing');
  const words = [
    ...[
      [],
      ['-h'],
      ['--help', log],
      ['-q'],
      ['--chops', log],
      ['-z'],
      ['-dx', log],
      [missing],
      ['-c', '-z', '1', missing],
    ],
    ...[
      ['-c', log],
      ['-z', '5', log],
      ['-d', '--', log],
      ['--du', log],
      ['-verbose', log],
      ['-z5', log],
      ['-ch', log],
    ],
    ['-z', '-d', log],
  ];
  for (const args of words) {
    cases.push({
      name: `invocation ${args.join(' ')}`,
      theirs: { tool: ApacheTool.txnLogToolkit, args },
      ours: () => logTool(args),
      // Our help goes on where theirs ends.
      expected: (run) => ({
        ...run,
        stdout: run.stdout.startsWith('usage: ') ? helpWith(run.stdout, log) : run.stdout,
      }),
    });
  }
}

function helpWith(theirs: string, log: string): string {
  const ours = logTool(['-h', log]).stdout;
  expect(ours.startsWith(theirs)).toBe(true);
  return ours;
}

function addLogTool(name: string, args: readonly string[]): void {
  cases.push({
    name,
    theirs: { tool: ApacheTool.txnLogToolkit, args },
    ours: () => logTool(args),
    expected: (run) => run,
  });
}

function addFormats(): void {
  const files = snapshotFiles();
  for (const seed of SEEDS) {
    const target = join(directory.path, `formatted-${seed}`);
    mkdirSync(target);
    const file = writeGeneratedSnapshot({ directory: target, seed, nodeCount: 400 * seed });
    writeFileSync(`${file}.gz`, gzipSync(readFileSync(file)));
    files.push(file, `${file}.gz`);
  }
  for (const file of files) for (const option of ['', '-d', '-json']) addFormat([option, file].filter(Boolean));
  const [file] = files;
  for (const args of [
    [],
    ['-x', file],
    [file, file],
    ['-d', '-json', file],
    ['-json'],
    [directory.path],
    ['nowhere'],
  ]) {
    addFormat(args);
  }
}

function addFormat(args: readonly string[]): void {
  const isDamaged = args.some((arg) => /snap-(flip|tail|all-bad|fallback)/.test(arg));
  cases.push({
    name: `format ${args.join(' ')}`,
    theirs: { tool: ApacheTool.snapshotFormatter, args },
    ours: () => runOfflineTool((words, io) => snapshotFormatter(words, io, new NodeFileStore(), NOW_MS), args),
    expected: (run) => ({
      ...run,
      stdout: run.stdout.replace(/"timestamp":\d+/, `"timestamp":${NOW_MS}`),
      // Apache's says nothing about a wrong checksum.
      stderr: isDamaged && run.stderr === '' ? UNJUDGED : run.stderr,
    }),
  });
}

function addComparisons(): void {
  const pairs: [string, string][] = [];
  for (const name of ['tiny-restarted-3.9', 'rolled-3.9', 'quorum-3.8', 'learner-snap-3.9']) {
    const [first, second = first] = snapshotFiles().filter((file) => file.includes(`/${name}/`));
    pairs.push([first, second], [second, first]);
  }
  for (const seed of SEEDS) {
    const [left, right] = [0, 20 * seed].map((changes) => {
      const target = join(directory.path, `compared-${seed}-${changes}`);
      mkdirSync(target);
      return writeGeneratedSnapshot({ directory: target, seed, nodeCount: 200 * seed, changes });
    });
    pairs.push([left, right]);
  }
  for (const [left, right] of pairs) {
    const files = ['-l', left, '-r', right];
    addComparison([...files, '-b', '0', '-n', '0']);
    addComparison([...files, '--bytes=5', '--nodes', '2', '--debug']);
    addComparison(
      ['--left', left, '--right', right, '-b', '1', '-n1', '-i'],
      '\n1\n/\n/zookeeper\n/app\n9\n-1\nx\n2\n\n\n',
    );
  }
  const [[left, right]] = pairs;
  for (const args of [[], ['-l', left, '-r', right, '-b', '1'], ['-l', left, '-r', 'nowhere', '-b', '1', '-n', '1']]) {
    addComparison(args);
  }
  addComparison(['-l', left, '-r', right, '-b', 'x', '-n', '1']);
  addComparison(['-l', left, '-r', right, '-b', '1', '-n', '1', '-i'], '\n');
}

function addComparison(args: readonly string[], input = ''): void {
  const untimed = (text: string): string => text.replace(/in [\d.]+ seconds/g, 'in s seconds');
  cases.push({
    name: `compare ${args.join(' ')}`,
    theirs: { tool: ApacheTool.snapshotComparer, args, input },
    ours: () => {
      const run = runOfflineTool((words, io) => snapshotComparer(words, io, new NodeFileStore(), () => 0), args, input);
      return { ...run, stdout: untimed(run.stdout) };
    },
    expected: (run) => ({
      ...run,
      stdout: untimed(run.stdout).replace('java -cp <classPath> org.apache.zookeeper.server.', ''),
    }),
  });
}

/** Each of the two works on a directory of its own; what they say and what they leave is compared. */
function addPurges(): void {
  const whole = readFileSync(join(FIXTURES, 'tiny-restarted-3.9/version-2/snapshot.10'));
  const names = (count: number): string[] => [
    ...Array.from({ length: count }, (_, i) => `snapshot.${(i * 16).toString(16)}`),
    ...Array.from({ length: count }, (_, i) => `log.${(i * 16 + 1).toString(16)}`),
  ];
  const odd = [
    'log.zz',
    'log.',
    'log.5.bak',
    'snapshot.x',
    'logs',
    'acceptedEpoch',
    'log.31.bak',
    'log.ffffffffffffffff',
  ];
  for (const [files, count] of [
    [names(6), '3'],
    [names(6), '4'],
    [names(2), '3'],
    [['log.1', 'log.5'], '3'],
    [[...names(6), ...odd], '3'],
    [[...names(6), 'snapshot.100000001', 'log.100000002', 'log.f0'], '3'],
    [[...names(6), 'snapshot.a0.gz', 'log.10.gz'], '3'],
  ] as const) {
    const [ours, apaches] = [0, 1].map(() => {
      const target = join(directory.path, `purged-${cases.length}-${copyCount++}`);
      mkdirSync(join(target, 'version-2'), { recursive: true });
      for (const file of files) {
        writeFileSync(join(target, 'version-2', file), file.endsWith('0.gz') ? gzipSync(whole) : whole);
      }
      return target;
    });
    addPurge(ours, apaches, (path) => [path, '-n', count]);
  }
  const there = join(directory.path, 'purge-there');
  mkdirSync(there);
  const missing = join(directory.path, 'purge-missing');
  for (const args of [
    ...[
      [],
      [there],
      [there, '-n'],
      [there, '3'],
      [there, '-x', '3'],
      [there, '-n', '2'],
      [there, '-n', 'x'],
      [missing, '-n', '3'],
    ],
    ...[
      [there, missing, '-n', '3'],
      [there, there, '-n', '3', '4'],
      [there, '-n', '-3'],
      [there, there, '-y', '3'],
    ],
  ]) {
    addPurge('', '', () => args);
  }
}

function addPurge(ours: string, apaches: string, args: (path: string) => readonly string[]): void {
  const undated = (text: string): string =>
    text
      .replace(/file: .*\t/g, 'file:\t')
      .split('\n')
      .sort()
      .join('\n');
  cases.push({
    name: `purge ${args(apaches).join(' ')}`,
    theirs: { tool: ApacheTool.purgeTxnLog, args: args(apaches) },
    ours: () => {
      const run = runOfflineTool((words, io) => cleanup(words, io, new NodeFileStore(), {}), args(ours));
      const own = /^zkCleanup -n count takes.*\n/m;
      return { ...run, stdout: undated(run.stdout.replace(own, '')) };
    },
    expected: (run) => {
      if (apaches !== '') {
        expect(readdirSync(join(ours, 'version-2')).sort()).toEqual(readdirSync(join(apaches, 'version-2')).sort());
      }
      return { ...run, stdout: undated(run.stdout.replaceAll(apaches, ours)) };
    },
  });
}

/** Dates from 1970 to 2096, in summer and in winter. */
function addTimeZones(): void {
  const log = join(directory.path, 'log.1');
  const [snapshot] = snapshotFiles().filter((file) => file.includes('/tiny-restarted-3.9/'));
  for (const timeZone of ['America/New_York', 'Europe/Berlin', 'Asia/Tokyo', 'Asia/Kolkata', 'Australia/Sydney']) {
    addInZone(timeZone, { tool: ApacheTool.txnLogToolkit, args: [log], timeZone }, () => logTool([log]));
    addInZone(timeZone, { tool: ApacheTool.snapshotFormatter, args: [snapshot], timeZone }, () =>
      runOfflineTool((words, io) => snapshotFormatter(words, io, new NodeFileStore(), NOW_MS), [snapshot]),
    );
  }
}

function addInZone(timeZone: string, command: ToolCommand, ours: () => ToolRun): void {
  cases.push({
    name: `zone ${timeZone} ${command.tool}`,
    theirs: command,
    ours: () => {
      process.env.TZ = timeZone;
      try {
        return ours();
      } finally {
        process.env.TZ = 'UTC';
      }
    },
    expected: (run) => {
      // The zone is really another one.
      if (timeZone === 'America/New_York') expect(run.stdout).toMatch(/ E[SD]T /);
      return run;
    },
  });
}

function logTool(args: readonly string[], input = ''): ToolRun {
  return runOfflineTool((words, io) => txnLogToolkit(words, io, new NodeFileStore()), args, input);
}

function logFiles(): string[] {
  return filesNamed(/\/log\.[^/]+$/);
}

function snapshotFiles(): string[] {
  return filesNamed(/\/snapshot\.[^/]+$/);
}

function filesNamed(pattern: RegExp): string[] {
  return readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' })
    .filter((name) => pattern.test(name))
    .sort()
    .map((name) => join(FIXTURES, name));
}

let copyCount = 0;
function copyOf(log: string): string {
  const copy = join(directory.path, String(copyCount++));
  mkdirSync(copy);
  copyFileSync(log, join(copy, 'log.1'));
  return copy;
}

/** Apache pads what it has recovered. */
function withoutPadding(path: string): Buffer {
  const bytes = readFileSync(path);
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return bytes.subarray(0, end);
}

function decimal(zxid: string): string {
  return (
    zxid.startsWith('0') && /^0\d/.test(zxid) ? BigInt(`0o${zxid.slice(1)}`) : BigInt(zxid.replace('#', '0x'))
  ).toString();
}

function hasZxid(log: string, zxid: string): boolean {
  return logTool([log]).stdout.includes(` zxid 0x${BigInt(zxid).toString(16)} `);
}
