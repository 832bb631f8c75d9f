// What the epoch files may say at a start, what a start makes of them, and that no kill or crash while they are written
// (ZOOKEEPER-335, 1653, 2307, 2354, 4269) leaves a member that cannot start or that has broken a promise.

import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { EpochFileError, EpochFiles } from '../../../src/persistence/epoch-files.js';
import { SimFileStore } from '../../../src/persistence/sim-file-store.js';
import { endAtEveryCall } from './every-call.js';
import { recoverFrom, storeWith, VERSION_2 } from './persistence-fixture.js';

type Files = Readonly<Record<string, string>>;

function storeOf(files: Files): SimFileStore {
  const store = new SimFileStore(new Prng(1));
  store.makeDirectories(VERSION_2);
  for (const [name, text] of Object.entries(files)) store.place(`${VERSION_2}/${name}`, Buffer.from(text));
  return store;
}

function filesOf(store: SimFileStore): Files {
  const files: Record<string, string> = {};
  for (const name of ['acceptedEpoch', 'currentEpoch']) {
    if (store.exists(`${VERSION_2}/${name}`))
      files[name] = Buffer.from(store.contentsOf(`${VERSION_2}/${name}`)).toString();
  }
  return files;
}

function open(store: SimFileStore, lastEpoch: number): EpochFiles {
  return new EpochFiles(store, VERSION_2, lastEpoch, lastEpoch === -1 ? -1 : 7);
}

describe('at the start', () => {
  test.each<[string, Files, number, Files]>([
    ['no file: the epoch of the last zxid', {}, 3, { acceptedEpoch: '3', currentEpoch: '3' }],
    ['no file and no database: -1', {}, -1, { acceptedEpoch: '-1', currentEpoch: '-1' }],
    ['both there', { acceptedEpoch: '5', currentEpoch: '4' }, 4, { acceptedEpoch: '5', currentEpoch: '4' }],
    [
      'nothing logged in the epoch yet',
      { acceptedEpoch: '5', currentEpoch: '5' },
      2,
      { acceptedEpoch: '5', currentEpoch: '5' },
    ],
    ['no currentEpoch', { acceptedEpoch: '5' }, 4, { acceptedEpoch: '5', currentEpoch: '4' }],
    ['no acceptedEpoch', { currentEpoch: '4' }, 4, { acceptedEpoch: '4', currentEpoch: '4' }],
    [
      '+2 is a number, further lines are not read',
      { acceptedEpoch: '+2\nx', currentEpoch: '2\r\n' },
      2,
      { acceptedEpoch: '+2\nx', currentEpoch: '2\r\n' },
    ],
    [
      'log ahead, a whole temporary',
      { acceptedEpoch: '6', currentEpoch: '4', 'currentEpoch.tmp': '6' },
      5,
      { acceptedEpoch: '6', currentEpoch: '6' },
    ],
    [
      'log ahead, a whole temporary, no acceptedEpoch',
      { currentEpoch: '4', 'currentEpoch.tmp': '5' },
      5,
      { acceptedEpoch: '5', currentEpoch: '5' },
    ],
    [
      'log ahead, an empty temporary (the reference fails)',
      { acceptedEpoch: '5', currentEpoch: '4', 'currentEpoch.tmp': '' },
      5,
      { acceptedEpoch: '5', currentEpoch: '5' },
    ],
    [
      'log ahead, an old temporary',
      { acceptedEpoch: '5', currentEpoch: '4', 'currentEpoch.tmp': '3' },
      5,
      { acceptedEpoch: '5', currentEpoch: '5' },
    ],
    [
      'log ahead, no temporary, but accepted (the reference fails)',
      { acceptedEpoch: '5', currentEpoch: '4' },
      5,
      { acceptedEpoch: '5', currentEpoch: '5' },
    ],
    [
      'other files do not matter',
      { acceptedEpoch: '5', currentEpoch: '5', 'acceptedEpoch.tmp': 'x', updatingEpoch: '9' },
      5,
      { acceptedEpoch: '5', currentEpoch: '5' },
    ],
  ])('%s', (_, before, lastEpoch, after) => {
    const store = storeOf(before);
    const epochs = open(store, lastEpoch);
    expect(filesOf(store)).toEqual(after);
    expect([epochs.acceptedEpoch, epochs.currentEpoch]).toEqual([
      Number.parseInt(after.acceptedEpoch, 10),
      Number.parseInt(after.currentEpoch, 10),
    ]);
    store.crash();
    expect(filesOf(store)).toEqual(after);
  });

  test.each<[string, Files, number, string]>([
    [
      'log ahead of both',
      { acceptedEpoch: '4', currentEpoch: '4' },
      5,
      'The current epoch, 4, is older than the last zxid, which is of epoch 5',
    ],
    ['log ahead, acceptedEpoch gone', { currentEpoch: '4' }, 5, 'there is no accepted epoch'],
    [
      'log ahead, a temporary beyond what was accepted',
      { acceptedEpoch: '4', currentEpoch: '4', 'currentEpoch.tmp': '5' },
      5,
      'older than the last zxid',
    ],
    [
      'accepted below current',
      { acceptedEpoch: '3', currentEpoch: '4' },
      2,
      'The accepted epoch, 3 is less than the current epoch, 4',
    ],
    ['empty', { acceptedEpoch: '', currentEpoch: '4' }, 2, 'Found "" in /data/version-2/acceptedEpoch'],
    ['a blank in front', { acceptedEpoch: '4', currentEpoch: ' 2' }, 2, 'Found " 2" in /data/version-2/currentEpoch'],
    [
      'an empty first line',
      { acceptedEpoch: '4', currentEpoch: '\n2' },
      2,
      'Found "\\n2" in /data/version-2/currentEpoch',
    ],
    ['words', { acceptedEpoch: 'four', currentEpoch: '2' }, 2, 'Found "four" in'],
    ['a long that is no epoch', { acceptedEpoch: '4294967298', currentEpoch: '2' }, 2, 'Found "4294967298" in'],
    ['below -1', { acceptedEpoch: '2', currentEpoch: '-2' }, 2, 'Found "-2" in'],
  ])('%s: refused, and nothing is changed', (_, before, lastEpoch, message) => {
    const store = storeOf(before);
    expect(() => open(store, lastEpoch)).toThrow(EpochFileError);
    expect(() => open(store, lastEpoch)).toThrow(message);
    expect(filesOf(store)).toEqual(
      Object.fromEntries(Object.entries(before).filter(([name]) => !name.endsWith('tmp'))),
    );
  });

  test('an unreadable disk is an error of the files, with its exit code', () => {
    const store = storeOf({ acceptedEpoch: '4', currentEpoch: '4' });
    store.onCall = (call) => (call.name === 'read' ? 'EIO' : 'ok');
    expect(() => open(store, 4)).toThrow(expect.objectContaining({ name: 'EpochFileError', exitCode: 1 }));
  });

  test.each(['quorum-3.8', 'learner-snap-3.9'])('%s, as Apache wrote it', (name) => {
    const store = storeWith(name);
    const before = filesOf(store);
    const database = recoverFrom(store);
    const epochs = new EpochFiles(store, VERSION_2, database.lastZxidHi, database.lastZxidLo);
    expect(filesOf(store)).toEqual(before);
    expect(epochs.currentEpoch).toBeGreaterThanOrEqual(1);
    expect(epochs.acceptedEpoch).toBe(Number(before.acceptedEpoch));
  });
});

describe('setting an epoch', () => {
  test('never falls, and becomes current only when accepted', () => {
    const epochs = open(storeOf({ acceptedEpoch: '4', currentEpoch: '3' }), 3);
    expect(() => epochs.setAcceptedEpoch(3)).toThrow('never falls');
    expect(() => epochs.setCurrentEpoch(2)).toThrow('never falls');
    expect(() => epochs.setCurrentEpoch(5)).toThrow('accepted before');
    expect(() => epochs.setAcceptedEpoch(2 ** 31)).toThrow('upper half');
    expect([epochs.acceptedEpoch, epochs.currentEpoch]).toEqual([4, 3]);
  });

  test('what is known already costs no file call', () => {
    const store = storeOf({ acceptedEpoch: '4', currentEpoch: '4' });
    const epochs = open(store, 4);
    const before = store.callCount;
    epochs.setAcceptedEpoch(4);
    epochs.setCurrentEpoch(4);
    expect(store.callCount).toBe(before);
  });

  test('ZOOKEEPER-2307: a write that fails leaves the memory as it was, and a later one succeeds', () => {
    for (const name of ['create', 'write', 'sync', 'close', 'rename', 'syncDirectory'] as const) {
      const store = storeOf({ acceptedEpoch: '4', currentEpoch: '4' });
      const epochs = open(store, 4);
      store.onCall = (call) => (call.name === name ? 'ENOSPC' : 'ok');
      expect(() => epochs.setAcceptedEpoch(5), name).toThrow('cannot write epoch 5 to /data/version-2/acceptedEpoch');
      expect(epochs.acceptedEpoch).toBe(4);
      store.onCall = () => 'ok';
      epochs.setAcceptedEpoch(5);
      epochs.setCurrentEpoch(5);
      store.crash();
      expect(filesOf(store)).toEqual({ acceptedEpoch: '5', currentEpoch: '5' });
    }
  });

  let answered = { accepted: 4, current: 4, logged: 4 };

  // The member of epoch 4 joins epoch 5: promise, then data of epoch 5 on the disk, then currentEpoch.
  test('ZOOKEEPER-335, 1653, 2307, 2354, 4269: ended at every file call the member starts and keeps its promises', () => {
    const runs = endAtEveryCall(
      (store) => {
        store.makeDirectories(VERSION_2);
        open(store, 4);
        answered = { accepted: 4, current: 4, logged: 4 };
      },
      (store) => {
        const epochs = open(store, 4);
        epochs.setAcceptedEpoch(5);
        answered.accepted = 5;
        store.place(`${VERSION_2}/data of epoch 5`, Buffer.from('durable'));
        answered.logged = 5;
        epochs.setCurrentEpoch(5);
        answered.current = 5;
      },
      (store, _, label) => {
        const epochs = open(store, answered.logged);
        expect(epochs.acceptedEpoch, label).toBeGreaterThanOrEqual(answered.accepted);
        expect(epochs.currentEpoch, label).toBeGreaterThanOrEqual(Math.max(answered.current, answered.logged));
        // What this start has seen it may have answered for: the machine may not forget it.
        const seen = [epochs.acceptedEpoch, epochs.currentEpoch];
        store.crash();
        const again = open(store, answered.logged);
        expect([again.acceptedEpoch, again.currentEpoch], label).toEqual(seen);
        again.setAcceptedEpoch(6);
        again.setCurrentEpoch(6);
      },
    );
    expect(runs).toBeGreaterThan(100);
  });

  test('the first start of all, ended at every file call', () => {
    for (const lastEpoch of [-1, 0, 3]) {
      endAtEveryCall(
        (store) => store.makeDirectories(VERSION_2),
        (store) => open(store, lastEpoch),
        (store, _, label) => {
          const epochs = open(store, lastEpoch);
          expect([epochs.acceptedEpoch, epochs.currentEpoch], label).toEqual([lastEpoch, lastEpoch]);
        },
      );
    }
  });
});
