// The mark beside the log: what it holds at which moment, what a start makes of it when the end of the log is gone, and
// when it must not refuse.

import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { FatalStorageError } from '../../../src/persistence/fatal-storage-error.js';
import { joinPath } from '../../../src/persistence/file-store.js';
import type { RecoveredDatabase, RecoveryOptions } from '../../../src/persistence/recovery.js';
import { RecoveryError } from '../../../src/persistence/recovery-error.js';
import { SimCrashError, SimFileStore } from '../../../src/persistence/sim-file-store.js';
import { readSyncMark, resetSyncMark } from '../../../src/persistence/sync-mark.js';
import type { TxnLogWriterOptions } from '../../../src/persistence/txn-log-writer.js';
import { recoverFrom, snapshotWriterOf, VERSION_2 } from './persistence-fixture.js';
import { append, createEntry, newWriter, readLog } from './txn-entries.js';

const MARK = `${VERSION_2}/durableZxid`;
const LOG_1 = `${VERSION_2}/log.1`;

/** One server's life in epoch 0: it starts, appends and commits `count` transactions one by one, and ends orderly. */
function live(store: SimFileStore, count: number, changes: Partial<TxnLogWriterOptions> = {}): RecoveredDatabase {
  const database = recoverFrom(store);
  const writer = newWriter(store, changes);
  for (let zxid = database.lastZxidLo + 1; zxid <= database.lastZxidLo + count; zxid++) {
    append(writer, createEntry(BigInt(zxid), `/n${zxid}`, new Uint8Array(50).fill(7)), BigInt(zxid));
    writer.commit();
    writer.writeMark();
  }
  writer.close();
  return database;
}

function storeAfter(count: number): SimFileStore {
  const store = new SimFileStore(new Prng(1));
  live(store, count);
  return store;
}

interface Start {
  readonly zxid: number;
  readonly warnings: string[];
}

function start(store: SimFileStore, changes: Partial<RecoveryOptions> = {}): Start {
  const warnings: string[] = [];
  const { lastZxidLo } = recoverFrom(store, { warn: (message) => warnings.push(message), ...changes });
  return { zxid: lastZxidLo, warnings };
}

function refusal(store: SimFileStore, changes: Partial<RecoveryOptions> = {}): RecoveryError {
  try {
    recoverFrom(store, changes);
  } catch (error) {
    if (error instanceof RecoveryError) return error;
    throw error;
  }
  throw new Error('the start was not refused');
}

function markedZxid(store: SimFileStore): number {
  const reading = readSyncMark(store, VERSION_2);
  return reading.kind === 'read' ? reading.content.zxidLo : -1;
}

/** Where record `index` (from 0) of a log begins; with the number of records, where the last one ends. */
function offsetOf(store: SimFileStore, index: number): number {
  const { entries } = readLog(store, LOG_1);
  return entries.slice(0, index).reduce((at, entry) => at + entry.length + 13, 16);
}

function alter(store: SimFileStore, path: string, change: (bytes: Uint8Array) => Uint8Array | undefined): void {
  const bytes = store.contentsOf(path);
  store.alter(path, change(bytes) ?? bytes);
}

/** The same bytes as another file: how backups and copies come. */
function copy(store: SimFileStore, from: string, to = from): void {
  const bytes = store.contentsOf(from);
  if (store.exists(to)) store.unlink(to);
  store.place(to, bytes);
}

describe('the end of an acknowledged log that is gone (the reference serves what is left)', () => {
  const faults: Record<string, (bytes: Uint8Array, store: SimFileStore) => Uint8Array | undefined> = {
    '30 bytes of the last record zeroed': (bytes, store) =>
      bytes.fill(0, offsetOf(store, 200) - 30, offsetOf(store, 200)) && undefined,
    'the last record zeroed': (bytes, store) => bytes.fill(0, offsetOf(store, 199)) && undefined,
    'the file cut inside the last record': (bytes, store) => bytes.subarray(0, offsetOf(store, 200) - 20),
    'the file cut in front of the last record': (bytes, store) => bytes.subarray(0, offsetOf(store, 199)),
    'the last sector of records zeroed': (bytes, store) =>
      bytes.fill(0, (offsetOf(store, 200) - 1) & ~511) && undefined,
    'only the header left': (bytes) => bytes.subarray(0, 16),
    'the header torn at 7 bytes': (bytes) => bytes.subarray(0, 7),
    'an empty file': (bytes) => bytes.subarray(0, 0),
    'nothing but zeros behind the header': (bytes) => bytes.fill(0, 16) && undefined,
  };
  for (const [name, fault] of Object.entries(faults)) {
    test(`${name}: refused, with file, zxids and remedy`, () => {
      const store = storeAfter(200);
      alter(store, LOG_1, (bytes) => fault(bytes, store));
      const before = store.list(VERSION_2);
      const error = refusal(store);
      const { entries } = readLog(store, LOG_1);
      expect(error.finding).toMatchObject({
        kind: 'missingTail',
        path: LOG_1,
        lastLo: entries.length,
        later: null,
        syncedHi: 0,
        syncedLo: 200,
      });
      expect(error.finding?.offset).toBe(store.sizeOf(LOG_1) < 16 ? 0 : offsetOf(store, entries.length));
      expect(error.message).toContain(
        `the log ends at 0x${entries.length.toString(16)} in ${LOG_1} at offset ${error.finding?.offset}, but was synced ` +
          'up to 0xc8, says durableZxid',
      );
      expect(error.message).toContain('zkLogRepair --accept-loss /data');
      // Nothing was touched: what is left of it may still be of use.
      expect(store.list(VERSION_2)).toEqual(before);
    });
  }

  test('the newest log deleted: refused', () => {
    const store = storeAfter(3);
    live(store, 4);
    store.unlink(`${VERSION_2}/log.4`);
    expect(refusal(store).finding).toMatchObject({ kind: 'missingTail', path: LOG_1, lastLo: 3, syncedLo: 7 });
  });

  test('all files deleted but the mark: refused; with `initialize` it is a new database', () => {
    const store = storeAfter(3);
    store.unlink(LOG_1);
    store.unlink(`${VERSION_2}/snapshot.0`);
    expect(refusal(store).finding).toMatchObject({ kind: 'missingTail', path: VERSION_2, lastLo: 0, syncedLo: 3 });
    expect(store.list(VERSION_2)).toEqual(['durableZxid']);
    store.place('/data/initialize', new Uint8Array(0));
    expect(start(store).zxid).toBe(0);
    live(store, 2);
    expect(markedZxid(store)).toBe(2);
  });

  test('a member of an ensemble is told and goes on; its mark stays until the log has reached it', () => {
    const store = storeAfter(200);
    alter(store, LOG_1, (bytes) => bytes.subarray(0, offsetOf(store, 197)));
    const database = recoverFrom(store, { onMissingTail: 'report' });
    expect(database.missingTail).toMatchObject({ lastLo: 197, syncedLo: 200 });
    const writer = newWriter(store, { keepsHigherMark: true });
    for (let zxid = 198n; zxid <= 201n; zxid++) {
      append(writer, createEntry(zxid, `/m${zxid}`, null), zxid);
      writer.commit();
      writer.writeMark();
      expect(markedZxid(store)).toBe(zxid <= 200n ? 200 : 201);
    }
    expect(recoverFrom(store).missingTail).toBeNull();
  });
});

describe('a start that is right is not refused', () => {
  test('after an orderly end, a crash of the process, and a power cut', () => {
    const store = storeAfter(20);
    expect(start(store)).toEqual({ zxid: 20, warnings: [] });
    store.killProcess();
    expect(start(store)).toEqual({ zxid: 20, warnings: [] });
    store.crash();
    expect(start(store)).toEqual({ zxid: 20, warnings: [] });
  });

  test('a torn record that was never acknowledged', () => {
    const store = storeAfter(20);
    const writer = newWriter(store);
    append(writer, createEntry(21n, '/n21', new Uint8Array(500)), 21n);
    store.onCall = (call) => (call.name === 'syncData' && call.path.endsWith('log.15') ? 'EIO' : 'ok');
    expect(() => writer.commit()).toThrow(FatalStorageError);
    store.onCall = () => 'ok';
    alter(store, `${VERSION_2}/log.15`, (bytes) => bytes.fill(0, 300) && undefined);
    expect(start(store)).toEqual({ zxid: 20, warnings: [] });
  });

  test('Apache wrote here afterwards: its zxids go on, the mark is old', () => {
    const store = storeAfter(20);
    const before = store.contentsOf(MARK);
    live(store, 30);
    store.alter(MARK, before);
    expect(start(store)).toEqual({ zxid: 50, warnings: [] });
  });

  test('a whole snapshot stands for a log whose end is gone', () => {
    const store = storeAfter(20);
    snapshotWriterOf(store, recoverFrom(store)).write();
    alter(store, LOG_1, (bytes) => bytes.subarray(0, 16));
    expect(start(store)).toEqual({ zxid: 20, warnings: [] });
  });

  test('a directory that never had a mark: a warning, and one is made with the first write', () => {
    const store = storeAfter(20);
    store.unlink(MARK);
    alter(store, LOG_1, (bytes) => bytes.subarray(0, offsetOf(store, 19)));
    expect(start(store)).toEqual({ zxid: 19, warnings: [expect.stringMatching(/There is no .*durableZxid/)] });
    live(store, 1);
    expect(markedZxid(store)).toBe(20);
    expect(start(store)).toEqual({ zxid: 20, warnings: [] });
  });

  test('a fresh directory has nothing to say', () => {
    const store = new SimFileStore(new Prng(1));
    expect(start(store)).toEqual({ zxid: 0, warnings: [] });
  });

  test.each([
    ['empty', (bytes: Uint8Array) => bytes.subarray(0, 0)],
    ['cut', (bytes: Uint8Array) => bytes.subarray(0, 30)],
    ['random', (bytes: Uint8Array) => bytes.map((_, i) => i * 7)],
  ])('a mark that is %s: a warning, and a new one with the next write', (_, change) => {
    const store = storeAfter(20);
    alter(store, MARK, change);
    expect(start(store)).toEqual({ zxid: 20, warnings: [expect.stringMatching(/durableZxid cannot be read/)] });
    live(store, 1);
    expect(start(store)).toEqual({ zxid: 21, warnings: [] });
  });

  test('a mark that the disk cannot read: a warning', () => {
    const store = storeAfter(20);
    store.onCall = (call) => (call.name === 'read' && call.path === MARK ? 'EIO' : 'ok');
    expect(start(store)).toEqual({ zxid: 20, warnings: [expect.stringMatching(/durableZxid cannot be read .*EIO/)] });
  });

  test('a copy made while the server ran, log first: a warning; the mark is made anew', () => {
    const store = storeAfter(20);
    // The log was copied at 0x12, the mark at 0x14.
    alter(store, LOG_1, (bytes) => bytes.subarray(0, offsetOf(store, 18)));
    copy(store, LOG_1);
    copy(store, MARK);
    expect(start(store)).toEqual({ zxid: 18, warnings: [expect.stringMatching(/up to 0x14 .* end at 0x12; .* copy/)] });
    live(store, 1);
    expect(start(store)).toEqual({ zxid: 19, warnings: [] });
    expect(markedZxid(store)).toBe(19);
  });

  test('an older backup put over the logs, the mark left alone: a warning', () => {
    const store = storeAfter(10);
    const backup = store.contentsOf(LOG_1);
    store.alter(LOG_1, backup);
    live(store, 10);
    store.unlink(LOG_1);
    store.unlink(`${VERSION_2}/log.b`);
    store.place(LOG_1, backup);
    expect(start(store)).toEqual({
      zxid: 10,
      warnings: [expect.stringMatching(/log\.b is gone and .*log\.1 was put/)],
    });
    store.place(`${VERSION_2}/log.b`, new Uint8Array(0));
    expect(start(store).warnings).toEqual([
      expect.stringMatching(/log\.b is not the file/),
      expect.stringMatching(/Removing .*log\.b/),
    ]);
  });

  test('dataLogDir moved to another disk: copies, whole or not, are not judged by the mark', () => {
    const store = storeAfter(20);
    store.makeDirectories('/log/version-2');
    for (const name of ['durableZxid', 'log.1']) copy(store, joinPath(VERSION_2, name), `/log/version-2/${name}`);
    store.unlink(LOG_1);
    store.unlink(MARK);
    expect(start(store, { dataLogDir: '/log' })).toEqual({ zxid: 20, warnings: [] });
  });

  describe('a dataLogDir of its own that is empty (a disk that is not mounted)', () => {
    const logDir = '/log/version-2';
    const separate = { dataLogDir: '/log' };

    function separateStore(): SimFileStore {
      const store = new SimFileStore(new Prng(1));
      recoverFrom(store, separate);
      const writer = newWriter(store, { directory: logDir, snapshotDirectory: VERSION_2 });
      for (let zxid = 1n; zxid <= 9n; zxid++) {
        append(writer, createEntry(zxid, `/n${zxid}`, null), zxid);
        writer.commit();
        writer.writeMark();
        if (zxid === 4n) writer.roll();
      }
      writer.close();
      return store;
    }

    function loseLogs(store: SimFileStore): void {
      for (const name of store.list(logDir)) store.unlink(joinPath(logDir, name));
    }

    test('is missed by the mark beside the snapshots, which each new log leaves there', () => {
      const store = separateStore();
      expect(start(store, separate)).toEqual({ zxid: 9, warnings: [] });
      loseLogs(store);
      const error = refusal(store, separate);
      expect(error.finding).toMatchObject({ kind: 'missingTail', path: logDir, lastLo: 0, syncedLo: 5 });
      expect(error.message).toContain('is its disk mounted?');
      expect(error.message).toContain('zkLogRepair --accept-loss /log /data');
      expect(store.list(logDir)).toEqual([]);
    });

    test('with a snapshot put there afterwards: a warning', () => {
      const store = separateStore();
      loseLogs(store);
      copy(store, `${VERSION_2}/snapshot.0`);
      expect(start(store, separate)).toEqual({
        zxid: 0,
        warnings: [expect.stringMatching(/snapshot\.0 was put there/)],
      });
    });

    test('forceSync=no leaves no mark there either', () => {
      const store = separateStore();
      const writer = newWriter(store, { directory: logDir, snapshotDirectory: VERSION_2, forceSync: false });
      append(writer, createEntry(10n, '/n10', null), 10n);
      writer.close();
      expect(store.list(VERSION_2)).toEqual(['snapshot.0']);
    });
  });

  describe('the directory of an ensemble member', () => {
    test('TRUNC by Apache, log cut exactly behind a record: a warning', () => {
      const store = storeAfter(20);
      store.place(`${VERSION_2}/currentEpoch`, Buffer.from('0'));
      alter(store, LOG_1, (bytes) => bytes.subarray(0, offsetOf(store, 15)));
      expect(start(store)).toEqual({ zxid: 15, warnings: [expect.stringMatching(/whose leader may have taken/)] });
    });

    test('a later epoch than the mark knows of: a warning', () => {
      const store = storeAfter(20);
      store.place(`${VERSION_2}/currentEpoch`, Buffer.from('1'));
      alter(store, LOG_1, (bytes) => bytes.fill(0, offsetOf(store, 15)) && undefined);
      expect(start(store).zxid).toBe(15);
    });

    test('a zeroed end in the same epoch: refused', () => {
      const store = storeAfter(20);
      store.place(`${VERSION_2}/currentEpoch`, Buffer.from('0'));
      alter(store, LOG_1, (bytes) => bytes.fill(0, offsetOf(store, 15)) && undefined);
      expect(refusal(store).finding).toMatchObject({ kind: 'missingTail', lastLo: 15, syncedLo: 20 });
    });

    test('TRUNC by this server sets the mark back first', () => {
      const store = storeAfter(20);
      resetSyncMark(store, VERSION_2, 0, 15, { zxidHi: 0, zxidLo: 1, path: LOG_1 });
      expect(start(store).zxid).toBe(20);
      alter(store, LOG_1, (bytes) => bytes.fill(0, offsetOf(store, 15)) && undefined);
      expect(start(store)).toEqual({ zxid: 15, warnings: [] });
      alter(store, LOG_1, (bytes) => bytes.fill(0, offsetOf(store, 14)) && undefined);
      expect(refusal(store).finding).toMatchObject({ lastLo: 14, syncedLo: 15 });
    });
  });
});

describe('writing the mark', () => {
  test('after the sync, in one write of 36 bytes, the slots in turn', () => {
    const store = storeAfter(1);
    const writer = newWriter(store);
    let durable = 1;
    const writes: number[] = [];
    for (let zxid = 2; zxid <= 9; zxid++) {
      append(writer, createEntry(BigInt(zxid), `/n${zxid}`, null), BigInt(zxid));
      store.onCall = ({ name, path }) => {
        if (name === 'syncData' && path === `${VERSION_2}/log.2`) durable = zxid;
        if (name === 'write' && path === MARK) writes.push(markedZxidQuietly(store));
        expect(markedZxidQuietly(store)).toBeLessThanOrEqual(durable);
        return 'ok';
      };
      const before = store.contentsOf(MARK);
      writer.commit();
      writer.writeMark();
      store.onCall = () => 'ok';
      const after = store.contentsOf(MARK);
      const changed = [...after.keys()].filter((i) => after[i] !== before[i]);
      expect(changed.every((i) => (i & 511) < 36 && i >> 9 === changed[0] >> 9)).toBe(true);
      expect(markedZxid(store)).toBe(zxid);
    }
    expect(writes).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('a write torn at any byte leaves the mark of before, or is whole', () => {
    for (let kept = 0; kept <= 36; kept++) {
      const store = storeAfter(7);
      const before = store.contentsOf(MARK);
      live(store, 1);
      const after = store.contentsOf(MARK);
      const slot = [...after.keys()].find((i) => after[i] !== before[i]) as number;
      const at = slot & ~511;
      store.alter(MARK, Buffer.concat([after.subarray(0, at + kept), before.subarray(at + kept)]));
      expect([7, 8]).toContain(markedZxid(store));
      expect(start(store).warnings).toEqual([]);
    }
  });

  test('forceSync=no: none is made, and the one of before goes', () => {
    const store = storeAfter(5);
    live(store, 5, { forceSync: false });
    expect(store.exists(MARK)).toBe(false);
    expect(start(store)).toMatchObject({ zxid: 10 });
    const other = new SimFileStore(new Prng(1));
    live(other, 5, { forceSync: false });
    expect(other.exists(MARK)).toBe(false);
  });

  for (const code of ['EIO', 'ENOSPC'] as const) {
    for (const isThere of [true, false]) {
      test(`${code} on ${isThere ? 'the mark' : 'a mark to be made'}: one warning, and the log goes on`, () => {
        const store = storeAfter(5);
        if (!isThere) store.unlink(MARK);
        const warnings: string[] = [];
        const writer = newWriter(store, { warn: (message) => warnings.push(message) });
        store.onCall = (call) => (call.path.includes('durableZxid') && call.name === 'write' ? code : 'ok');
        for (let zxid = 6n; zxid <= 9n; zxid++) {
          append(writer, createEntry(zxid, `/n${zxid}`, null), zxid);
          writer.commit();
          writer.writeMark();
        }
        writer.close();
        store.onCall = () => 'ok';
        expect(warnings).toEqual([expect.stringMatching(new RegExp(`Cannot write .*durableZxid, going on.*${code}`))]);
        store.crash();
        expect(start(store).zxid).toBe(9);
        live(store, 1);
        expect(markedZxid(store)).toBe(10);
      });
    }
  }

  test('a crash at every file call of its making and of the first writes: never ahead of the log, never in the way', () => {
    for (let stopAt = 0; stopAt < 60; stopAt++) {
      const store = new SimFileStore(new Prng(stopAt));
      recoverFrom(store);
      let acknowledged = 0;
      let count = 0;
      store.onCall = () => (count++ === stopAt ? 'crash' : 'ok');
      try {
        const writer = newWriter(store);
        for (let zxid = 1; zxid <= 12; zxid++) {
          append(writer, createEntry(BigInt(zxid), `/n${zxid}`, null), BigInt(zxid));
          writer.commit();
          writer.writeMark();
          acknowledged = zxid;
          if (zxid % 5 === 0) writer.roll();
        }
      } catch (error) {
        if (!(error instanceof SimCrashError || error instanceof FatalStorageError)) throw error;
      }
      store.onCall = () => 'ok';
      store.crash();
      const mark = markedZxid(store);
      const { zxid } = start(store);
      expect(zxid).toBeGreaterThanOrEqual(acknowledged);
      expect(mark).toBeLessThanOrEqual(zxid);
    }
  });
});

describe('records of a server that only died', () => {
  test('are synced before the next server goes on, so that a power cut cannot open a hole before its own', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const store = new SimFileStore(new Prng(seed));
      live(store, 3);
      const dying = newWriter(store);
      append(dying, createEntry(4n, '/n4', null), 4n);
      store.onCall = ({ name, path }) =>
        name === 'syncData' && path.endsWith('log.4') && store.sizeOf(path) > 16 ? 'crash' : 'ok';
      expect(() => dying.commit()).toThrow(FatalStorageError);
      store.onCall = () => 'ok';
      store.killProcess();
      // The record is there for every reader, but not on the disk.
      expect(live(store, 5).lastZxidLo).toBe(4);
      store.crash();
      expect(start(store).zxid).toBe(9);
    }
  });
});

describe('records whose sync has failed', () => {
  test('are written again by the start that finds them: no later sync would write them', () => {
    let lostBefore = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const store = new SimFileStore(new Prng(seed));
      live(store, 3);
      const dying = newWriter(store);
      append(dying, createEntry(4n, '/n4', null), 4n);
      store.onCall = ({ name, path }) =>
        name === 'syncData' && path.endsWith('log.4') && store.sizeOf(path) > 16 ? 'EIO' : 'ok';
      expect(() => dying.commit()).toThrow(FatalStorageError);
      store.onCall = () => 'ok';
      store.killProcess();
      const other = store.fork(new Prng(seed));
      other.crash();
      if (start(other).zxid === 3) lostBefore++;
      expect(live(store, 5).lastZxidLo).toBe(4);
      store.crash();
      expect(start(store).zxid).toBe(9);
    }
    // That such a record can be lost with the power is what the disk here is for.
    expect(lostBefore).toBeGreaterThan(3);
  });

  test('and nothing is written where the mark says that a sync has succeeded', () => {
    const store = new SimFileStore(new Prng(1));
    live(store, 3);
    store.killProcess();
    const written: string[] = [];
    store.onCall = ({ name, path }) => {
      if (name === 'write') written.push(path);
      return 'ok';
    };
    start(store);
    expect(written).toEqual([]);
  });
});

/** Without counting as calls of the disk. */
function markedZxidQuietly(store: SimFileStore): number {
  const bytes = store.contentsOf(MARK);
  const zxids = [0, 512].map((at) => (bytes[at] === 0 ? -1 : (bytes[at + 11] as number)));
  return Math.max(...zxids);
}
