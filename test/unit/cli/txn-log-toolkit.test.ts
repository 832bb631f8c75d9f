// zkTxnLogToolkit where it goes its own way: --verify, -o, and targets that no server takes for logs. What it has in common
// with Apache's is compared with Apache's (test/interop/toolkits.test.ts).

import { describe, expect, test } from 'vitest';
import { txnLogToolkit } from '../../../src/cli/txn-log-toolkit/txn-log-toolkit.js';
import type { FileStore } from '../../../src/persistence/file-store.js';
import { runOfflineTool } from '../../testing/offline-tool.js';
import type { ToolRun } from '../../testing/run-tool.js';
import { DATA_DIR, fixtureNames, readCase, storeWith, VERSION_2 } from '../persistence/persistence-fixture.js';

function toolkit(store: FileStore, ...args: string[]): ToolRun {
  return runOfflineTool((words, io) => txnLogToolkit(words, io, store), args);
}

describe('verify', () => {
  test.each(fixtureNames())('%s: says what a start would, and changes nothing', (name) => {
    const store = storeWith(name);
    const before = store.list(VERSION_2);
    const { code, stdout, stderr } = toolkit(store, '--verify', DATA_DIR);
    const loads = readCase(name).expected === 'load';
    expect(stdout.includes('A start would come up at zxid 0x')).toBe(loads);
    expect(stderr.includes('A start would be refused')).toBe(!loads);
    if (!loads) expect(code).toBe(1);
    expect(store.list(VERSION_2)).toEqual(before);
  });

  test('damage has file, offset and zxids, and exit code 1', () => {
    const log = `${VERSION_2}/log.1`;
    const { code, stderr } = toolkit(storeWith('log-zeroed-sector'), '--verify', log);
    expect(code).toBe(1);
    expect(stderr).toContain(
      `${log} is damaged at offset 509: a record of length 0 is followed by other bytes; ` +
        'the last good zxid is 0x6; a whole record with zxid 0xc follows at offset 1100',
    );
  });

  test('a broken snapshot is told even where an older one does', () => {
    const { code, stdout, stderr } = toolkit(storeWith('snap-flip-newest'), '--verify', `${DATA_DIR}/version-2/`);
    expect(code).toBe(1);
    expect(stderr).toContain(`${VERSION_2}/snapshot.10: its checksum is wrong`);
    expect(stdout).toContain('A start would come up at zxid 0x10 with 9 nodes and 1 session, from snapshot.0');
  });

  test('single files', () => {
    const store = storeWith('tiny-restarted-3.9');
    expect(toolkit(store, '--verify', `${VERSION_2}/snapshot.10`)).toEqual({
      code: 0,
      stdout: `${VERSION_2}/snapshot.10: 9 nodes and 1 session, whole\n`,
      stderr: '',
    });
    expect(toolkit(store, '--verify', `${VERSION_2}/log.1`).stdout).toContain(
      '16 transactions, zxid 0x1 to 0x10, whole',
    );
    expect(toolkit(storeWith('log-torn-padded'), '--verify', `${VERSION_2}/log.1`).stdout).toContain(
      '15 transactions, zxid 0x1 to 0xf, then a torn record at offset 1472, which a start drops',
    );
    expect(toolkit(store, '--verify', '/nowhere').code).toBe(1);
  });
});

describe('targets', () => {
  test('-o says where; a name that a server would read beside the source is refused', () => {
    const store = storeWith('log-flip-crc');
    const log = `${VERSION_2}/log.1`;
    const refused = toolkit(store, '-r', '-y', '-o', `${VERSION_2}/log.1.fixed`, log);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('would be read as a transaction log by a server');
    expect(store.list(VERSION_2)).toEqual(['log.1', 'snapshot.0']);

    store.makeDirectories('/elsewhere');
    expect(toolkit(store, '-r', '-y', '-o', '/elsewhere/log.1', log).code).toBe(0);
    expect(toolkit(store, '--verify', '/elsewhere/log.1').code).toBe(0);
    expect(toolkit(store, '-r', '-y', '-o', '/elsewhere/log.1', log)).toMatchObject({
      code: 1,
      stderr: 'Recovery file /elsewhere/log.1 already exists or not writable\n',
    });
  });

  test('a copy is durable when the tool is done, and gone when it failed', () => {
    const store = storeWith('tiny-3.9');
    expect(toolkit(store, '-c', '-z', '0x10', `${VERSION_2}/log.1`).code).toBe(0);
    store.crash();
    expect(store.list(VERSION_2)).toContain('chopped16-log.1');
    expect(toolkit(store, '--verify', `${VERSION_2}/chopped16-log.1`).stdout).toContain('16 transactions');
    expect(toolkit(store, '-c', '-z', '99', `${VERSION_2}/log.1`).code).toBe(1);
    expect(store.list(VERSION_2)).not.toContain('chopped99-log.1');
  });

  test('recovering without anybody to answer fails and leaves nothing', () => {
    const store = storeWith('log-flip-crc');
    const { code, stderr } = toolkit(store, '-r', `${VERSION_2}/log.1`);
    expect(code).toBe(1);
    expect(stderr).toBe('There is no answer on standard input.\n');
    expect(store.list(VERSION_2)).toEqual(['log.1', 'snapshot.0']);
  });
});
