// An older snapshot stands in for a newer one that cannot be used only where the log leads as far as the newer one did: what
// a snapshot's name says was in the tree, and clients were told of it.

import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { LogFloor } from '../../../src/persistence/log-floor.js';
import { RecoveryError } from '../../../src/persistence/recovery-error.js';
import { SimFileStore } from '../../../src/persistence/sim-file-store.js';
import { SYNC_MARK_NAME } from '../../../src/persistence/sync-mark.js';
import { recoverFrom, snapshotWriterOf, VERSION_2 } from './persistence-fixture.js';
import { append, createEntry, newWriter } from './txn-entries.js';

/** log.1 up to `firstEnd`, the rest up to `last` in a second one, and snapshots of 0 and of `last`. No sync mark, as Apache's. */
function storeOf(firstEnd: number, last: number): SimFileStore {
  const store = new SimFileStore(new Prng(1));
  store.makeDirectories(VERSION_2);
  recoverFrom(store);
  const writer = newWriter(store);
  for (let zxid = 1; zxid <= last; zxid++) {
    append(writer, createEntry(BigInt(zxid), `/n${zxid}`, new Uint8Array(9)), BigInt(zxid));
    if (zxid === firstEnd) writer.roll();
  }
  writer.close();
  const database = recoverFrom(store);
  snapshotWriterOf(store, database, { loaded: database.snapshot }).write();
  store.unlink(`${VERSION_2}/${SYNC_MARK_NAME}`);
  return store;
}

function spoil(store: SimFileStore, name: string): void {
  const bytes = store.contentsOf(`${VERSION_2}/${name}`).slice();
  bytes[bytes.length >> 1] ^= 1;
  store.place(`${VERSION_2}/${name}`, bytes);
}

describe('snapshots that the system does not let be read', () => {
  const isOf = (names: string) => (path: string) => new RegExp(`/snapshot\\.(${names})$`).test(path);
  const refuse = (store: SimFileStore, names: string, call: string): void => {
    const isRefused = isOf(names);
    store.onCall = ({ name, path }) => (name.startsWith(call) && isRefused(path) ? 'EACCES' : 'ok');
  };

  test.each(['open', 'read'])('none of them: nobody is told to empty a directory (%s)', (call) => {
    const store = storeOf(3, 6);
    const before = store.list(VERSION_2);
    refuse(store, '0|6', call);
    const start = () => recoverFrom(store);
    expect(start).toThrow(
      /^Not able to find valid snapshots in .*EACCES.*give the files to the user that the server runs as/,
    );
    expect(start).not.toThrow(/empty the data directory/);
    for (const name of before.filter((file) => file.startsWith('log.'))) store.unlink(`${VERSION_2}/${name}`);
    expect(start, 'without logs').toThrow(/EACCES.*give the files to the user/);
    store.unlink(`${VERSION_2}/snapshot.6`);
    // Only what was cut short by a first start is made anew: this one may be somebody's backup.
    expect(start, 'the first snapshot alone').toThrow(/EACCES.*give the files to the user/);
  });

  test('the newest one: the log behind an older one serves, with a warning', () => {
    const store = storeOf(3, 6);
    refuse(store, '6', 'open');
    const warnings: string[] = [];
    expect(recoverFrom(store, { warn: (message) => warnings.push(message) }).lastZxidLo).toBe(6);
    expect(warnings.join()).toContain('A snapshot cannot be read: ');
  });
});

describe('a spoilt newest snapshot', () => {
  test('the log covers it: an older one serves', () => {
    const store = storeOf(3, 6);
    spoil(store, 'snapshot.6');
    expect(recoverFrom(store)).toMatchObject({ lastZxidLo: 6, snapshot: { name: 'snapshot.0' } });
  });

  test('the log ends before it: refused, and nothing is changed', () => {
    const store = storeOf(3, 6);
    store.unlink(`${VERSION_2}/log.4`);
    expect(recoverFrom(store).lastZxidLo).toBe(6);
    spoil(store, 'snapshot.6');
    const before = store.list(VERSION_2);
    const start = () => recoverFrom(store);
    expect(start).toThrow(RecoveryError);
    expect(start).toThrow('snapshot.6 cannot be loaded, and the log behind snapshot.0 ends before it, at 0x3');
    expect(store.list(VERSION_2)).toEqual(before);
  });

  test('the log leads beyond it, but without the end of its epoch: refused', () => {
    const store = storeOf(3, 6);
    const writer = newWriter(store);
    const next = 0x1_0000_0001n;
    append(writer, createEntry(next, '/next', new Uint8Array(9)), next);
    writer.close();
    store.unlink(`${VERSION_2}/log.4`);
    store.unlink(`${VERSION_2}/${SYNC_MARK_NAME}`);
    expect(recoverFrom(store)).toMatchObject({ lastZxidHi: 1, lastZxidLo: 1, snapshot: { name: 'snapshot.6' } });
    spoil(store, 'snapshot.6');
    expect(() => recoverFrom(store)).toThrow('snapshot.6 cannot be loaded, and the log behind');
  });

  test('the same when it is only the beginning of a file', () => {
    const store = storeOf(3, 6);
    store.unlink(`${VERSION_2}/log.4`);
    store.place(`${VERSION_2}/snapshot.6`, new Uint8Array(3));
    const warnings: string[] = [];
    expect(() => recoverFrom(store, { warn: (message) => warnings.push(message) })).toThrow(
      'snapshot.6 cannot be loaded',
    );
    expect(warnings.join()).toContain('snapshot.6 is cut short');
  });

  test('a name that nobody gives, and one of a leader without a transaction, prove nothing', () => {
    const store = storeOf(3, 6);
    store.place(`${VERSION_2}/snapshot.9.bak`, new Uint8Array(3));
    store.place(`${VERSION_2}/snapshot.100000000`, new Uint8Array(3));
    expect(recoverFrom(store).lastZxidLo).toBe(6);
  });

  test('ZOOKEEPER-2846: what a leader sent is not replaced by what was there before', () => {
    const store = storeOf(3, 6);
    new LogFloor(store, VERSION_2).raise(1, 0);
    expect(recoverFrom(store).lastZxidLo, 'the snapshot that was sent never came to be').toBe(6);
    store.place(`${VERSION_2}/snapshot.100000000`, new Uint8Array(3));
    expect(() => recoverFrom(store)).toThrow('snapshot.100000000 cannot be loaded');
  });
});
