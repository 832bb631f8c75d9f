// What zkLogRepair says and does, word by word.

import { describe, expect, test } from 'vitest';
import { logRepair } from '../../../src/cli/log-repair/log-repair.js';
import type { FileStore } from '../../../src/persistence/file-store.js';
import { RecoveryError } from '../../../src/persistence/recovery-error.js';
import { runOfflineTool } from '../../testing/offline-tool.js';
import type { ToolRun } from '../../testing/run-tool.js';
import { recoverFrom, storeWith } from '../persistence/persistence-fixture.js';

function run(store: FileStore, ...args: string[]): ToolRun {
  return runOfflineTool((words, io) => logRepair(words, io, store), args);
}

const ZEROED_SECTOR = `A start is refused:
  damage in /data/version-2/log.1 at offset 509: last good zxid 0x6, next whole record 0xc at offset 1100
Repaired, the database ends at zxid 0x6.
Lost is what was acknowledged after it: all behind that, up to 0x10 at least.
Of that, 5 whole records (0xc to 0x10) lie in the files that are set aside.
  log.1: aside; its first 509 of 1539 bytes stay
`;

describe('zkLogRepair', () => {
  test('shows what would be lost and changes nothing', () => {
    const store = storeWith('log-zeroed-sector');
    const { code, stdout } = run(store, '/data');
    expect(stdout).toBe(`${ZEROED_SECTOR}Nothing was changed. To accept the loss: zkLogRepair --accept-loss /data\n`);
    expect(code).toBe(1);
    expect(store.list('/data/version-2')).toEqual(['log.1', 'snapshot.0']);
  });

  test('with --accept-loss it makes a start succeed', () => {
    const store = storeWith('log-zeroed-sector');
    const { code, stdout } = run(store, '--accept-loss', '/data/version-2/');
    expect(stdout).toBe(
      `${ZEROED_SECTOR}Set aside in /data/version-2/before-repair.6. A start comes up at zxid 0x6.\n`,
    );
    expect(code).toBe(0);
    expect(recoverFrom(store).lastZxidLo).toBe(6);
    expect(run(store, '/data')).toMatchObject({
      code: 0,
      stdout: 'A start would not be refused: there is nothing to repair.\n',
    });
  });

  test('the command in the message of a refused start is the one that repairs it', () => {
    const store = storeWith('log-gap');
    let message = '';
    try {
      recoverFrom(store);
    } catch (error) {
      if (error instanceof RecoveryError) message = error.message;
    }
    const command = /zkLogRepair (--accept-loss .*)$/.exec(message);
    expect(run(store, ...(command?.[1] ?? '').split(' ')).code).toBe(0);
    expect(recoverFrom(store).lastZxidLo).toBe(4);
  });

  test('logs and snapshots in two directories', () => {
    const store = storeWith('log-gap');
    store.makeDirectories('/logs/version-2');
    for (const name of store.list('/data/version-2').filter((each) => each.startsWith('log.'))) {
      store.rename(`/data/version-2/${name}`, `/logs/version-2/${name}`);
    }
    expect(run(store, '/logs', '/data').stdout).toMatch(
      /To accept the loss: zkLogRepair --accept-loss \/logs \/data\n$/,
    );
    expect(run(store, '--accept-loss', '/logs', '/data').code).toBe(0);
    expect(recoverFrom(store, { dataLogDir: '/logs' }).lastZxidLo).toBe(4);
  });

  test('what it cannot repair, it says and leaves alone', () => {
    const { code, stderr } = run(storeWith('snap-all-bad'), '--accept-loss', '/data');
    expect(stderr).toMatch(/\nNot able to find valid snapshots in \/data\/version-2: .*\n$/);
    expect(code).toBe(1);
  });

  test('a directory that does not exist', () => {
    const { code, stderr } = run(storeWith('log-gap'), '/nowhere');
    expect(stderr).toBe('There is no directory /nowhere/version-2\n');
    expect(code).toBe(1);
  });

  test.each([[[]], [['--accept-los', '/data']], [['/a', '/b', '/c']]])('wrong words: usage, and 2 (%j)', (args) => {
    const { code, stderr } = run(storeWith('log-gap'), ...args);
    expect(stderr).toMatch(/^Usage: zkLogRepair \[--accept-loss\] dataLogDir \[dataDir\]\n/);
    expect(code).toBe(2);
  });
});
