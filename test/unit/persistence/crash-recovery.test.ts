// The promise of the log under every crash and every failing call the simulated disk can make: what commit() returned for
// is there after the restart, in order, and nothing is there that was never appended.

import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { DataDirectoryError } from '../../../src/persistence/data-directories.js';
import { FatalStorageError } from '../../../src/persistence/fatal-storage-error.js';
import type { RecoveredDatabase } from '../../../src/persistence/recovery.js';
import { RecoveryError } from '../../../src/persistence/recovery-error.js';
import { type SimCall, SimCrashError, SimFileStore, type SimVerdict } from '../../../src/persistence/sim-file-store.js';
import { SnapshotWriteError, SnapshotWriter } from '../../../src/persistence/snapshot-writer.js';
import type { TxnLogWriter } from '../../../src/persistence/txn-log-writer.js';
import { TxnApplier } from '../../../src/store/txn-applier.js';
import { recoverFrom, stateOf, VERSION_2 } from './persistence-fixture.js';
import { append, createEntry, newWriter } from './txn-entries.js';

/** Transaction n creates /n<n> with n's own data, so that the tree tells which ones it holds. */
function dataOf(zxid: number, seed: number): Uint8Array {
  const prng = new Prng(seed * 1000 + zxid);
  const data = new Uint8Array(prng.below(prng.below(10) === 0 ? 20_000 : 300));
  for (let i = 0; i < data.length; i++) data[i] = prng.below(256);
  return data;
}

class Server {
  readonly database: RecoveredDatabase;
  readonly log: TxnLogWriter;
  private readonly applier: TxnApplier;
  private readonly snapshotWriter: SnapshotWriter;
  private readonly seed: number;
  appended: number;
  committed: number; // acknowledged up to here
  private unapplied: Uint8Array[] = [];

  /** What start-up does: recover, then serve. Throws what the disk makes it throw. */
  constructor(store: SimFileStore, seed: number) {
    this.seed = seed;
    this.database = recoverFrom(store);
    this.appended = this.database.lastZxidLo;
    this.committed = this.appended;
    this.log = newWriter(store, { preAllocBytes: 8 << 10, sizeLimitBytes: 24 << 10 });
    this.applier = new TxnApplier(this.database.tree);
    this.snapshotWriter = new SnapshotWriter({
      fileStore: store,
      directory: VERSION_2,
      reader: this.database.tree.reader,
      backOff: () => undefined,
      collectSessions: () => undefined,
      waitUntilDurable: (_, zxidLo) => expect(zxidLo).toBeLessThanOrEqual(this.committed),
      loaded: this.database.snapshot,
      treeDigest: null,
    });
  }

  step(prng: Prng): void {
    const what = prng.below(20);
    if (what < 12) this.append();
    else if (what < 18) this.commit();
    else if (what < 19) this.log.roll();
    else this.snapshotWriter.write();
  }

  private append(): void {
    const zxid = this.appended + 1;
    const entry = createEntry(BigInt(zxid), `/n${zxid}`, dataOf(zxid, this.seed));
    append(this.log, entry, BigInt(zxid));
    this.unapplied.push(entry);
    this.appended = zxid;
  }

  private commit(): void {
    this.log.commit();
    this.committed = this.appended;
    const { tree } = this.database;
    for (const entry of this.unapplied) {
      tree.beginWrite();
      this.applier.apply(entry, 0, entry.length, null);
      tree.endWrite(0, this.applier.zxidLo);
    }
    this.unapplied = [];
  }
}

function expectTransactions(database: RecoveredDatabase, seed: number, acknowledged: number, appended: number): void {
  const last = database.lastZxidLo;
  expect(last).toBeGreaterThanOrEqual(acknowledged);
  expect(last).toBeLessThanOrEqual(appended);
  const nodes = stateOf(database).nodes.filter((node) => node.path.startsWith('/n'));
  expect(nodes).toHaveLength(last);
  const byPath = new Map(nodes.map((node) => [node.path, node.data]));
  for (let zxid = 1; zxid <= last; zxid++) {
    expect(byPath.get(`/n${zxid}`)).toBe(Buffer.from(dataOf(zxid, seed)).toString('hex'));
  }
}

/** Runs server after server on one disk; `verdict` ends each of them. Returns how often a start was refused. */
function runLives(
  seed: number,
  loseSectors: boolean,
  verdictOf: (prng: Prng) => (call: SimCall) => SimVerdict,
): number {
  const prng = new Prng(seed);
  const store = new SimFileStore(prng.fork('disk'), { loseSectors });
  let acknowledged = 0;
  let appended = 0;
  for (let life = 0; life < 6; life++) {
    store.onCall = verdictOf(prng);
    let server: Server | null = null;
    try {
      server = new Server(store, seed);
      for (let step = 0; step < 60; step++) server.step(prng);
    } catch (error) {
      const isExpected =
        error instanceof SimCrashError ||
        error instanceof FatalStorageError ||
        error instanceof SnapshotWriteError ||
        error instanceof DataDirectoryError ||
        error instanceof RecoveryError;
      if (!isExpected) throw error;
    }
    if (server !== null) {
      acknowledged = server.committed;
      appended = server.appended;
    }
    store.onCall = () => 'ok';
    store.crash();
    let database: RecoveredDatabase;
    try {
      database = recoverFrom(store);
    } catch (error) {
      if (loseSectors && error instanceof RecoveryError && /is damaged at offset/.test(error.message)) return 1;
      throw error;
    }
    expectTransactions(database, seed, acknowledged, appended);
    // What survived without having been acknowledged counts from now on: the next life builds on it.
    acknowledged = database.lastZxidLo;
    appended = database.lastZxidLo;
  }
  return 0;
}

const SEEDS = 60;

describe('a machine that stops in the middle of any call', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    test(`seed ${seed}: everything committed is there, nothing was invented`, () => {
      const refused = runLives(seed, false, (prng) => {
        const stopAt = prng.below(80);
        let count = 0;
        return () => (count++ === stopAt ? 'crash' : 'ok');
      });
      expect(refused).toBe(0);
    });
  }

  test('a disk that loses any unsynced sectors: everything committed is there, or the start is refused', () => {
    let refusals = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      refusals += runLives(1000 + seed, true, (prng) => {
        const stopAt = prng.below(80);
        let count = 0;
        return () => (count++ === stopAt ? 'crash' : 'ok');
      });
    }
    // Such a tail cannot be told from damage to acknowledged records, so some refusals there must be.
    expect(refusals).toBeGreaterThan(0);
    expect(refusals).toBeLessThan(SEEDS / 2);
  });
});

describe('a disk that fails at any call', () => {
  for (const code of ['EIO', 'ENOSPC'] as const) {
    for (let seed = 1; seed <= SEEDS / 2; seed++) {
      test(`${code}, seed ${seed}: the server stops, and the next one finds everything committed`, () => {
        runLives(2000 + seed, false, (prng) => {
          const failAt = prng.below(80);
          let count = 0;
          return (call) => {
            if (code === 'ENOSPC' && call.name.startsWith('sync')) return 'ok';
            return count++ >= failAt ? code : 'ok';
          };
        });
      });
    }
  }
});
