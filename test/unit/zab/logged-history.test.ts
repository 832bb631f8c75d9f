import { beforeEach, describe, expect, it } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { CommittedLog } from '../../../src/persistence/committed-log.js';
import { LogFloor } from '../../../src/persistence/log-floor.js';
import { SimFileStore } from '../../../src/persistence/sim-file-store.js';
import { readLoggedHistory } from '../../../src/zab/logged-history.js';
import { ProposalHistory } from '../../../src/zab/proposal-history.js';
import { append, createEntry, newWriter } from '../persistence/txn-entries.js';

const VERSION_2 = '/data/version-2';
const EPOCH = 1n << 32n;

describe('ZOOKEEPER-4352: the history that the log holds', () => {
  let disk: SimFileStore;
  let history: ProposalHistory;

  beforeEach(() => {
    disk = new SimFileStore(new Prng(1));
    disk.makeDirectories(VERSION_2);
    history = new ProposalHistory(new CommittedLog(500, 1 << 20));
  });

  function log(from: bigint, to: bigint): void {
    const writer = newWriter(disk);
    for (let zxid = from; zxid <= to; zxid++) append(writer, createEntry(zxid, `/n${zxid}`, null), zxid);
    writer.commit();
    writer.close();
  }

  function read(zxid: bigint, count = 500): void {
    const directories = { logDirectory: VERSION_2, snapshotDirectory: VERSION_2 };
    readLoggedHistory(history, disk, directories, Number(zxid >> 32n), Number(zxid & 0xffffffffn), count);
  }

  function range(): string {
    const { minHi, minLo, maxHi, maxLo, count } = history.committedLog;
    return `${minHi}:${minLo} to ${maxHi}:${maxLo}, ${count}`;
  }

  it('is empty where there is no log', () => {
    read(0n);
    expect(range()).toBe('0:0 to 0:0, 0');
    read(EPOCH);
    expect(history).toMatchObject({ lastCommittedHi: 1, lastCommittedLo: 0, pendingCount: 0 });
  });

  it('is the end of the log, over files and epochs', () => {
    log(1n, 5n);
    log(6n, 8n);
    log(EPOCH + 1n, EPOCH + 4n);
    read(EPOCH + 4n);
    expect(range()).toBe('0:6 to 1:4, 7');
    expect(history).toMatchObject({ lastCommittedHi: 1, lastCommittedLo: 4, lastProposedLo: 4 });
    read(8n);
    expect(range()).toBe('0:1 to 0:8, 8');
  });

  it('begins with the file that holds the oldest one that is wanted', () => {
    log(1n, 5n);
    log(6n, 8n);
    log(9n, 12n);
    read(12n, 5);
    expect(range()).toBe('0:6 to 0:12, 7');
  });

  it('goes on behind a hole only', () => {
    log(1n, 5n);
    log(8n, 9n);
    read(9n);
    expect(range()).toBe('0:8 to 0:9, 2');
  });

  it('leaves out what lies below the floor, and a log that ends before the database', () => {
    log(1n, 9n);
    new LogFloor(disk, VERSION_2).raise(0, 6);
    read(9n);
    expect(range()).toBe('0:7 to 0:9, 3');
    read(11n);
    expect(range()).toBe('0:11 to 0:11, 0');
    // A leader that was established and has proposed nothing: its database stands behind the last transaction.
    read(EPOCH);
    expect(history).toMatchObject({ lastCommittedHi: 1, lastCommittedLo: 0 });
    expect(range()).toBe('0:7 to 0:9, 3');
  });

  it('of a damaged log is nothing: learners get a snapshot', () => {
    log(1n, 9n);
    const path = `${VERSION_2}/log.1`;
    disk.alter(
      path,
      disk.contentsOf(path).map((byte, at) => (at === 200 ? byte ^ 1 : byte)),
    );
    read(9n);
    expect(range()).toBe('0:9 to 0:9, 0');
  });
});
