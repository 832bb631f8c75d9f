// What the log writer puts on the disk, in which order of file calls, and how it ends when one of them fails.

import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../../src/base/clock.js';
import { Prng } from '../../../src/base/prng.js';
import { FatalStorageError } from '../../../src/persistence/fatal-storage-error.js';
import { type SimCall, SimFileStore } from '../../../src/persistence/sim-file-store.js';
import { TxnLogReader } from '../../../src/persistence/txn-log-reader.js';
import { storeWith, VERSION_2 } from './persistence-fixture.js';
import { append, createEntry, newWriter, readLog } from './txn-entries.js';

function newStore(): SimFileStore {
  const store = new SimFileStore(new Prng(1));
  store.makeDirectories(VERSION_2);
  return store;
}

/** Names of the calls from now on, as `name file`. */
function recordCalls(store: SimFileStore): string[] {
  const calls: string[] = [];
  store.onCall = (call) => {
    calls.push(`${call.name} ${call.path.replace(`${VERSION_2}/`, '')}`);
    return 'ok';
  };
  return calls;
}

describe('TxnLogWriter', () => {
  for (const name of ['tiny-3.8', 'tiny-3.9', 'duplicate-zxid-3.9', 'quorum-3.8', 'create-v0']) {
    test(`the entries of ${name} written again make the same file, byte for byte`, () => {
      const recorded = storeWith(name);
      const [file] = recorded.list(VERSION_2).filter((path) => path.startsWith('log.'));
      const reader = new TxnLogReader(recorded, `${VERSION_2}/${file}`);
      const store = newStore();
      const writer = newWriter(store, { preAllocBytes: 16 << 10 });
      while (reader.next()) {
        writer.append(reader.bytes, reader.entryOffset, reader.entryLength, reader.zxidHi, reader.zxidLo);
      }
      writer.commit();
      const size = Math.min(recorded.sizeOf(`${VERSION_2}/${file}`), reader.endOffset);
      const ours = store.contentsOf(`${VERSION_2}/${file}`).subarray(0, size);
      expect(Buffer.compare(ours, recorded.contentsOf(`${VERSION_2}/${file}`).subarray(0, size))).toBe(0);
    });
  }

  test('a new file: name, header and directory are durable before the first record, then one write and one sync per commit', () => {
    const store = newStore();
    const writer = newWriter(store);
    const calls = recordCalls(store);
    for (let i = 1n; i <= 10n; i++) append(writer, createEntry(i, `/n${i}`, null), i);
    expect(calls).toEqual([]);
    writer.commit();
    expect(calls.splice(0)).toEqual([
      'create log.1',
      'write log.1',
      'syncData log.1',
      `syncDirectory ${VERSION_2}`,
      'truncate log.1',
      'write log.1',
      'syncData log.1',
    ]);
    // The mark is made once in the life of a directory, when what the sync covered has been acknowledged.
    writer.writeMark();
    expect(calls.splice(0)).toEqual([
      'create durableZxid.tmp',
      'write durableZxid.tmp',
      'sync durableZxid.tmp',
      'close durableZxid.tmp',
      'rename durableZxid.tmp',
      `syncDirectory ${VERSION_2}`,
      'open durableZxid',
    ]);
    for (let i = 11n; i <= 20n; i++) append(writer, createEntry(i, `/n${i}`, null), i);
    writer.commit();
    writer.writeMark();
    expect(calls.splice(0)).toEqual(['write log.1', 'syncData log.1', 'write durableZxid']);
    writer.commit();
    writer.writeMark();
    expect(calls).toEqual([]);
    expect(readLog(store, `${VERSION_2}/log.1`).entries).toHaveLength(20);
  });

  test('the file grows in whole steps behind the header, before it is full, and ends in zeros', () => {
    const store = newStore();
    const step = 16 << 10;
    const writer = newWriter(store, { preAllocBytes: step });
    const entries: Uint8Array[] = [];
    for (let i = 1n; i <= 300n; i++) {
      const entry = createEntry(i, `/n${i}`, new Uint8Array(100).fill(7));
      entries.push(entry);
      append(writer, entry, i);
      writer.commit();
      const size = store.sizeOf(`${VERSION_2}/log.1`);
      expect((size - 16) % step).toBe(0);
      const used = readLog(store, `${VERSION_2}/log.1`).endOffset;
      expect(size - used).toBeGreaterThan(4096);
      expect(writer.sizeBytes).toBe(size);
    }
    expect(readLog(store, `${VERSION_2}/log.1`)).toEqual({ entries, end: 'clean', endOffset: expect.any(Number) });
    expect(store.sizeOf(`${VERSION_2}/log.1`)).toBeGreaterThan(2 * step);
  });

  test('without preallocation the file is exactly as long as its records', () => {
    const store = newStore();
    const writer = newWriter(store, { preAllocBytes: 0 });
    append(writer, createEntry(1n, '/a', null), 1n);
    writer.commit();
    const { endOffset } = readLog(store, `${VERSION_2}/log.1`);
    expect(store.sizeOf(`${VERSION_2}/log.1`)).toBe(endOffset);
  });

  test('a batch larger than the buffer, and a record larger than a preallocation step', () => {
    const store = newStore();
    const writer = newWriter(store);
    const entries = [1n, 2n, 3n].map((zxid) =>
      createEntry(zxid, `/n${zxid}`, new Uint8Array(4_000_000).fill(Number(zxid))),
    );
    const calls = recordCalls(store);
    entries.forEach((entry, i) => {
      append(writer, entry, BigInt(i + 1));
    });
    writer.commit();
    // Memory is bounded: the batch went out in two writes, but was synced once.
    expect(calls.filter((call) => call === 'write log.1')).toHaveLength(3);
    expect(calls.filter((call) => call === 'syncData log.1')).toHaveLength(2);
    const read = readLog(store, `${VERSION_2}/log.1`).entries;
    expect(read.map((entry, i) => Buffer.compare(entry, entries[i]))).toEqual([0, 0, 0]);
  });

  test('the caller may reuse its bytes after append', () => {
    const store = newStore();
    const writer = newWriter(store);
    const entry = createEntry(1n, '/a', Uint8Array.of(1, 2, 3));
    const copy = entry.slice();
    append(writer, entry, 1n);
    entry.fill(0xff);
    writer.commit();
    expect(readLog(store, `${VERSION_2}/log.1`).entries).toEqual([copy]);
  });

  test('roll: the old file is durable, the next record names a new one', () => {
    const store = newStore();
    const writer = newWriter(store);
    append(writer, createEntry(1n, '/a', null), 1n);
    const calls = recordCalls(store);
    writer.roll();
    expect(calls.filter((call) => call.endsWith('log.1')).slice(-2)).toEqual(['syncData log.1', 'close log.1']);
    expect(writer.bytesSinceRoll).toBe(0);
    append(writer, createEntry(0x100000001n, '/b', null), 0x100000001n);
    writer.commit();
    expect(store.list(VERSION_2)).toEqual(['durableZxid', 'log.1', 'log.100000001']);
    expect(readLog(store, `${VERSION_2}/log.100000001`).entries).toHaveLength(1);
  });

  test('the size limit ends a file after the commit; the bytes since the last roll keep counting', () => {
    const store = newStore();
    const writer = newWriter(store, { preAllocBytes: 1 << 10, sizeLimitBytes: 8 << 10 });
    let zxid = 0n;
    while (store.list(VERSION_2).length < 4) {
      zxid++;
      append(writer, createEntry(zxid, `/n${zxid}`, new Uint8Array(500)), zxid);
      writer.commit();
    }
    const [first, second] = store.list(VERSION_2).filter((name) => name.startsWith('log.'));
    expect(store.sizeOf(`${VERSION_2}/${first}`)).toBeGreaterThan(8 << 10);
    expect(writer.bytesSinceRoll).toBe(
      [first, second].reduce((sum, name) => sum + store.sizeOf(`${VERSION_2}/${name}`), 0) + writer.sizeBytes,
    );
  });

  test('forceSync=no: nothing but the header of a new file is ever synced', () => {
    const store = newStore();
    const writer = newWriter(store, { forceSync: false });
    const calls = recordCalls(store);
    append(writer, createEntry(1n, '/a', null), 1n);
    writer.commit();
    append(writer, createEntry(2n, '/b', null), 2n);
    writer.commit();
    expect(calls.filter((call) => call.startsWith('sync'))).toEqual(['syncData log.1', `syncDirectory ${VERSION_2}`]);
    expect(readLog(store, `${VERSION_2}/log.1`).entries).toHaveLength(2);
  });

  test('a slow sync is reported when it takes longer than the threshold, not when it takes as long', () => {
    const store = newStore();
    const clock = new ManualClock();
    const slow: number[] = [];
    const all: number[] = [];
    const writer = newWriter(store, {
      clock,
      syncWarningThresholdMs: 50,
      onSync: (durationMs) => all.push(durationMs),
      onSlowSync: (durationMs, path, fileBytes) => {
        slow.push(durationMs);
        expect(path).toBe(`${VERSION_2}/log.1`);
        expect(fileBytes).toBe(writer.sizeBytes);
      },
    });
    let zxid = 0n;
    for (const syncMs of [50, 51]) {
      append(writer, createEntry(++zxid, `/n${zxid}`, null), zxid);
      store.onCall = (call) => {
        if (call.name === 'syncData') clock.advance(syncMs);
        return 'ok';
      };
      writer.commit();
    }
    expect(all).toEqual([50, 51]);
    expect(slow).toEqual([51]);
  });

  test('zxids never fall; an equal one is legal', () => {
    const writer = newWriter(newStore());
    append(writer, createEntry(5n, '/a', null), 5n);
    append(writer, createEntry(5n, '/b', null), 5n);
    expect(() => append(writer, createEntry(4n, '/c', null), 4n)).toThrow('never fall');
  });
});

describe('a log whose name is taken', () => {
  test('without a record it is replaced', () => {
    for (const left of [new Uint8Array(0), new Uint8Array(9), Buffer.from('5a4b4c47000000020000000000000000', 'hex')]) {
      const store = newStore();
      store.place(`${VERSION_2}/log.1`, left);
      const writer = newWriter(store);
      const entry = createEntry(1n, '/a', null);
      append(writer, entry, 1n);
      writer.commit();
      expect(readLog(store, `${VERSION_2}/log.1`).entries).toEqual([entry]);
    }
  });

  test('with records it goes on behind the last good one, torn tail cut off', () => {
    const store = newStore();
    const first = newWriter(store, { preAllocBytes: 0 });
    const entries = [createEntry(1n, '/a', null), createEntry(1n, '/b', null)];
    append(first, entries[0], 1n);
    append(first, createEntry(1n, '/torn', new Uint8Array(300).fill(7)), 1n);
    first.close();
    const bytes = store.contentsOf(`${VERSION_2}/log.1`);
    store.place(`${VERSION_2}/log.1`, bytes.subarray(0, bytes.length - 5));
    // Without padding: nothing that the second one writes covers the tail.
    const second = newWriter(store, { preAllocBytes: 0 });
    append(second, entries[1], 1n);
    second.commit();
    expect(readLog(store, `${VERSION_2}/log.1`)).toMatchObject({ entries, end: 'clean' });
  });

  test('with damage in it nothing is written', () => {
    const store = newStore();
    const left = new Uint8Array(100).fill(0x11);
    store.place(`${VERSION_2}/log.1`, left);
    const writer = newWriter(store);
    append(writer, createEntry(1n, '/a', null), 1n);
    expect(() => writer.commit()).toThrow(FatalStorageError);
    expect(store.contentsOf(`${VERSION_2}/log.1`)).toEqual(left);
  });
});

describe('a failing disk', () => {
  const names = ['create', 'write', 'syncData', 'syncDirectory', 'truncate', 'close'] as const;
  for (const code of ['EIO', 'ENOSPC', 'EDQUOT', 'EMFILE', 'EACCES', 'EROFS'] as const) {
    for (const name of names) {
      test(`${code} on ${name} ends the writer for good`, () => {
        const store = newStore();
        const writer = newWriter(store);
        const fail = (call: SimCall): typeof code | 'ok' => (call.name === name ? code : 'ok');
        append(writer, createEntry(1n, '/a', null), 1n);
        store.onCall = fail;
        let error: unknown;
        try {
          writer.commit();
          writer.roll();
        } catch (thrown) {
          error = thrown;
        }
        expect(error).toBeInstanceOf(FatalStorageError);
        expect((error as FatalStorageError).code).toBe(code);
        expect((error as FatalStorageError).message).toContain(`${VERSION_2}/log.1`);
        // The disk is well again, but nobody may try: no call reaches it, and every one meets the first error.
        const calls = recordCalls(store);
        const again = [
          () => append(writer, createEntry(2n, '/b', null), 2n),
          () => writer.commit(),
          () => writer.roll(),
          () => writer.commit(),
        ];
        for (const call of again) expect(call).toThrow(error as FatalStorageError);
        expect(calls).toEqual([]);
        writer.close();
        expect(calls.filter((call) => !call.startsWith('close'))).toEqual([]);
      });
    }
  }
});
