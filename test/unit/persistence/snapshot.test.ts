// Snapshots there and back: what is written reads as the same tree, also when the tree changed meanwhile; what is broken
// in any byte is never taken for whole.

import { describe, expect, test } from 'vitest';
import { hiOf, loOf } from '../../../src/base/int64.js';
import { Prng } from '../../../src/base/prng.js';
import { FatalStorageError } from '../../../src/persistence/fatal-storage-error.js';
import { RecoveryError } from '../../../src/persistence/recovery-error.js';
import { SimFileStore } from '../../../src/persistence/sim-file-store.js';
import { SnapshotAbandoned } from '../../../src/persistence/snapshot-content-encoder.js';
import { BrokenSnapshot, SnapshotReader, type SnapshotTail } from '../../../src/persistence/snapshot-reader.js';
import { SnapshotWriteError } from '../../../src/persistence/snapshot-writer.js';
import type { ACL } from '../../../src/protocol/acl.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import type { TxnBody } from '../../../src/protocol/txns.js';
import { TxnApplier } from '../../../src/store/txn-applier.js';
import { DATA_DIR, recoverFrom, snapshotWriterOf, stateOf, storeWith, VERSION_2 } from './persistence-fixture.js';
import { append, entryOf, newWriter } from './txn-entries.js';

function emptyStore(): SimFileStore {
  const store = new SimFileStore(new Prng(1));
  store.makeDirectories(VERSION_2);
  return store;
}

function read(bytes: Uint8Array): SnapshotTail {
  const store = emptyStore();
  store.place(`${VERSION_2}/snapshot.10`, bytes);
  const sink = { onSession: () => undefined, onNode: () => true };
  return new SnapshotReader(store, VERSION_2, 'snapshot.10', sink).read();
}

describe('SnapshotWriter', () => {
  for (const name of ['tiny-3.9', 'standalone-3.9', 'rolled-3.9', 'quorum-3.8', 'fuzzy-3.9', 'learner-snap-3.9']) {
    test(`the tree of ${name}, written and read again, is the same`, () => {
      const database = recoverFrom(storeWith(name));
      const store = emptyStore();
      const written = snapshotWriterOf(store, database).write();
      expect(store.list(VERSION_2)).toEqual([written?.name]);
      expect(store.sizeOf(`${VERSION_2}/${written?.name}`)).toBe(written?.fileBytes);
      const again = recoverFrom(store);
      expect(stateOf(again)).toEqual(stateOf(database));
      expect(written?.nodeCount).toBe(stateOf(database).nodes.length);
    });
  }

  test('the empty database with digests on is the file that 3.9.5 writes, byte for byte', () => {
    const database = recoverFrom(emptyStore());
    const store = emptyStore();
    const treeDigest = () => ({ zxidHi: 0, zxidLo: 0, digestHi: 0, digestLo: 0 });
    snapshotWriterOf(store, database, { treeDigest }).write();
    const recorded = storeWith('tiny-3.9').contentsOf(`${VERSION_2}/snapshot.0`);
    const ours = store.contentsOf(`${VERSION_2}/snapshot.0`);
    expect(Buffer.from(ours).toString('hex')).toBe(Buffer.from(recorded).toString('hex'));
  });

  test('the tail: none with digests off, both sections with digests on', () => {
    const database = recoverFrom(storeWith('tiny-3.9'));
    const store = emptyStore();
    snapshotWriterOf(store, database).write();
    expect(read(store.contentsOf(`${VERSION_2}/snapshot.10`))).toMatchObject({ tailBytes: 0, hasLastZxid: false });
    const treeDigest = () => ({ zxidHi: 0, zxidLo: 0x10, digestHi: 3, digestLo: 0x24b065e3 });
    snapshotWriterOf(store, database, { treeDigest }).write();
    expect(read(store.contentsOf(`${VERSION_2}/snapshot.10`))).toEqual({
      tailBytes: 54,
      digestZxidHi: 0,
      digestZxidLo: 0x10,
      digestVersion: 2,
      digestHi: 3,
      digestLo: 0x24b065e3,
      hasLastZxid: true,
      lastZxidHi: 0,
      lastZxidLo: 0x10,
    });
    snapshotWriterOf(store, database, { treeDigest, writesLastZxid: false }).write();
    expect(read(store.contentsOf(`${VERSION_2}/snapshot.10`))).toMatchObject({ tailBytes: 33, hasLastZxid: false });
    snapshotWriterOf(store, database, { writesLastZxid: true }).write();
    expect(read(store.contentsOf(`${VERSION_2}/snapshot.10`))).toMatchObject({ tailBytes: 0 });
  });

  test('every durable step is in its place: content, log, name, directory', () => {
    const database = recoverFrom(storeWith('tiny-3.9'));
    const store = emptyStore();
    const calls: string[] = [];
    store.onCall = (call) => {
      calls.push(call.name);
      return 'ok';
    };
    snapshotWriterOf(store, database, {
      waitUntilDurable: (zxidHi, zxidLo) => calls.push(`log durable up to ${zxidHi}:${zxidLo}`),
    }).write();
    expect(calls).toEqual(['create', 'write', 'sync', 'close', 'log durable up to 0:16', 'rename', 'syncDirectory']);
  });

  test('a snapshot known to be good is not written again', () => {
    const store = storeWith('tiny-restarted-3.9');
    const database = recoverFrom(store);
    const before = store.contentsOf(`${VERSION_2}/snapshot.10`);
    expect(database.snapshot?.name).toBe('snapshot.10');
    expect(snapshotWriterOf(store, database, { loaded: database.snapshot }).write()).toBeNull();
    expect(store.contentsOf(`${VERSION_2}/snapshot.10`)).toEqual(before);
    const other = emptyStore();
    const writer = snapshotWriterOf(other, database);
    expect(writer.write()?.name).toBe('snapshot.10');
    expect(writer.write()).toBeNull();
  });

  test('a broken snapshot of the same zxid is replaced', () => {
    const store = storeWith('snap-flip-newest');
    const database = recoverFrom(store);
    expect(database.snapshot?.name).toBe('snapshot.0');
    snapshotWriterOf(store, database, { loaded: database.snapshot }).write();
    const again = recoverFrom(store);
    expect(again.snapshot?.name).toBe('snapshot.10');
    expect(stateOf(again)).toEqual(stateOf(database));
  });
});

/** A tree that goes on changing, and the log of what was done to it. */
class LiveTree {
  readonly store = emptyStore();
  readonly database = recoverFrom(this.store);
  readonly log = newWriter(this.store);
  private readonly applier = new TxnApplier(this.database.tree);
  private zxid = 0n;

  apply(body: TxnBody): void {
    this.zxid++;
    const entry = entryOf(this.zxid, body);
    append(this.log, entry, this.zxid);
    this.log.commit();
    this.log.writeMark();
    this.database.tree.beginWrite();
    this.applier.apply(entry, 0, entry.length, null);
    this.database.tree.endWrite(hiOf(this.zxid), loOf(this.zxid));
  }

  create(path: string, perms = 31, data = path): void {
    const acl: ACL[] = [{ perms, id: { scheme: 'world', id: 'anyone' } }];
    const bytes = Buffer.from(data);
    const parent = Buffer.from(path.slice(0, path.lastIndexOf('/')));
    const { reader } = this.database.tree;
    // As every server logs it: the value afterwards, so that applying it twice changes nothing.
    const parentCVersion = reader.cversion(reader.find(parent, 0, parent.length)) + 1;
    this.apply({ type: OpCode.create, txn: { path, data: bytes, acl, ephemeral: false, parentCVersion } });
  }

  setAcl(path: string, perms: number, version: number): void {
    const acl: ACL[] = [{ perms, id: { scheme: 'world', id: 'anyone' } }];
    this.apply({ type: OpCode.setACL, txn: { path, acl, version } });
  }

  delete(path: string): void {
    this.apply({ type: OpCode.delete, txn: { path } });
  }
}

describe('a snapshot of a tree that changes while it is written', () => {
  test('the log behind it makes the tree whole, new ACL lists included', () => {
    const live = new LiveTree();
    for (let i = 0; i < 20; i++) live.create(`/n${i}`, 1 + (i % 3));
    live.create('/n0/child');
    let step = 0;
    live.store.onCall = (call) => {
      // Between the two walks: a node goes, one comes, both with children, and lists that were not there before.
      if (call.name === 'create' && call.path.includes('snapshot') && step++ === 0) {
        live.setAcl('/n3', 7, 1);
        live.create('/late', 9);
        live.create('/late/below', 1);
        live.create('/later', 1);
        live.delete('/n0/child');
        live.delete('/n0');
      }
      return 'ok';
    };
    const written = snapshotWriterOf(live.store, live.database, {
      // Behind the last node, in front of the last zxid.
      treeDigest: () => {
        live.create('/later still', 3);
        return { zxidHi: 0, zxidLo: 0, digestHi: 0, digestLo: 0 };
      },
    }).write();
    expect(step).toBe(1);
    expect(written).toMatchObject({ name: 'snapshot.15', zxidLo: 21, lastZxidLo: 28 });
    // A list that came too late to be listed has a number that no reader will ever give to another list.
    const bytes = Buffer.from(live.store.contentsOf(`${VERSION_2}/snapshot.15`));
    const node = Buffer.from('/n3').toString('hex'); // which is its data, too
    expect(bytes.toString('hex')).toContain(`${node}4000000000000004`);
    // Nodes that came too late are the log's: Apache's servers would keep them as they are, with lists that nobody has.
    expect([bytes.includes('/late/below'), bytes.includes('/late\0'), bytes.includes('/later')]).toEqual([
      false,
      false,
      true,
    ]);
    const recovered = recoverFrom(live.store);
    expect(recovered.snapshot?.name).toBe('snapshot.15');
    expect(recovered.recordsReplayed).toBe(7);
    expect(stateOf(recovered)).toEqual(stateOf({ ...live.database, lastZxidLo: 28 }));
  });

  test('one writer writes one after the other, each with its own sessions and lists', () => {
    const live = new LiveTree();
    const sessions = [[1, 2, 3000]];
    const writer = snapshotWriterOf(live.store, live.database, {
      collectSessions: (add) => {
        for (const [idHi, idLo, timeoutMs] of sessions) add(idHi, idLo, timeoutMs);
      },
    });
    for (let i = 1; i <= 4; i++) {
      live.create(`/n${i}`, i);
      sessions.push([1, 10 + i, 1000 * i]);
      const name = `snapshot.${2 * i - 1}`; // each round is two transactions
      expect(writer.write()?.name).toBe(name);
      const recovered = recoverFrom(live.store);
      expect(recovered.snapshot?.name).toBe(name);
      expect(stateOf(recovered).nodes).toEqual(stateOf(live.database).nodes);
      expect(recovered.sessions).toHaveLength(i + 1);
      live.setAcl(`/n${i}`, 31, 1);
    }
  });

  test('without the log behind it, it is not used: the start takes an older one', () => {
    const live = new LiveTree();
    live.create('/a', 1);
    const before = stateOf({ ...live.database, lastZxidLo: 1 });
    live.store.onCall = (call) => {
      if (call.name === 'create' && call.path.includes('snapshot') && call.path.startsWith(DATA_DIR)) {
        live.store.onCall = () => 'ok';
        live.log.roll();
        live.setAcl('/a', 9, 1);
      }
      return 'ok';
    };
    snapshotWriterOf(live.store, live.database).write();
    live.store.unlink(`${VERSION_2}/log.2`);
    const warnings: string[] = [];
    const recovered = recoverFrom(live.store, { warn: (message) => warnings.push(message) });
    expect(recovered.snapshot?.name).toBe('snapshot.0');
    expect(stateOf(recovered)).toEqual(before);
    expect(warnings.join()).toMatch(/snapshot\.1 has 1 nodes with an ACL that neither it nor the log behind it holds/);
  });

  test('a tree that is replaced meanwhile leaves nothing', () => {
    const live = new LiveTree();
    live.create('/a');
    live.store.onCall = (call) => {
      if (call.name === 'create' && call.path.includes('snapshot')) {
        live.database.tree.beginWrite();
        live.database.tree.clear();
        live.database.tree.endWrite(0, 9);
      }
      return 'ok';
    };
    expect(() => snapshotWriterOf(live.store, live.database).write()).toThrow(SnapshotAbandoned);
    expect(live.store.list(VERSION_2)).toEqual(['durableZxid', 'log.1', 'snapshot.0']);
  });
});

describe('a disk that fails while a snapshot is written', () => {
  for (const name of ['create', 'write', 'sync', 'close', 'rename', 'syncDirectory'] as const) {
    test(`ENOSPC on ${name}: exit code 10, and the snapshots and logs that were there still serve`, () => {
      const store = storeWith('tiny-3.9');
      const database = recoverFrom(store);
      store.onCall = (call) => (call.name === name ? 'ENOSPC' : 'ok');
      let error: unknown;
      try {
        snapshotWriterOf(store, database).write();
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(SnapshotWriteError);
      expect((error as SnapshotWriteError).exitCode).toBe(10);
      store.onCall = () => 'ok';
      expect(store.list(VERSION_2).filter((file) => file.includes('tmp'))).toEqual([]);
      expect(stateOf(recoverFrom(store))).toEqual(stateOf(database));
    });
  }

  test('a log that failed is not a snapshot that failed', () => {
    const store = storeWith('tiny-3.9');
    const database = recoverFrom(store);
    const failure = new FatalStorageError(
      'sync',
      '/data/version-2/log.1',
      Object.assign(new Error('EIO'), { code: 'EIO' }),
    );
    const writer = snapshotWriterOf(store, database, {
      waitUntilDurable: () => {
        throw failure;
      },
    });
    expect(() => writer.write()).toThrow(failure);
    expect(store.list(VERSION_2)).toEqual(['log.1', 'snapshot.0']);
  });

  test('what a crash leaves of a snapshot is removed at the next start', () => {
    const store = storeWith('tiny-3.9');
    store.place(`${VERSION_2}/.tmp-snapshot.9`, new Uint8Array(5));
    recoverFrom(store);
    expect(store.list(VERSION_2)).toEqual(['log.1', 'snapshot.0']);
  });
});

describe('a broken snapshot', () => {
  const whole = storeWith('tiny-restarted-3.9').contentsOf(`${VERSION_2}/snapshot.10`);
  /** Behind seal 1, and behind seal 2: there the file is whole in an older form. */
  const wholeSizes = [937, 970];

  test('is known by any flipped byte', () => {
    // Version and dbid, like all the rest, are under the seals although nobody reads them.
    for (let offset = 0; offset < whole.length; offset++) {
      const bytes = whole.slice();
      bytes[offset] ^= 0x04;
      expect(() => read(bytes), `byte ${offset}`).toThrow(BrokenSnapshot);
    }
  });

  test('is known by any cut', () => {
    for (let size = 0; size < whole.length; size++) {
      const cut = whole.subarray(0, size);
      if (wholeSizes.includes(size)) expect(read(cut).tailBytes).toBe(size - 937);
      else expect(() => read(cut), `cut to ${size}`).toThrow(BrokenSnapshot);
    }
  });

  test('does not make the reader take memory for lengths that are not there', () => {
    const bytes = whole.slice();
    bytes.set([0x7f, 0xff, 0xff, 0xff], 164 + 76); // the length of the second node's path
    expect(() => read(bytes)).toThrow(BrokenSnapshot);
  });

  test('the only one there was, with no log: refused, unless it is the first snapshot of all', () => {
    const cut = whole.subarray(0, 600);
    const store = emptyStore();
    store.place(`${VERSION_2}/snapshot.10`, cut);
    expect(() => recoverFrom(store)).toThrow(RecoveryError);
    const first = emptyStore();
    first.place(`${VERSION_2}/snapshot.0`, cut);
    expect(stateOf(recoverFrom(first)).nodes).toHaveLength(4);
  });

  test('with a wrong gzip trailer it still loads: the seals prove the content', () => {
    const store = storeWith('snapshot-gz-3.9');
    const path = `${VERSION_2}/snapshot.10a.gz`;
    const cut = store.contentsOf(path).slice(0, -5);
    store.place(path, cut);
    expect(stateOf(recoverFrom(store))).toEqual(stateOf(recoverFrom(storeWith('snapshot-gz-3.9'))));
  });
});
