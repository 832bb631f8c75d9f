// A database goes from a leader to a learner as a stream, cut anywhere, and onto the learner's disk; what ends in between
// leaves the learner with the database it had, or with the new one.

import { describe, expect, test } from 'vitest';
import { EpochFiles } from '../../../src/persistence/epoch-files.js';
import { LearnerSnapshot, type LearnerSnapshotFiles } from '../../../src/persistence/learner-snapshot.js';
import { LogFloor } from '../../../src/persistence/log-floor.js';
import type { RecoveredSession } from '../../../src/persistence/recovered-sessions.js';
import type { SimFileStore } from '../../../src/persistence/sim-file-store.js';
import { SnapStreamError } from '../../../src/persistence/snap-stream-decoder.js';
import { SNAP_SIGNATURE, SnapStreamEncoder } from '../../../src/persistence/snap-stream-encoder.js';
import { SnapshotAbandoned } from '../../../src/persistence/snapshot-content-encoder.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import type { DataTree } from '../../../src/store/data-tree.js';
import { TxnApplier } from '../../../src/store/txn-applier.js';
import { changesFiles, endAtEveryCall } from './every-call.js';
import { historyOf, imageOf, Member, newMember, placeImage } from './member-files.js';
import { newTree, recoverFrom, stateOf, storeWith, VERSION_2 } from './persistence-fixture.js';
import { createEntry, entryOf } from './txn-entries.js';

type Database = ReturnType<typeof recoverFrom>;

const DIRECTORIES = { logDirectory: VERSION_2, snapshotDirectory: VERSION_2 };

function encoderOf(database: Database): SnapStreamEncoder {
  return new SnapStreamEncoder(
    database.tree.reader,
    () => undefined,
    (add) => {
      for (const { idHi, idLo, timeoutMs } of database.sessions) add(idHi, idLo, timeoutMs);
    },
  );
}

function streamOf(database: Database): Uint8Array {
  const encoder = encoderOf(database);
  const chunks: Uint8Array[] = [];
  for (let chunk = encoder.next(); chunk !== null; chunk = encoder.next()) chunks.push(chunk);
  return new Uint8Array(Buffer.concat(chunks));
}

function load(tree: DataTree, stream: Uint8Array, chunkBytes: number, hi: number, lo: number): RecoveredSession[] {
  const snapshot = new LearnerSnapshot({ tree, emulate353TtlNodes: false, zxidHi: hi, zxidLo: lo });
  for (let at = 0; at < stream.length; at += chunkBytes) {
    const count = Math.min(chunkBytes, stream.length - at);
    expect(snapshot.take(stream, at, count)).toBe(count);
  }
  expect(snapshot.isComplete).toBe(true);
  return snapshot.finish();
}

/** As its own start would show it. */
function loaded(tree: DataTree, sessions: RecoveredSession[], database: Database): Database {
  return { ...database, tree, sessions };
}

describe('a stream', () => {
  test.each(['tiny-restarted-3.9', 'quorum-3.8', 'learner-snap-3.9', 'fuzzy-3.9', 'standalone-3.9'])(
    '%s, there and back in pieces of any size',
    (name) => {
      const database = recoverFrom(storeWith(name));
      const stream = streamOf(database);
      const expected = stateOf(database);
      for (const chunkBytes of [1, 2, 3, 7, 13, 64, 1000, stream.length]) {
        if (chunkBytes < 64 && stream.length > 10_000) continue;
        const tree = newTree();
        const sessions = load(tree, stream, chunkBytes, database.lastZxidHi, database.lastZxidLo);
        expect(stateOf(loaded(tree, sessions, database))).toEqual(expected);
        expect([tree.reader.zxidHi(), tree.reader.zxidLo()]).toEqual([database.lastZxidHi, database.lastZxidLo]);
      }
    },
  );

  test('is what Apache sends: the content of its own snapshot, and BenWasHere', () => {
    // snapshot.100000009 is what a follower wrote after a SNAP: header, content, seal 1 and two sections of 33 and 21 bytes.
    const store = storeWith('learner-snap-3.9');
    const file = store.contentsOf(`${VERSION_2}/snapshot.100000009`);
    const content = file.subarray(16, file.length - 54 - 13);
    const tree = newTree();
    const sessions = load(tree, Buffer.concat([content, SNAP_SIGNATURE]), 50, 1, 9);
    store.unlink(`${VERSION_2}/log.10000000a`);
    const database = recoverFrom(store);
    expect(stateOf(loaded(tree, sessions, database))).toEqual(stateOf(database));
    // Ours has the same pieces, though siblings may come in another order.
    const ours = streamOf(database);
    // Theirs lists one ACL that no node has any more.
    expect(ours.length).toBe(content.length - 35 + SNAP_SIGNATURE.length);
    expect(ours.subarray(0, 16)).toEqual(content.subarray(0, 16));
    expect(Buffer.from(ours.subarray(-19)).toString('latin1')).toBe('\0\0\0\x01/\0\0\0\nBenWasHere');
  });

  test('ends where the next packet begins', () => {
    const database = recoverFrom(storeWith('tiny-restarted-3.9'));
    const stream = streamOf(database);
    const more = Buffer.concat([stream, Buffer.from('the next packet')]);
    for (const first of [0, 1, stream.length - 20, stream.length - 1, stream.length]) {
      const snapshot = new LearnerSnapshot({ tree: newTree(), emulate353TtlNodes: false, zxidHi: 0, zxidLo: 16 });
      const taken = snapshot.take(more, 0, first) + snapshot.take(more, first, more.length - first);
      expect(taken).toBe(stream.length);
      expect(snapshot.finish()).toHaveLength(1);
    }
  });

  test('is given in chunks of bounded size, a little work at a time, and goes on while the tree changes', () => {
    const member = newMember();
    const { tree } = member.database;
    const applier = new TxnApplier(tree);
    let zxid = 0n;
    const create = (path: string, bytes: number): Uint8Array => {
      // The parent's cversion as every server logs it: the value afterwards, so that applying it twice changes nothing.
      const { reader } = tree;
      const parentCVersion = reader.cversion(reader.find(new Uint8Array(0), 0, 0)) + 1;
      const entry = createEntry(++zxid, path, new Uint8Array(bytes).fill(7), parentCVersion);
      tree.beginWrite();
      applier.apply(entry, 0, entry.length, null);
      tree.endWrite(0, Number(zxid));
      return entry;
    };
    for (let i = 0; i < 6000; i++) create(`/n${i}`, 40);
    create('/large', 300_000);
    const encoder = encoderOf(member.database);
    const before = zxid;
    const late: Uint8Array[] = [];
    const chunks: Uint8Array[] = [];
    let empty = 0;
    for (let chunk = encoder.next(); chunk !== null; chunk = encoder.next()) {
      if (chunk.length === 0) empty++;
      else chunks.push(chunk);
      late.push(create(`/late${late.length}`, 10));
    }
    expect(empty).toBeGreaterThan(2);
    expect(chunks.length).toBeGreaterThan(5);
    const sizes = chunks.map((chunk) => chunk.length).sort((a, b) => a - b);
    expect(sizes.at(-2)).toBeLessThan(66_000);
    expect(sizes.at(-1)).toBeLessThan(366_000);
    expect([encoder.zxidHi, encoder.zxidLo]).toEqual([0, Number(before)]);
    // With what came after its zxid, applied once more or for the first time, it is the leader's tree.
    const learner = newTree();
    load(learner, Buffer.concat(chunks), 5000, 0, Number(before));
    const replay = new TxnApplier(learner);
    for (const entry of late) {
      learner.beginWrite();
      replay.apply(entry, 0, entry.length, null);
      learner.endWrite(0, replay.zxidLo);
    }
    const ofLeader = stateOf({ ...member.database, lastZxidLo: Number(zxid) });
    expect(stateOf({ ...member.database, tree: learner, lastZxidLo: Number(zxid) })).toEqual(ofLeader);
  });

  test('of a tree that is replaced meanwhile is abandoned', () => {
    const member = newMember();
    member.write(1n, 2n);
    const encoder = encoderOf(member.database);
    encoder.next();
    const { tree } = member.database;
    tree.beginWrite();
    tree.clear();
    tree.endWrite(0, 2);
    expect(() => encoder.next()).toThrow(SnapshotAbandoned);
  });
});

describe('a stream that is not right', () => {
  const database = recoverFrom(storeWith('tiny-restarted-3.9'));
  const stream = streamOf(database);

  function feed(bytes: Uint8Array): LearnerSnapshot {
    const snapshot = new LearnerSnapshot({ tree: newTree(), emulate353TtlNodes: false, zxidHi: 0, zxidLo: 16 });
    snapshot.take(bytes, 0, bytes.length);
    return snapshot;
  }

  test('ends too early, anywhere', () => {
    for (let size = 0; size < stream.length; size++) {
      const snapshot = feed(stream.subarray(0, size));
      expect(snapshot.isComplete).toBe(false);
      expect(() => snapshot.finish()).toThrow(SnapStreamError);
    }
  });

  test('ends in another word', () => {
    const bytes = stream.slice();
    bytes[bytes.length - 1] ^= 1;
    expect(() => feed(bytes)).toThrow('does not end with BenWasHere');
  });

  test('has lengths that cannot be, or nodes without parents', () => {
    const path = Buffer.from(stream).indexOf('\0\0\0\x02/c');
    const lengthOf = (offset: number, value: number): Uint8Array => {
      const bytes = Buffer.from(stream);
      bytes.writeInt32BE(value, offset);
      return bytes;
    };
    expect(() => feed(lengthOf(path, -1))).toThrow('a path has the length -1');
    expect(() => feed(lengthOf(path + 6, -2))).toThrow('data has the length -2');
    const orphan = stream.slice();
    orphan[path + 4] = 'x'.charCodeAt(0);
    expect(() => feed(orphan)).toThrow(SnapStreamError);
    // A length that claims two gigabytes costs no more than what has come.
    const huge = feed(lengthOf(path + 6, 0x7fffff00));
    expect(huge.isComplete).toBe(false);
  });

  test('abandoned, it leaves nothing that could be taken for a database', () => {
    const tree = newTree();
    const snapshot = new LearnerSnapshot({ tree, emulate353TtlNodes: false, zxidHi: 0, zxidLo: 16 });
    snapshot.take(stream, 0, stream.length - 3);
    snapshot.abandon();
    snapshot.abandon();
    expect(tree.nodeCount).toBe(1);
    expect([tree.reader.zxidHi(), tree.reader.zxidLo()]).toEqual([0, 0]);
    expect(() => snapshot.take(stream, 0, 1)).toThrow('nothing is taken');
  });
});

describe('onto the disk', () => {
  const leader = newMember('leader');
  for (let zxid = 1n; zxid <= 9n; zxid++) leader.write(zxid);
  const stream = streamOf(leader.database);
  const OLD = 6;

  function memberImage(last: bigint): ReturnType<typeof imageOf> {
    const member = newMember('member');
    for (let zxid = 1n; zxid <= last; zxid++) {
      member.write(zxid);
      if (zxid === 4n) member.snapshot();
    }
    if (last > 9n) member.snapshot();
    member.log.close();
    new EpochFiles(member.store, VERSION_2, 0, 1).setAcceptedEpoch(1);
    return imageOf(member.store);
  }

  function filesOf(store: SimFileStore, database: Database, loggedLo: number): LearnerSnapshotFiles {
    return {
      directories: DIRECTORIES,
      floor: new LogFloor(store, VERSION_2),
      loggedHi: 0,
      loggedLo,
      writer: {
        fileStore: store,
        reader: database.tree.reader,
        backOff: () => undefined,
        collectSessions: () => undefined,
        waitUntilDurable: () => undefined,
        treeDigest: () => ({ zxidHi: 0, zxidLo: 0, digestHi: 0, digestLo: 0 }),
      },
    };
  }

  function words(author: string, last: number): string[] {
    return Array.from({ length: last }, (_, i) => `${author} ${(i + 1).toString(16)}`).sort();
  }

  for (const last of [OLD, 12]) {
    test(`ZOOKEEPER-2872, 3642, 1653: a member at ${last} is sent 9, ended at every file call`, () => {
      const image = memberImage(BigInt(last));
      const seen = new Set<string>();
      let acknowledged = false;
      const runs = endAtEveryCall(
        (store) => {
          placeImage(store, image);
          acknowledged = false;
        },
        (store) => {
          const database = recoverFrom(store);
          const epochs = new EpochFiles(store, VERSION_2, database.lastZxidHi, database.lastZxidLo);
          const { tree } = database;
          const snapshot = new LearnerSnapshot({ tree, emulate353TtlNodes: false, zxidHi: 0, zxidLo: 9 });
          snapshot.take(stream, 0, stream.length);
          snapshot.finish();
          snapshot.save(filesOf(store, database, last));
          epochs.setCurrentEpoch(1);
          acknowledged = true;
        },
        (store, ending, label) => {
          const found = recoverFrom(store);
          new EpochFiles(store, VERSION_2, found.lastZxidHi, found.lastZxidLo);
          const { nodes } = historyOf(found);
          const isNew = nodes.some((text) => text.startsWith('leader'));
          seen.add(`${isNew} ${found.lastZxidLo}`);
          if (acknowledged || ending === 'none') expect([isNew, found.lastZxidLo], label).toEqual([true, 9]);
          if (isNew) {
            expect(nodes.slice(0, 9), label).toEqual(words('leader', 9));
            expect(new LogFloor(store, VERSION_2).lo, label).toBe(9);
          } else {
            expect(nodes, label).toEqual(words('member', last));
          }
          if (!isNew || found.lastZxidLo !== 9) return;
          // What follows is the leader's, and stays.
          const member = new Member(store, 'leader');
          member.write(10n, 11n);
          member.log.close();
          store.crash();
          expect(historyOf(recoverFrom(store)).nodes, label).toEqual(words('leader', 11));
        },
        { seeds: 3, isPlace: changesFiles, endings: ['crash', 'kill'] },
      );
      expect(runs).toBeGreaterThan(30);
      expect(seen).toContain('true 9');
      expect(seen).toContain(`false ${last}`);
    });
  }

  test('a member that lost the end of its log owes nothing once it has the snapshot', () => {
    const member = newMember('member');
    member.write(...Array.from({ length: 11 }, (_, i) => BigInt(i + 1)));
    member.log.close();
    const { store } = member;
    const log = store.openForWrite(`${VERSION_2}/log.1`);
    log.write(new Uint8Array(log.size() - 16), 0, log.size() - 16, 16);
    log.sync();
    log.close();
    expect(recoverFrom(store, { onMissingTail: 'report' }).missingTail).toMatchObject({ syncedLo: 11 });
    const database = recoverFrom(store, { onMissingTail: 'report' });
    const snapshot = new LearnerSnapshot({ tree: database.tree, emulate353TtlNodes: false, zxidHi: 0, zxidLo: 9 });
    snapshot.take(stream, 0, stream.length);
    snapshot.finish();
    snapshot.save(filesOf(store, database, 0));
    expect(historyOf(recoverFrom(store))).toEqual({ last: '0x9', nodes: words('leader', 9) });
  });

  test('transactions that followed the stream before NEWLEADER are in the saved snapshot', () => {
    const store = newMember().store;
    const database = recoverFrom(store);
    const { tree } = database;
    const snapshot = new LearnerSnapshot({ tree, emulate353TtlNodes: false, zxidHi: 0, zxidLo: 9 });
    snapshot.take(stream, 0, stream.length);
    expect(() => snapshot.save(filesOf(store, database, 0))).toThrow('only a whole database');
    snapshot.finish();
    const entry = entryOf(10n, { type: OpCode.delete, txn: { path: '/9' } });
    tree.beginWrite();
    new TxnApplier(tree).apply(entry, 0, entry.length, null);
    tree.endWrite(0, 10);
    expect(snapshot.save(filesOf(store, database, 0))).toMatchObject({ name: 'snapshot.a', zxidLo: 10 });
    expect(historyOf(recoverFrom(store))).toEqual({ last: '0xa', nodes: words('leader', 8) });
  });
});
