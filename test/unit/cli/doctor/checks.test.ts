// The doctor's checks, each over facts made up here: what is right says so once, and every mistake is found, with its
// severity and its place.

import { describe, expect, it } from 'vitest';
import { type CertificateFacts, checkCertificates } from '../../../../src/cli/doctor/certificate-check.js';
import { checkData, checkZxid, type DataFacts } from '../../../../src/cli/doctor/data-check.js';
import { checkDisks, type DirectoryFacts, type DiskFacts } from '../../../../src/cli/doctor/disk-check.js';
import { exitCodeOf, jsonReport, textReport } from '../../../../src/cli/doctor/doctor-report.js';
import type { Finding } from '../../../../src/cli/doctor/finding.js';
import { checkMachine, type MachineFacts } from '../../../../src/cli/doctor/machine-check.js';
import { checkMembers, type MemberFacts } from '../../../../src/cli/doctor/member-check.js';
import { checkPorts, type PortFacts } from '../../../../src/cli/doctor/port-check.js';
import { checkServer, modeOf } from '../../../../src/cli/doctor/server-check.js';
import { checkTree } from '../../../../src/cli/doctor/tree-check.js';
import { loadSnapshot } from '../../../../src/cli/snapshot-toolkits/loaded-snapshot.js';
import { parseQuorumConfig } from '../../../../src/server/quorum-config.js';
import { storeWith, VERSION_2 } from '../../persistence/persistence-fixture.js';

/** `severity: what` of each; a warning or an error without a remedy is none. */
function said(findings: readonly Finding[]): string[] {
  for (const { severity, remedy, what } of findings) {
    if (severity === 'warning' || severity === 'error') expect(remedy, what).not.toBe('');
  }
  return findings.map(({ severity, what }) => `${severity}: ${what}`);
}

describe('members', () => {
  const THREE = { 'server.1': 'a:2888:3888', 'server.2': 'b:2888:3888', 'server.3': 'c:2888:3888;2181' };

  function members(lines: Record<string, string>, more: Partial<MemberFacts> = {}): string[] {
    return said(
      checkMembers({
        where: 'zoo.cfg',
        myid: '1',
        myidPath: '/d/myid',
        members: parseQuorumConfig(new Map(Object.entries(lines)), true),
        ownAddresses: ['127.0.0.1', '10.0.0.1'],
        addressesOf: new Map([
          ['a', ['10.0.0.1']],
          ['b', ['10.0.0.2']],
          ['c', ['10.0.0.3']],
          ['d', ['10.0.0.4']],
        ]),
        ...more,
      }),
    );
  }

  it('that make sense together are one finding', () => {
    expect(members(THREE)).toEqual(['ok: 3 that make sense together']);
    expect(members({}, { myid: null })).toEqual(['info: none: the server runs standalone']);
    expect(members({ 'server.1': 'localhost:2888:3888;2181' }, { myid: null })).toEqual(['ok: one alone']);
  });

  it.each<[myid: string | null, finding: string]>([
    [null, 'error: there is no file myid'],
    ['', 'error: myid "" is not a number'],
    ['1 ', 'error: myid "1 " is not a number'],
    ['7', 'error: myid 7 has no server.7 line'],
    ['2', 'warning: server.2 is b (10.0.0.2), which is no address of this machine'],
  ])('myid %j: %s', (myid, finding) => {
    expect(members(THREE, { myid })).toEqual([finding]);
  });

  it('a myid beyond 255 is told', () => {
    expect(members({ ...THREE, 'server.300': 'a:2889:3889' }, { myid: '300' })).toContain(
      'warning: myid 300 is not from 1 to 255',
    );
  });

  it('two and other even numbers of voters are told, unless they have weights', () => {
    const two = { 'server.1': 'a:1:2', 'server.2': 'b:1:2' };
    expect(members(two)).toEqual(['warning: two voters: when one of them is away there is no quorum']);
    expect(members({ ...THREE, 'server.4': 'd:1:2' })).toEqual(['warning: 4 voters bear the loss of 1, as 3 do']);
    expect(members({ ...THREE, 'server.4': 'd:1:2:observer' })).toEqual(['ok: 4 that make sense together']);
    const groups = { 'group.1': '1:2', 'group.2': '3:4' };
    expect(members({ ...THREE, 'server.4': 'd:1:2', ...groups })).toEqual(['ok: 4 that make sense together']);
  });

  it('one address for two purposes is an error', () => {
    expect(members({ ...THREE, 'server.2': 'a:3888:2889' })).toEqual([
      'error: a:3888 is the election port of server.1 and the quorum port of server.2',
    ]);
    expect(members({ ...THREE, 'server.3': 'c:2888:3888;2888' })).toEqual([
      'error: c:2888 is the quorum port of server.3 and the client port of server.3',
    ]);
  });

  it('names that do not resolve, or to this machine only, are told', () => {
    const addressesOf = new Map<string, string[] | null>([
      ['a', ['10.0.0.1']],
      ['b', null],
      ['c', ['127.0.1.1']],
    ]);
    expect(members(THREE, { addressesOf })).toEqual([
      'warning: the name b does not resolve',
      'warning: the name c resolves to 127.0.1.1 here, where no other machine gets through',
    ]);
  });
});

describe('disks', () => {
  const MB = 2 ** 20;
  const directory = (more: Partial<DirectoryFacts> = {}): DirectoryFacts => ({
    path: '/data',
    device: 1,
    isWritable: true,
    freeBytes: 100_000 * MB,
    fileSystemType: 0xef53,
    ...more,
  });
  const disks = (more: Partial<DiskFacts> = {}): string[] =>
    said(
      checkDisks({
        snapshots: directory(),
        logs: directory({ path: '/log', device: 2 }),
        latency: { count: 300, medianMs: 0.5, p99Ms: 2, maxMs: 12.4 },
        snapshotBytes: [10 * MB],
        logFileCount: 2,
        retainCount: 3,
        purgeIntervalHours: 24,
        preAllocBytes: 64 * MB,
        fsyncWarningMs: 1000,
        isSyncForced: true,
        ...more,
      }),
    );

  it('that are fit say their figures', () => {
    expect(disks()).toEqual([
      'ok: write and fdatasync took 0.50 ms (median), 2.00 ms (p99), 12 ms (max) of 300',
      'ok: 97 GB free, 40 MB needed for the next snapshots and logs',
      'ok: 97 GB free, 128 MB needed for the next snapshots and logs',
      'ok: every 24 h, 3 snapshots are kept',
    ]);
  });

  it.each<[finding: RegExp, facts: Partial<DiskFacts>]>([
    [/^info: .*each write waits so long$/, { latency: { count: 9, medianMs: 20, p99Ms: 30, maxMs: 40 } }],
    [/^warning: .*slow$/, { latency: { count: 9, medianMs: 60, p99Ms: 70, maxMs: 80 } }],
    [/^warning: .*slow$/, { latency: { count: 9, medianMs: 1, p99Ms: 70, maxMs: 1000 } }],
    [/^warning: forceSync=no/, { isSyncForced: false }],
    [/^warning: 30 MB free, 40 MB needed/, { snapshots: directory({ freeBytes: 30 * MB }) }],
    [/^info: logs and snapshots are on one device/, { logs: directory({ path: '/log' }) }],
    [/^warning: is in memory/, { logs: directory({ device: 2, fileSystemType: 0x0102_1994 }) }],
    [/^warning: is on the network/, { logs: directory({ device: 2, fileSystemType: 0x6969 }) }],
    [/^warning: is a container's layer/, { logs: directory({ device: 2, fileSystemType: 0x794c_7630 }) }],
    [/^info: is off: old snapshots/, { purgeIntervalHours: 0 }],
    [/^warning: is off, and 31 snapshots and logs/, { purgeIntervalHours: 0, logFileCount: 30 }],
  ])('%s', (finding, facts) => {
    const found = disks(facts).filter((line) => !line.startsWith('ok'));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(finding);
  });

  it('that are one device need room for both', () => {
    const found = disks({ logs: directory({ path: '/log', freeBytes: 100 * MB }) });
    expect(found).toContain('warning: 100 MB free, 168 MB needed for the next snapshots and logs');
  });

  it('that cannot be measured say nothing about it', () => {
    expect(disks({ latency: null }).join()).not.toContain('fdatasync');
  });
});

describe('the data directory', () => {
  const data = (more: Partial<DataFacts> = {}): string[] =>
    said(
      checkData({
        dataDir: '/data',
        snapshotNames: ['snapshot.0', 'snapshot.10000000a.gz', 'acceptedEpoch'],
        logNames: ['log.100000001'],
        isWritable: true,
        isMissing: false,
        mayBeCreated: true,
        acceptedEpoch: '1',
        currentEpoch: '1',
        isSnapshotTrustEmpty: false,
        damage: [],
        whyNotLooked: '',
        ...more,
      }),
    );

  it('as a start wants it', () => {
    expect(data()).toEqual([
      'ok: a start finds everything it needs',
      'ok: 0x10000000a: 4294967285 writes until the counter is used up',
    ]);
  });

  it.each<[finding: string, facts: Partial<DataFacts>]>([
    ['error: is not there, and datadir.autocreate is false', { isMissing: true, mayBeCreated: false }],
    ['info: holds no database yet: a start makes one', { isMissing: true }],
    ['error: cannot be written to', { isWritable: false }],
    [
      'info: .tmp-snapshot.5 is a snapshot that was never finished',
      { snapshotNames: ['snapshot.0', '.tmp-snapshot.5'] },
    ],
    ['error: there are logs but no snapshot: a start refuses that', { snapshotNames: ['snapshot.5.tmp'] }],
    ['error: currentEpoch has no number but ""', { currentEpoch: '' }],
    ['error: the accepted epoch, 1, is less than the current epoch, 2', { currentEpoch: '2' }],
    ['error: a start is refused: log.5 has damage', { damage: ['log.5 has damage'] }],
    ['info: snapshots and logs were not read: a server runs', { damage: null, whyNotLooked: 'a server runs' }],
  ])('%s', (finding, facts) => {
    expect(data(facts)).toContain(finding);
  });

  it('logs without a snapshot are right where that is configured', () => {
    expect(data({ snapshotNames: [], isSnapshotTrustEmpty: true }).join()).not.toContain('refuses');
  });

  it('a counter near its end is told', () => {
    expect(said(checkZxid(0x3_ffff_fff0n, 'x'))).toEqual([
      'warning: 0x3fffffff0: after 15 writes the counter is used up, and the ensemble elects a leader again',
    ]);
    expect(checkZxid(null, 'x')).toEqual([]);
  });
});

describe('ports', () => {
  const port = (name: string, number: number, errorCode = '', host: string | null = null): PortFacts => ({
    name,
    host,
    port: number,
    errorCode,
  });

  it.each<[finding: string, facts: PortFacts, mode: string | null]>([
    ['ok: the client port *:2181 is free', port('client port', 2181), null],
    ['warning: a server runs (leader), but the client port *:2181 is free', port('client port', 2181), 'leader'],
    ['ok: the quorum port a:2888 is free: only a leader opens it', port('quorum port', 2888, '', 'a'), 'follower'],
    ['error: the admin port *:8080 is taken, by no ZooKeeper server', port('admin port', 8080, 'EADDRINUSE'), null],
    [
      'info: the client port *:2181 is taken: a ZooKeeper server (standalone) runs here',
      port('client port', 2181, 'EADDRINUSE'),
      'standalone',
    ],
    [
      'error: the quorum port is to be at [fd00::1]:2888, which is no address of this machine',
      port('quorum port', 2888, 'EADDRNOTAVAIL', 'fd00::1'),
      null,
    ],
    [
      'error: the client port *:218 may not be opened: ports below 1024 are for the super user',
      port('client port', 218, 'EACCES'),
      null,
    ],
    ['error: the client port *:2181 cannot be opened (EPERM)', port('client port', 2181, 'EPERM'), null],
  ])('%s', (finding, facts, mode) => {
    expect(said(checkPorts([facts], mode))).toEqual([finding]);
  });

  it('that are equal on one address are told', () => {
    const ports = [port('client port', 8080, '', '10.0.0.1'), port('admin port', 8080, '', '127.0.0.1')];
    expect(said(checkPorts(ports, null)).filter((line) => line.startsWith('error'))).toEqual([]);
    expect(said(checkPorts([ports[0], port('admin port', 8080)], null))[0]).toBe(
      'error: client port and admin port are both 8080',
    );
  });
});

describe('certificates', () => {
  const DAY_MS = 86_400_000;
  const NOW_MS = Date.UTC(2026, 0, 31);
  const certificates = (days: readonly number[], hosts: string[] = [], error = ''): string[] =>
    said(
      checkCertificates(
        [
          {
            name: 'ssl.quorum.keyStore',
            path: '/k.p12',
            error,
            hosts,
            certificates: days.map<CertificateFacts>((day) => ({
              subject: 'CN=zk1',
              validFromMs: NOW_MS - 10 * DAY_MS,
              validToMs: NOW_MS + day * DAY_MS,
              bears: (host) => host === 'zk1',
            })),
          },
        ],
        NOW_MS,
      ),
    );

  it('that hold say for how long', () => {
    expect(certificates([365, 90], ['zk1'])).toEqual(['ok: ssl.quorum.keyStore has 2 that hold for 90 days']);
  });

  it.each<[finding: string, days: number[], hosts?: string[], error?: string]>([
    ['warning: ssl.quorum.keyStore has CN=zk1, which ends in 12 days, on 2026-02-12', [12]],
    ['error: ssl.quorum.keyStore has CN=zk1, which ended on 2026-01-30', [-1]],
    ['warning: ssl.quorum.keyStore has CN=zk1, which does not stand for zk2', [90], ['zk1', 'zk2']],
    [
      'error: key store /k.p12 cannot be read: wrong password',
      [],
      [],
      'key store /k.p12 cannot be read: wrong password',
    ],
  ])('%s', (finding, days, hosts, error) => {
    expect(certificates(days, hosts, error)).toEqual([finding]);
  });

  it('that hold only later are an error', () => {
    const later = { subject: 'CN=x', validFromMs: NOW_MS + DAY_MS, validToMs: NOW_MS + 99 * DAY_MS, bears: () => true };
    const store = { name: 'ssl.trustStore', path: '/t', error: '', hosts: [], certificates: [later] };
    expect(said(checkCertificates([store], NOW_MS))).toEqual([
      'error: ssl.trustStore has CN=x, which is not valid before 2026-02-01',
    ]);
  });
});

describe('the machine', () => {
  const machine = (more: Partial<MachineFacts> = {}): string[] =>
    said(
      checkMachine({
        nodeVersion: '22.4.1',
        nodeVersionMin: '20.19.0',
        coreCount: 4,
        placement: 'pipeline',
        connectionShards: 2,
        memoryBytes: 8 * 2 ** 30,
        heapBytesMax: 4 * 2 ** 30,
        openFilesMax: 65536,
        clockStepMs: -0.4,
        clockWatchedMs: 300.2,
        ...more,
      }),
    );

  it('that is fit says what it is', () => {
    expect(machine()).toEqual([
      'ok: Node.js 22.4.1',
      'ok: 4 cores: placement pipeline, client connections on 2 threads',
      'ok: 8192 MB of memory, a heap of 4096 MB at most',
      'ok: 65536 open files are allowed',
      'ok: the clock went evenly for 300 ms',
    ]);
    expect(machine({ placement: null }), 'without a configuration').toContain('ok: 4 cores');
  });

  it.each<[finding: string, facts: Partial<MachineFacts>]>([
    ['error: Node.js 20.9.3 is older than 20.19.0', { nodeVersion: '20.9.3' }],
    [
      'info: one core: placement compact, client connections on one thread',
      { coreCount: 1, placement: 'compact', connectionShards: 1 },
    ],
    ['warning: 128 MB of memory, a heap of 64 MB at most', { memoryBytes: 2 ** 27, heapBytesMax: 2 ** 26 }],
    [
      'warning: 1024 MB of memory, a heap of 4096 MB at most: the heap may outgrow the memory',
      { memoryBytes: 2 ** 30 },
    ],
    ['warning: only 1024 open files are allowed: each connection is one', { openFilesMax: 1024 }],
    ['warning: the clock jumped by -2000 ms within 300 ms', { clockStepMs: -2000 }],
  ])('%s', (finding, facts) => {
    expect(machine(facts).filter((line) => !line.startsWith('ok'))).toEqual([finding]);
  });

  it('whose limits nobody knows has none to tell', () => {
    expect(machine({ openFilesMax: null })).toHaveLength(4);
  });
});

describe('a running server', () => {
  const SRVR = 'Zookeeper version: 3.9.5-x, built on y\nZxid: 0x100000005\nMode: leader\nNode count: 5\n';
  const mntr = (values: Record<string, number | string>): string =>
    Object.entries({ version: '3.9.5', avg_latency: 0.5, open_file_descriptor_count: 80, ...values })
      .map(([name, value]) => `zk_${name}\t${value}\n`)
      .join('');
  const server = (srvr: string | null, answer: string | null, isExpected = false): string[] =>
    said(checkServer({ where: 'h:1', isExpected, srvr, mntr: answer, frameBytesMax: 1_048_575 }));

  it('that serves says its mode and what is left of its zxid', () => {
    expect(server(SRVR, mntr({}))).toEqual([
      'ok: serves (leader)',
      'ok: 0x100000005: 4294967290 writes until the counter is used up',
    ]);
    expect(modeOf(SRVR)).toBe('leader');
    expect(modeOf(null)).toBeNull();
  });

  it('that does not answer is an error only where one must be', () => {
    expect(server(null, null)).toEqual(['info: none runs here']);
    expect(server(null, null, true)).toEqual(['error: does not answer']);
    expect(server('This ZooKeeper instance is not currently serving requests\n', null)).toEqual([
      'warning: runs, but does not serve: it has no quorum, or has not finished starting',
    ]);
  });

  it.each<[finding: string, answer: string]>([
    [
      'info: does not answer mntr: nothing is known of its load',
      'mntr is not executed because it is not in the whitelist.\n',
    ],
    ['warning: 80 of 100 open files are in use', mntr({ max_file_descriptor_count: 100 })],
    ['warning: requests take 250.5 ms on average', mntr({ avg_latency: 250.5 })],
    [
      'warning: a reply had 1000000 bytes, and clients take 1048575 (jute.maxbuffer)',
      mntr({ last_client_response_size: 16, max_client_response_size: 1_000_000 }),
    ],
    ['warning: 1 followers are not in sync', mntr({ followers: 2, synced_followers: 1 })],
  ])('%s', (finding, answer) => {
    expect(server(SRVR, answer)).toContain(finding);
  });
});

describe('the tree', () => {
  const { tree } = loadSnapshot(storeWith('tiny-restarted-3.9'), `${VERSION_2}/snapshot.10`, {
    out: () => undefined,
    err: () => undefined,
    readLine: () => null,
  });

  it('far from its limits is one finding', () => {
    expect(said(checkTree(tree, 'x', 1_048_575))).toEqual(['ok: 9 nodes, none near a limit']);
  });

  it('near them says which node', () => {
    expect(said(checkTree(tree, 'x', 40)).join('\n')).toMatch(
      /^warning: the names of the children of \/ have \d+ bytes; a client takes 40 \(jute\.maxbuffer\)/,
    );
    const old = Object.create(tree) as typeof tree;
    old.cversion = () => 2 ** 31 - 6;
    expect(said(checkTree(old, 'x', 1_048_575))[0]).toBe('warning: / has 5 sequence numbers left');
  });
});

describe('the report', () => {
  const FINDINGS: readonly Finding[] = [
    { severity: 'ok', check: 'a', what: 'is right', where: '/a', remedy: '' },
    { severity: 'error', check: 'b', what: 'is wrong', where: '/b', remedy: 'Mend it.' },
    { severity: 'warning', check: 'c', what: '/c is odd', where: '/c', remedy: 'Look.' },
  ];

  it('has the worst first, and a sum', () => {
    expect(textReport(FINDINGS)).toBe(
      'ERROR    b: is wrong\n         at /b\n         -> Mend it.\nWARNING  c: /c is odd\n         -> Look.\n' +
        'ok       a: is right\n         at /a\n1 error, 1 warning.\n',
    );
    expect(textReport(FINDINGS.slice(0, 1))).toMatch(/1 findings, nothing to do\.\n$/);
  });

  it('sets the exit code by the worst', () => {
    expect(exitCodeOf(FINDINGS)).toBe(2);
    expect(exitCodeOf([FINDINGS[0], FINDINGS[2]])).toBe(1);
    expect(exitCodeOf(FINDINGS.slice(0, 1))).toBe(0);
    expect(exitCodeOf([])).toBe(0);
  });

  it('is JSON for programs', () => {
    expect(JSON.parse(jsonReport(FINDINGS))).toEqual({ exitCode: 2, findings: FINDINGS });
  });
});
