// Files both ways between us and Apache ZooKeeper (Debian's 3.8): its tools and its server read a log and a snapshot that
// we wrote, and we recover a directory that its server wrote. Fails, naming the package, where it is not installed.

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ManualClock } from '../../src/base/clock.js';
import { hiOf, loOf } from '../../src/base/int64.js';
import { decodeUtf8 } from '../../src/base/utf8.js';
import { JuteWriter } from '../../src/jute/jute-writer.js';
import { NodeFileStore } from '../../src/persistence/node-file-store.js';
import type { RecoveredDatabase } from '../../src/persistence/recovery.js';
import { SnapshotWriter } from '../../src/persistence/snapshot-writer.js';
import { TxnLogWriter } from '../../src/persistence/txn-log-writer.js';
import { type ACL, OPEN_ACL_UNSAFE } from '../../src/protocol/acl.js';
import { OpCode } from '../../src/protocol/op-code.js';
import { encodeSubTxn, encodeTxnEntry, type TxnBody } from '../../src/protocol/txns.js';
import { TxnApplier } from '../../src/store/txn-applier.js';
import { startApache } from '../testing/apache-server.js';
import { requireTool, runTool, type ToolRun } from '../testing/run-tool.js';
import { makeTempDir, type TempDir } from '../testing/temp-dir.js';
import { recoverFrom } from '../unit/persistence/persistence-fixture.js';

const JAVA = '/usr/bin/java';
const ZK_CLI = '/usr/share/zookeeper/bin/zkCli.sh';
const CLASS_PATH = '/usr/share/java/zookeeper.jar:/usr/share/java/*';
const DEADLINE_MS = 40_000;
const SESSION = 0x1000_0000_0000_0001n;
const READ_ONLY: ACL[] = [
  { perms: 1, id: { scheme: 'world', id: 'anyone' } },
  { perms: 31, id: { scheme: 'ip', id: '127.0.0.1' } },
];

const fileStore = new NodeFileStore();
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function openDatabase(dataDir: string): RecoveredDatabase {
  return recoverFrom(fileStore, { dataDir, dataLogDir: dataDir });
}

/** One transaction of every kind, as our pipeline would log it. */
const BODIES: readonly TxnBody[] = [
  { type: OpCode.createSession, txn: { timeOut: 30_000 } },
  {
    type: OpCode.create,
    txn: { path: '/a', data: text('one'), acl: OPEN_ACL_UNSAFE, ephemeral: false, parentCVersion: 1 },
  },
  { type: OpCode.setData, txn: { path: '/a', data: text('two'), version: 1 } },
  { type: OpCode.error, txn: { err: -110 } },
  { type: OpCode.create2, txn: { path: '/e', data: null, acl: OPEN_ACL_UNSAFE, ephemeral: true, parentCVersion: 2 } },
  { type: OpCode.create, txn: { path: '/b', data: text('b'), acl: READ_ONLY, ephemeral: false, parentCVersion: 3 } },
  { type: OpCode.setACL, txn: { path: '/a', acl: READ_ONLY, version: 1 } },
  { type: OpCode.createContainer, txn: { path: '/c', data: text(''), acl: OPEN_ACL_UNSAFE, parentCVersion: 4 } },
  {
    type: OpCode.multi,
    txn: {
      txns: [
        encodeSubTxn({
          type: OpCode.create,
          txn: { path: '/m', data: text('multi'), acl: OPEN_ACL_UNSAFE, ephemeral: false, parentCVersion: 5 },
        }),
        encodeSubTxn({ type: OpCode.setData, txn: { path: '/m', data: text('again'), version: 1 } }),
      ],
    },
  },
  { type: OpCode.create, txn: { path: '/gone', data: null, acl: null, ephemeral: false, parentCVersion: 6 } },
  { type: OpCode.delete, txn: { path: '/gone' } },
  {
    type: OpCode.create,
    txn: { path: '/ü', data: text('ü'), acl: OPEN_ACL_UNSAFE, ephemeral: false, parentCVersion: 7 },
  },
];

let directory: TempDir;
let logFile: string;
let snapshotFile: string;

/** A server's life: recover the empty directory, log and apply everything, snapshot in the middle of it. */
beforeAll(() => {
  requireTool(JAVA, 'default-jre-headless');
  requireTool('/usr/share/java/zookeeper.jar', 'libzookeeper-java');
  requireTool(ZK_CLI, 'zookeeper');
  directory = makeTempDir('persistence-apache');
  const { tree, directories, snapshot } = openDatabase(directory.path);
  const log = new TxnLogWriter({
    fileStore,
    directory: directories.logDirectory,
    clock: new ManualClock(),
    preAllocBytes: 1 << 20,
    forceSync: true,
    sizeLimitBytes: 0,
    syncWarningThresholdMs: 1000,
    onSync: () => undefined,
    onSlowSync: () => undefined,
    warn: () => undefined,
  });
  const snapshots = new SnapshotWriter({
    fileStore,
    directory: directories.snapshotDirectory,
    reader: tree.reader,
    backOff: () => undefined,
    collectSessions: (add) => add(hiOf(SESSION), loOf(SESSION), 30_000),
    waitUntilDurable: () => undefined,
    loaded: snapshot,
    treeDigest: null,
  });
  const applier = new TxnApplier(tree);
  BODIES.forEach((body, index) => {
    const zxid = BigInt(index + 1);
    const out = new JuteWriter();
    const header = { clientId: SESSION, cxid: index, zxid, time: BigInt(Date.now()), type: body.type };
    encodeTxnEntry(out, { header, body, digest: null });
    log.append(out.bytes, 0, out.length, 0, index + 1);
    log.commit();
    tree.beginWrite();
    applier.apply(out.bytes, 0, out.length, null);
    tree.endWrite(0, index + 1);
    if (index === 8) snapshotFile = join(directories.snapshotDirectory, snapshots.write()?.name ?? '');
  });
  log.close();
  logFile = join(directories.logDirectory, 'log.1');
});
afterAll(() => directory?.remove());

function tool(name: string, ...args: string[]): Promise<ToolRun> {
  const options = ['-Dfile.encoding=UTF-8', '-cp', CLASS_PATH];
  return runTool(JAVA, [...options, `org.apache.zookeeper.server.${name}`, ...args], { deadlineMs: DEADLINE_MS });
}

async function cli(port: number, lines: readonly string[]): Promise<string> {
  const run = await runTool(ZK_CLI, ['-server', `127.0.0.1:${port}`], {
    deadlineMs: DEADLINE_MS,
    input: `${lines.join('\n')}\nquit\n`,
    env: { JAVA_TOOL_OPTIONS: '-Dfile.encoding=UTF-8', LC_ALL: 'C.UTF-8' },
  });
  return run.stdout + run.stderr;
}

describe('what we wrote', () => {
  test('TxnLogToolkit reads every record of our log, checksums and padding included', async () => {
    const run = await tool('persistence.TxnLogToolkit', logFile);
    expect(run.code).toBe(0);
    expect(run.stdout).toContain('ZooKeeper Transactional Log File with dbid 0 txnlog format version 2');
    expect(run.stdout).toContain(`EOF reached after ${BODIES.length} txns.`);
    expect(run.stdout).not.toContain('CRC ERROR');
    const operations = [...run.stdout.matchAll(/session 0x1000000000000001 cxid 0x\w+ zxid 0x(\w+) (\w+)/g)];
    expect(operations.map((match) => match[2])).toEqual([
      'createSession',
      'create',
      'setData',
      'error',
      'create2',
      'create',
      'setACL',
      'createContainer',
      'multi',
      'create',
      'delete',
      'create',
    ]);
    expect(operations.map((match) => Number.parseInt(match[1], 16))).toEqual(BODIES.map((_, i) => i + 1));
    expect(run.stdout).toContain('/a,two,1');
  });

  test('SnapshotFormatter reads our snapshot: every node, the session and its ephemeral', async () => {
    expect(snapshotFile).toMatch(/snapshot\.9$/);
    const run = await tool('SnapshotFormatter', '-d', snapshotFile);
    expect(run.code).toBe(0);
    const paths = run.stdout.split('\n').filter((line) => line.startsWith('/'));
    expect(paths.sort()).toEqual([
      '/',
      '/a',
      '/b',
      '/c',
      '/e',
      '/m',
      '/zookeeper',
      '/zookeeper/config',
      '/zookeeper/quota',
    ]);
    expect(run.stdout).toContain('0x1000000000000001, 30000, 1');
    expect(run.stdout).toContain(`data = ${Buffer.from('again').toString('base64')}`);
    expect(run.stdout).toContain('Last zxid: 0x9');
  });

  test("Apache's server serves the directory, from our snapshot and the log behind it", async () => {
    const server = await startApache({ dataDir: directory.path });
    try {
      const answers = await cli(server.port, ['ls /', 'get /a', 'get -s /m', 'getAcl /b', 'get /ü', 'create /next x']);
      expect(answers).toMatch(/\[a, b, c, (e, )?m, zookeeper, ü\]/);
      expect(answers).toMatch(/^two$/m);
      expect(answers).toMatch(/^again\ncZxid = 0x9\n(?:.*\n)*?dataVersion = 1\n/m);
      expect(answers).toContain("'world,'anyone\n: r\n'ip,'127.0.0.1\n: cdrwa");
      expect(answers).toMatch(/^ü$/m);
      expect(answers).toContain('Created /next');
    } finally {
      await server.stop();
    }
    const again = openDatabase(directory.path);
    // Its session's record and the create, on top of ours.
    expect(again.lastZxidLo).toBeGreaterThanOrEqual(BODIES.length + 2);
    expect(dataAt(again, '/next')).toBe('x');
    expect(dataAt(again, '/ü')).toBe('ü');
  });
});

test('we recover what its server wrote and was killed over', async () => {
  using other = makeTempDir('apache-persistence');
  const server = await startApache({ dataDir: other.path });
  try {
    const commands = [
      'create /x 1',
      'create /x/y 2',
      'set /x 3',
      'create -s /x/seq- 4',
      'create /gone 5',
      'delete /gone',
    ];
    expect(await cli(server.port, commands)).toContain('Created /x/seq-0000000001');
  } finally {
    await server.kill();
  }
  const database = openDatabase(other.path);
  expect(dataAt(database, '/x')).toBe('3');
  expect(dataAt(database, '/x/y')).toBe('2');
  expect(dataAt(database, '/x/seq-0000000001')).toBe('4');
  expect(dataAt(database, '/gone')).toBeUndefined();
});

function dataAt(database: RecoveredDatabase, path: string): string | undefined {
  const { reader } = database.tree;
  const bytes = text(path);
  const ref = reader.find(bytes, 0, bytes.length);
  if (ref === 0) return undefined;
  const data = new Uint8Array(Math.max(reader.dataLength(ref), 0));
  reader.copyData(ref, data, 0, data.length);
  return decodeUtf8(data, 0, data.length);
}
