// Which records follow one another, which are repeats, and what is a hole; and the sessions that a replay leaves open.

import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { CommittedLog } from '../../../src/persistence/committed-log.js';
import type { RecoveredDatabase } from '../../../src/persistence/recovery.js';
import { RecoveryError } from '../../../src/persistence/recovery-error.js';
import { SimFileStore } from '../../../src/persistence/sim-file-store.js';
import { SnapshotWriter } from '../../../src/persistence/snapshot-writer.js';
import { TxnLogDamage } from '../../../src/persistence/txn-log-damage.js';
import { listTxnLogs } from '../../../src/persistence/txn-log-files.js';
import { TxnLogHole, TxnLogReplay } from '../../../src/persistence/txn-log-replay.js';
import { OPEN_ACL_UNSAFE } from '../../../src/protocol/acl.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { DataTree } from '../../../src/store/data-tree.js';
import { createTreeMemory } from '../../../src/store/tree-memory.js';
import { TxnApplier } from '../../../src/store/txn-applier.js';
import { digestFromScratch } from '../../testing/tree-digest-from-scratch.js';
import { hexOfZxid, newTree, recoverFrom, snapshotWriterOf, VERSION_2 } from './persistence-fixture.js';
import { append, CLIENT, createEntry, entryOf, errorEntry, newWriter } from './txn-entries.js';

type Log = readonly (readonly [bigint, Uint8Array])[];

function create(zxid: bigint, data = 0): readonly [bigint, Uint8Array] {
  return [zxid, createEntry(zxid, `/n${zxid}`, new Uint8Array(50).fill(data))];
}

function error(zxid: bigint): readonly [bigint, Uint8Array] {
  return [zxid, errorEntry(zxid, -5)];
}

function storeOf(...logs: Log[]): SimFileStore {
  const store = new SimFileStore(new Prng(1));
  store.makeDirectories(VERSION_2);
  for (const log of logs) {
    const writer = newWriter(store);
    for (const [zxid, entry] of log) append(writer, entry, zxid);
    writer.close();
  }
  return store;
}

function snapshotOf(store: SimFileStore, database: RecoveredDatabase): void {
  const { digestHi, digestLo, reader } = database.tree;
  const treeDigest = () => ({ zxidHi: reader.zxidHi(), zxidLo: reader.zxidLo(), digestHi, digestLo });
  expect(snapshotWriterOf(store, database, { loaded: database.snapshot, treeDigest }).write()).not.toBeNull();
}

/** zxids handed on, and how many repeats were left out. */
function replay(store: SimFileStore, afterHi = 0, afterLo = 0): { zxids: string[]; repeats: number } {
  const run = new TxnLogReplay(store, VERSION_2, listTxnLogs(store, VERSION_2), afterHi, afterLo);
  const zxids: string[] = [];
  run.run((reader) => zxids.push(hexOfZxid(reader.zxidHi, reader.zxidLo)));
  expect(run.recordCount).toBe(zxids.length);
  return { zxids, repeats: run.repeatCount };
}

describe('what follows what', () => {
  test('a higher epoch begins at counter 1, in the same file or the next', () => {
    const store = storeOf([create(1n), create(2n), create(0x100000001n)], [create(0x300000001n), create(0x300000002n)]);
    expect(replay(store).zxids).toEqual(['0x1', '0x2', '0x100000001', '0x300000001', '0x300000002']);
    expect(replay(store, 1, 0).zxids).toEqual(['0x100000001', '0x300000001', '0x300000002']);
    expect(replay(store, 3, 1).zxids).toEqual(['0x300000002']);
  });

  test('a counter that is full carries into the upper half, as one of a server that stands alone does', () => {
    const store = storeOf([create(0xffffffffn)], [create(0x100000000n), create(0x100000001n)]);
    expect(replay(store, 0, -2).zxids).toEqual(['0xffffffff', '0x100000000', '0x100000001']);
    expect(replay(store, 0, -1).zxids).toEqual(['0x100000000', '0x100000001']);
  });

  test.each([
    ['an epoch behind a full counter that is not the next', [create(1n), create(0x200000000n)], '0x1 is followed by'],
    ['a counter left out', [create(1n), create(3n)], '0x1 is followed by 0x3'],
    ['an epoch that begins at 2', [create(1n), create(0x100000002n)], '0x1 is followed by 0x100000002'],
    ['an epoch that begins at 0', [create(1n), create(0x100000000n)], '0x1 is followed by 0x100000000'],
    ['a first record that is not the next', [create(2n)], '0x0 (the snapshot) is followed by 0x2'],
  ])('%s is a hole', (_, log, message) => {
    expect(() => replay(storeOf(log))).toThrow(TxnLogHole);
    expect(() => replay(storeOf(log))).toThrow(message);
  });

  test('a hole in front of the snapshot does not matter', () => {
    const store = storeOf([create(1n), create(5n), create(6n), create(7n)]);
    expect(replay(store, 0, 5).zxids).toEqual(['0x6', '0x7']);
  });

  test('errors may repeat the zxid of the transaction before them', () => {
    const store = storeOf([create(1n), error(1n), error(1n), create(2n), error(2n)]);
    expect(replay(store)).toEqual({ zxids: ['0x1', '0x1', '0x1', '0x2', '0x2'], repeats: 0 });
    expect(replay(store, 0, 1).zxids).toEqual(['0x2', '0x2']);
  });
});

describe('a zxid that was given to nothing (Apache 3.8, a multi that it cannot decode)', () => {
  /** Creates with these zxids, each with the digest of the tree it leads to; without one where `bare` says so. */
  function digested(zxids: readonly bigint[], bare: readonly bigint[] = []): Log {
    const tree = newTree();
    const applier = new TxnApplier(tree);
    return zxids.map((zxid) => {
      const txn = { path: `/n${zxid}`, data: null, acl: OPEN_ACL_UNSAFE, ephemeral: false, parentCVersion: -1 };
      const entry = entryOf(zxid, { type: OpCode.create, txn });
      tree.beginWrite();
      applier.apply(entry, 0, entry.length, null);
      tree.endWrite(0, Number(zxid));
      if (bare.includes(zxid)) return [zxid, entry];
      return [zxid, entryOf(zxid, { type: OpCode.create, txn }, CLIENT, digestFromScratch(tree.reader))];
    });
  }
  const recovered = (store: SimFileStore, warnings: string[] = []) =>
    recoverFrom(store, { trustEmptySnapshot: true, warn: (message) => warnings.push(message) });

  test("is no hole when the records around it touch and the digest behind it is the tree's; the start says so", () => {
    const warnings: string[] = [];
    const { tree, lastZxidLo, recordsReplayed } = recovered(storeOf(digested([1n, 2n, 4n, 5n])), warnings);
    expect([tree.nodeCount, lastZxidLo, recordsReplayed]).toEqual([8, 5, 4]);
    expect(
      warnings.filter((line) => /after 0x2 in .*log\.1\. None is missing: .* digest of 0x4/.test(line)),
    ).toHaveLength(1);
  });

  test('the committed log begins anew behind it, so that nobody is sent what has a gap', () => {
    const committedLog = new CommittedLog(10, 10_000);
    recoverFrom(storeOf(digested([1n, 2n, 4n, 5n, 6n])), { trustEmptySnapshot: true, committedLog });
    expect([committedLog.minLo, committedLog.maxLo, committedLog.count]).toEqual([5, 6, 2]);
  });

  test('may be vouched for by a digest further on', () => {
    const store = storeOf(digested([1n, 3n, 5n, 6n], [3n, 5n]));
    expect(recovered(store).lastZxidLo).toBe(6);
  });

  test('may follow the snapshot', () => {
    const store = storeOf(digested([1n, 2n]));
    const first = recovered(store);
    snapshotOf(store, first);
    store.alter(`${VERSION_2}/log.1`, storeOf(digested([1n, 2n, 4n])).contentsOf(`${VERSION_2}/log.1`));
    expect(recoverFrom(store)).toMatchObject({ lastZxidLo: 4, recordsReplayed: 1 });
  });

  test.each([
    ['nobody vouches for it', storeOf(digested([1n, 3n, 4n], [3n, 4n]))],
    ['a transaction was there', storeOf(digested([1n, 2n, 3n]).filter(([zxid]) => zxid !== 2n))],
    ['two files meet there', storeOf(digested([1n]), digested([1n, 3n]).slice(1))],
  ])('is a hole when %s', (_, store) => {
    expect(() => recovered(store)).toThrow(/Transactions are missing: 0x1 is followed by 0x3/);
  });

  test('is a hole when digests are off', () => {
    const tree = new DataTree(createTreeMemory(1, 2), () => undefined, false);
    const options = { trustEmptySnapshot: true, tree };
    expect(() => recoverFrom(storeOf(digested([1n, 3n])), options)).toThrow('0x1 is followed by 0x3');
  });
});

describe('files in front of the one that begins with the next transaction', () => {
  const logs = (): SimFileStore => storeOf([create(1n), create(2n), create(3n)], [create(4n), create(5n)]);

  test('are not read: damage in them does no harm', () => {
    const store = logs();
    store.alter(`${VERSION_2}/log.1`, store.contentsOf(`${VERSION_2}/log.1`).fill(0x55, 0, 200));
    expect(replay(store, 0, 3).zxids).toEqual(['0x4', '0x5']);
    expect(() => replay(store, 0, 2)).toThrow(TxnLogDamage);
  });

  test('are read when it does not: an empty or torn file proves nothing, nor does an odd name', () => {
    for (const left of [0, 16, 60]) {
      const store = logs();
      store.alter(`${VERSION_2}/log.4`, store.contentsOf(`${VERSION_2}/log.4`).slice(0, left));
      store.place(`${VERSION_2}/log.1.bak`, store.contentsOf(`${VERSION_2}/log.1`));
      store.place(`${VERSION_2}/log.3`, storeOf([create(3n), create(4n)]).contentsOf(`${VERSION_2}/log.3`));
      expect(replay(store, 0, 3).zxids).toEqual(['0x4']);
    }
  });

  test("are read when it begins with an error, which Apache's server may log under the zxid of a transaction before it", () => {
    const store = storeOf([create(1n), create(2n), create(3n)], [error(3n), create(4n)]);
    expect(replay(store, 0, 2)).toEqual({ zxids: ['0x3', '0x3', '0x4'], repeats: 0 });
  });
});

describe('an earlier log without a header (spec 10.2)', () => {
  test.each([0, 9, 15])('of %i bytes does not stand for the one before it', (size) => {
    const store = storeOf([create(1n), create(2n), create(3n), create(4n)], [create(5n)]);
    store.place(`${VERSION_2}/log.3`, new Uint8Array(size));
    expect(replay(store, 0, 3).zxids).toEqual(['0x4', '0x5']);
    expect(replay(store).zxids).toEqual(['0x1', '0x2', '0x3', '0x4', '0x5']);
  });

  test('is refused when what it should have held is missing', () => {
    const store = storeOf([create(1n), create(2n)], [create(4n)]);
    store.place(`${VERSION_2}/log.3`, new Uint8Array(9));
    expect(() => replay(store)).toThrow('0x2 is followed by 0x4');
  });
});

describe('files that overlap', () => {
  const run = (from: bigint, to: bigint): Log => {
    const log: (readonly [bigint, Uint8Array])[] = [];
    for (let zxid = from; zxid <= to; zxid++) log.push(create(zxid), error(zxid));
    return log;
  };

  test('every repeat is left out, errors among them', () => {
    const { zxids, repeats } = replay(storeOf(run(1n, 2000n), run(500n, 2500n), run(600n, 2501n)));
    // Each zxid once for the transaction; the error under the last zxid counts as new wherever it stands.
    expect([...new Set(zxids)]).toHaveLength(2501);
    expect(zxids.filter((zxid) => zxid === '0x1f4')).toHaveLength(2);
    expect(repeats).toBeGreaterThan(2 * (1500 + 1900) - 4);
  });

  test('a repeat that differs in one byte is refused', () => {
    const store = storeOf([create(1n), create(2n), create(3n)], [create(2n), create(3n, 1), create(4n)]);
    expect(() => replay(store)).toThrow(TxnLogHole);
    expect(() => replay(store)).toThrow(/Two transactions have the zxid 0x3 but differ; .*log\.2 at offset \d+/);
  });

  test('another transaction under the last zxid is refused, too', () => {
    expect(() => replay(storeOf([create(1n), create(2n)], [create(2n, 1)]))).toThrow('zxid 0x2 but differ');
  });
});

describe('recovery around a replay', () => {
  test('sessions: created ones are open, closed ones are not, and the last timeout counts', () => {
    const open = (zxid: bigint, client: bigint, timeOut: number): readonly [bigint, Uint8Array] => {
      return [zxid, entryOf(zxid, { type: OpCode.createSession, txn: { timeOut } }, client)];
    };
    const close = (zxid: bigint, client: bigint): readonly [bigint, Uint8Array] => {
      return [zxid, entryOf(zxid, { type: OpCode.closeSession, txn: { paths2Delete: [] } }, client)];
    };
    const big = 0x1000_0000_0000_0001n;
    const store = storeOf([
      open(1n, big, 4000),
      open(2n, 7n, 5000),
      open(3n, big + 1n, 6000),
      close(4n, 7n),
      open(5n, big, 9000),
      close(6n, 99n),
    ]);
    const { sessions } = recoverFrom(store, { trustEmptySnapshot: true });
    expect(sessions).toEqual([
      { idHi: 0x10000000, idLo: 1, timeoutMs: 9000 },
      { idHi: 0x10000000, idLo: 2, timeoutMs: 6000 },
    ]);
  });

  test('a snapshot of a leader that had just begun an epoch needs no record of counter 0', () => {
    const store = new SimFileStore(new Prng(1));
    const first = recoverFrom(store);
    first.tree.beginWrite();
    first.tree.endWrite(0, 3);
    const writer = new SnapshotWriter({
      fileStore: store,
      directory: VERSION_2,
      reader: first.tree.reader,
      backOff: () => undefined,
      // Behind the name, in front of the last zxid: the leader is established.
      collectSessions: () => {
        first.tree.beginWrite();
        first.tree.endWrite(1, 0);
      },
      waitUntilDurable: () => undefined,
      loaded: first.snapshot,
      treeDigest: () => ({ zxidHi: 0, zxidLo: 3, digestHi: 0, digestLo: 1 }),
    });
    expect(writer.write()).toMatchObject({ name: 'snapshot.3', lastZxidHi: 1, lastZxidLo: 0 });
    const second = recoverFrom(store);
    expect(second.snapshot?.name).toBe('snapshot.3');
    expect(second).toMatchObject({ lastZxidHi: 0, lastZxidLo: 3 });
  });

  test('a read error while the log is read is no end of the log', () => {
    const store = storeOf([create(1n), create(2n)]);
    store.onCall = (call) => (call.name === 'read' && call.path.endsWith('log.1') ? 'EIO' : 'ok');
    expect(() => recoverFrom(store, { trustEmptySnapshot: true })).toThrow(RecoveryError);
    expect(() => recoverFrom(store, { trustEmptySnapshot: true })).toThrow(/Cannot read the database in \/data: EIO/);
  });

  for (const code of ['EMFILE', 'EACCES', 'EIO'] as const) {
    for (const name of ['list', 'open', 'syncData', 'syncDirectory'] as const) {
      test(`${code} on ${name} at the start: refused with that, and the next start has everything`, () => {
        const store = storeOf([create(1n), create(2n)]);
        const isMet = (path: string): boolean => name === 'list' || name === 'syncDirectory' || path.endsWith('log.1');
        store.onCall = (call) => (call.name === name && isMet(call.path) ? code : 'ok');
        let error: unknown;
        try {
          recoverFrom(store, { trustEmptySnapshot: true });
        } catch (thrown) {
          error = thrown;
        }
        expect(error).toBeInstanceOf(RecoveryError);
        expect((error as RecoveryError).exitCode).toBe(1);
        expect((error as RecoveryError).message).toContain(`Cannot read the database in /data: ${code}`);
        store.onCall = () => 'ok';
        expect(recoverFrom(store, { trustEmptySnapshot: true }).lastZxidLo).toBe(2);
      });
    }
  }
});
