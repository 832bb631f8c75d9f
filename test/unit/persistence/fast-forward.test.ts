// A tree between two roles: what the log holds beyond it is applied, each record once and in order, or nothing is vouched for.

import { expect, test } from 'vitest';
import { int64FromHalves } from '../../../src/base/int64.js';
import { CommittedLog } from '../../../src/persistence/committed-log.js';
import { fastForward } from '../../../src/persistence/fast-forward.js';
import { TxnLogHole } from '../../../src/persistence/txn-log-replay.js';
import { historyOf, type Member, newMember } from './member-files.js';
import { recoverFrom, stateOf, VERSION_2 } from './persistence-fixture.js';
import { append, createEntry } from './txn-entries.js';

/** Logged, as a follower logs proposals, but not applied. */
function logOnly(member: Member, ...zxids: bigint[]): void {
  const data = (zxid: bigint): Buffer => Buffer.from(`first ${zxid.toString(16)}`);
  for (const zxid of zxids) append(member.log, createEntry(zxid, `/${zxid.toString(16)}`, data(zxid)), zxid);
  member.log.commit();
}

test('ZOOKEEPER-2678, 2845: the tree becomes what a start would make of the files', () => {
  const member = newMember();
  member.write(1n, 2n);
  logOnly(member, 3n, 4n);
  member.log.roll();
  logOnly(member, 0x100000001n);
  const committed = new CommittedLog(500, 10_000);
  const count = fastForward(member.store, VERSION_2, member.database.tree, (reader) => {
    const { bytes, entryOffset, entryLength, zxidHi, zxidLo } = reader;
    expect(committed.append(bytes, entryOffset, entryLength, zxidHi, zxidLo)).toBe('kept');
  });
  expect(count).toBe(3);
  expect([
    int64FromHalves(committed.minHi, committed.minLo),
    int64FromHalves(committed.maxHi, committed.maxLo),
  ]).toEqual([3n, 0x100000001n]);
  const started = recoverFrom(member.store);
  const now = { ...member.database, lastZxidHi: 1, lastZxidLo: 1 };
  expect(stateOf(now)).toEqual(stateOf(started));
  expect(historyOf(now).nodes).toHaveLength(5);
  expect(fastForward(member.store, VERSION_2, member.database.tree, () => expect.unreachable())).toBe(0);
});

test('a leader stood at epoch.0, which is no transaction: the epoch goes on from there', () => {
  const member = newMember();
  member.write(1n);
  const { tree } = member.database;
  tree.beginWrite();
  tree.endWrite(1, 0);
  logOnly(member, 0x100000001n);
  expect(fastForward(member.store, VERSION_2, tree, () => undefined)).toBe(1);
  expect([tree.reader.zxidHi(), tree.reader.zxidLo()]).toEqual([1, 1]);
});

test('a hole, or a disk that fails: it throws, and says nothing else', () => {
  const member = newMember();
  member.write(1n);
  logOnly(member, 3n);
  const { tree } = member.database;
  expect(() => fastForward(member.store, VERSION_2, tree, () => undefined)).toThrow(TxnLogHole);
  member.store.onCall = (call) => (call.name === 'read' ? 'EIO' : 'ok');
  expect(() => fastForward(member.store, VERSION_2, tree, () => undefined)).toThrow(
    expect.objectContaining({ code: 'EIO' }),
  );
  // The section is closed: whoever loads the tree anew can.
  tree.beginWrite();
  tree.clear();
  tree.endWrite(0, 0);
});
