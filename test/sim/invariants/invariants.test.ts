// Every checker of the invariants fires at what it is there for, and says nothing of an ensemble that does as it should: members
// and packets are told by hand here, fact by fact.

import { describe, expect, it } from 'vitest';
import { PacketBuffer } from '../../../src/zab/packet-buffer.js';
import { PacketType } from '../../../src/zab/quorum-packet.js';
import { ConfigRecord } from './config-record.js';
import { EnsembleRecord } from './ensemble-record.js';
import type { Violation } from './invariant.js';
import { QuorumContact } from './quorum-contact.js';
import { hierarchyOf, majorityOf, ruleOfText } from './quorum-rule.js';
import { checkEphemeralOwners, stateText } from './session-state.js';
import { hashOf, TxnHistory } from './txn-history.js';
import { WireRecord } from './wire-record.js';

const TWO_32 = 0x1_0000_0000;
const z = (epoch: number, counter: number): number => epoch * TWO_32 + counter;

class Told {
  readonly found: Violation[] = [];
  readonly record = new EnsembleRecord(majorityOf([1, 2, 3]), (violation) => this.found.push(violation));

  get numbers(): number[] {
    return [...new Set(this.found.map(({ invariant }) => Number.parseInt(invariant, 10)))];
  }

  /** Members 1 to 3 are up, 1 leads in this epoch, 2 and 3 follow. */
  lead(epoch: number, leader = 1, followers: readonly number[] = [2, 3]): this {
    for (const sid of [leader, ...followers]) {
      if (!this.record.member(sid).isUp) this.record.started(sid, this.record.member(sid).durable.last);
      this.record.epochsOnDisk(sid, epoch, epoch);
    }
    for (const sid of followers) {
      this.record.ackedEpoch(sid, epoch);
      this.record.ackedNewLeader(sid, leader, epoch);
    }
    this.record.established(leader, epoch);
    for (const sid of [leader, ...followers]) this.record.serving(sid, true);
    return this;
  }

  log(sid: number, zxid: number, hash = zxid % 1000): this {
    this.record.appended(sid, zxid, hash);
    this.record.synced(sid);
    return this;
  }

  write(zxid: number, sids: readonly number[] = [1, 2, 3]): this {
    for (const sid of sids) this.log(sid, zxid);
    for (const sid of sids.slice(1)) this.record.ackedTxn(sid, zxid);
    for (const sid of sids) this.record.committedUpTo(sid, zxid);
    for (const sid of sids) this.record.applied(sid, zxid, zxid % 1000);
    return this;
  }
}

it('an ensemble that does as it should is left alone, over crashes, truncation and snapshots', () => {
  const told = new Told().lead(1).write(z(1, 1)).write(z(1, 2));
  const { record } = told;
  // 1 logs what nobody else gets, and dies; 2 leads on.
  told.log(1, z(1, 3));
  record.crashed(1);
  record.serving(2, false);
  record.serving(3, false);
  told.lead(2, 2, [3]).write(z(2, 1), [2, 3]);
  record.started(1, z(1, 3));
  record.epochsOnDisk(1, 2, 1);
  record.ackedEpoch(1, 2);
  record.truncating(1, z(1, 2));
  record.truncated(1, z(1, 2));
  record.toldToApply(1, z(2, 1));
  told.log(1, z(2, 1));
  record.applied(1, z(2, 1), z(2, 1) % 1000);
  record.epochsOnDisk(1, 2, 2);
  record.ackedNewLeader(1, 2, 2);
  record.serving(1, true);
  // 3 loses its disk's tail and gets a snapshot.
  record.crashed(3);
  told.write(z(2, 2), [2, 1]);
  record.started(3, z(2, 1));
  record.snapOffered(3, 2, z(2, 2));
  record.snapBegun(3, z(2, 2));
  record.snapSaving(3);
  record.snapSaved(3);
  record.ackedNewLeader(3, 2, 2);
  record.serving(3, true);
  told.write(z(2, 3), [2, 3]);
  expect(told.found).toEqual([]);
  expect(record.committed.length).toBe(5);
});

describe('an invariant is told to be broken', () => {
  it('1: two members have something else in one place', () => {
    const told = new Told().lead(1).write(z(1, 1));
    told.log(2, z(1, 2), 7).log(3, z(1, 2), 8).log(1, z(1, 2), 7);
    for (const sid of [1, 2, 3]) told.record.committedUpTo(sid, z(1, 2));
    expect(told.numbers).toEqual([1]);
  });

  it('1: applied in another order than logged', () => {
    const told = new Told().lead(1).log(2, z(1, 1)).log(2, z(1, 2)).log(1, z(1, 1)).log(1, z(1, 2));
    told.record.committedUpTo(2, z(1, 2));
    told.record.applied(2, z(1, 2), z(1, 2) % 1000);
    expect(told.numbers).toEqual([1]);
  });

  it('2: a leader without what is committed', () => {
    const told = new Told().lead(1).write(z(1, 1), [1, 2]);
    told.record.serving(3, false);
    told.record.epochsOnDisk(3, 2, 2);
    told.record.epochsOnDisk(2, 2, 2);
    told.record.ackedNewLeader(2, 3, 2);
    told.record.established(3, 2);
    expect(told.numbers).toEqual([2]);
  });

  it('2: what is committed is cut off a log', () => {
    const told = new Told().lead(1).write(z(1, 1)).write(z(1, 2));
    told.record.truncated(2, z(1, 1));
    expect(told.numbers).toEqual([]); // it may be given again
    told.record.established(2, 2);
    expect(told.numbers).toContain(2);
  });

  it('3: applied before anybody said it is committed', () => {
    const told = new Told().lead(1).log(2, z(1, 1));
    told.record.applied(2, z(1, 1), z(1, 1) % 1000);
    expect(told.numbers).toEqual([3]);
    const settling = new Told().lead(1).log(2, z(1, 1));
    settling.record.settling(2, true);
    settling.record.applied(2, z(1, 1), z(1, 1) % 1000);
    expect(settling.numbers).toEqual([]);
  });

  it.each([
    ['a hole', [z(1, 1), z(1, 3)]],
    ['an epoch that does not begin at 1', [z(1, 1), z(2, 2)]],
    ['backwards', [z(1, 1), z(1, 1)]],
  ])('4: %s in a log', (_what, zxids) => {
    const told = new Told().lead(2);
    for (const zxid of zxids) told.log(1, zxid);
    expect(told.numbers).toEqual([4]);
  });

  it('5: a leader whom no quorum has acknowledged', () => {
    const told = new Told().lead(1, 1, []);
    expect(told.numbers).toEqual([5]);
  });

  it('6: two leaders of one epoch', () => {
    const told = new Told().lead(1);
    told.record.ackedNewLeader(3, 2, 1);
    told.record.established(2, 1);
    expect(told.numbers).toEqual([6]);
  });

  it('7: epochs fall, currentEpoch passes acceptedEpoch, an epoch below the promised one is acknowledged, a log runs ahead', () => {
    const facts: ((record: EnsembleRecord) => void)[] = [
      (record) => record.epochsOnDisk(1, 1, 1),
      (record) => record.epochsOnDisk(1, 2, 1),
      (record) => record.epochsOnDisk(1, 2, 3),
      (record) => record.ackedEpoch(1, 1),
      (record) => record.ackedEpoch(1, 3),
      (record) => {
        record.appended(1, z(3, 1), 1);
        record.synced(1);
      },
    ];
    for (const fact of facts) {
      const told = new Told().lead(2);
      fact(told.record);
      expect(told.numbers, String(fact)).toEqual([7]);
    }
  });

  it('8: acknowledged, and not on the disk', () => {
    const told = new Told().lead(1);
    told.record.appended(2, z(1, 1), 1);
    told.record.ackedTxn(2, z(1, 1));
    expect(told.numbers).toEqual([8]);
  });

  it('8: a new leader is acknowledged without its history, or with another epoch on the disk', () => {
    const told = new Told().lead(1, 1, [2]).write(z(1, 1), [1, 2]);
    told.record.epochsOnDisk(1, 2, 2);
    told.record.epochsOnDisk(3, 2, 2);
    told.record.ackedNewLeader(3, 1, 2);
    expect(told.numbers).toEqual([8]);
    const early = new Told().lead(1);
    early.record.ackedNewLeader(2, 1, 2);
    expect(early.numbers).toEqual([8]);
  });

  it('8: a start finds less than was durable, or what was never logged', () => {
    const less = new Told().lead(1).write(z(1, 1)).write(z(1, 2));
    less.record.crashed(2);
    less.record.started(2, z(1, 1));
    expect(less.numbers).toEqual([8]);
    const more = new Told().lead(1).write(z(1, 1));
    more.record.crashed(2);
    more.record.started(2, z(1, 2));
    expect(more.numbers).toEqual([8]);
  });

  it('9: committed with one log only, of three', () => {
    const told = new Told().lead(1).log(1, z(1, 1));
    told.record.committedUpTo(1, z(1, 1));
    expect(told.numbers).toEqual([9]);
  });

  it('9: by weight, where members have weights', () => {
    const found: Violation[] = [];
    const weights = new Map([[3, 0]]);
    const record = new EnsembleRecord(hierarchyOf([[1, 2, 3]], weights), (violation) => found.push(violation));
    for (const sid of [1, 3]) {
      record.started(sid, 0);
      record.epochsOnDisk(sid, 1, 1);
      record.appended(sid, z(1, 1), 1);
      record.synced(sid);
    }
    record.committedUpTo(1, z(1, 1));
    expect(found.map(({ invariant }) => invariant)).toEqual(['9 commits need a quorum']);
  });

  it('10: a configuration goes back, or is another one elsewhere', () => {
    const found: Violation[] = [];
    const record = new ConfigRecord((violation) => found.push(violation));
    record.committed(1, 5, '1 2 3');
    record.committed(2, 5, '1 2 3');
    expect(found).toEqual([]);
    record.committed(1, 4, '1 2');
    record.committed(3, 5, '1 2 3 4');
    expect(found.map(({ invariant }) => invariant)).toEqual(['10 config safety', '10 config safety']);
  });

  it('10: a start finds older members than it had', () => {
    const found: Violation[] = [];
    const record = new ConfigRecord((violation) => found.push(violation));
    record.started(1, 0, 0);
    record.committed(1, 5, '1 2 3');
    record.started(1, 0, 5);
    record.committed(1, 5, '1 2 3');
    expect(found).toEqual([]);
    record.started(1, 4, 4);
    expect(found.map(({ invariant }) => invariant)).toEqual(['10 config safety']);
    record.committed(1, 5, '1 2 3');
    record.forgets(1);
    record.started(1, 0, 0);
    expect(found.length).toBe(1);
  });

  it('10: a configuration is committed without a quorum of the old members, or of the new', () => {
    const four =
      'server.2=m2:1:2:participant;0.0.0.0:1\nserver.4=m4:1:2:participant\nserver.1=m1:1:2:observer\nversion=1';
    for (const [holders, isRight] of [
      [[1, 2], false],
      [[2, 4], false],
      [[1, 2, 4], true],
    ] as const) {
      const told = new Told().lead(1);
      told.record.started(4, 0);
      told.record.epochsOnDisk(4, 1, 1);
      for (const sid of holders) told.log(sid, z(1, 1));
      told.record.configCommitted(1, z(1, 1), ruleOfText(four));
      expect(told.numbers, holders.join()).toEqual(isRight ? [] : [10]);
      if (!isRight) continue;
      // From there on the new ones decide.
      for (const sid of [1, 2]) told.log(sid, z(1, 2));
      told.record.committedUpTo(1, z(1, 2));
      expect(told.numbers).toEqual([9]);
    }
  });

  it('10: members that were only proposed are completed by those who acknowledge a new epoch', () => {
    const told = new Told().lead(1);
    told.record.configCommitted(1, z(0, 7), ruleOfText('server.1=a:participant\nserver.3=a:participant\nversion=7'));
    expect(told.numbers).toEqual([]);
    told.record.configCommitted(1, z(0, 8), ruleOfText('server.1=a:participant\nserver.4=a:participant\nversion=8'));
    expect(told.numbers).toEqual([10]);
  });

  it('11: an ephemeral of nobody', () => {
    const found: Violation[] = [];
    const nodes = [
      { path: '/a', owner: 0n, text: '' },
      { path: '/e', owner: 7n, text: '' },
    ];
    checkEphemeralOwners(1, nodes, new Set([7n]), (violation) => found.push(violation));
    expect(found).toEqual([]);
    checkEphemeralOwners(1, nodes, new Set([8n]), (violation) => found.push(violation));
    expect(found.map(({ invariant }) => invariant)).toEqual(['11 sessions']);
    expect(stateText(nodes, [7n])).not.toBe(stateText(nodes, [8n]));
  });

  it('13: two states at one zxid', () => {
    const told = new Told();
    told.record.stateSeen(1, z(1, 1), 'a');
    told.record.stateSeen(2, z(1, 1), 'a');
    expect(told.numbers).toEqual([]);
    told.record.stateSeen(3, z(1, 1), 'b');
    expect(told.numbers).toEqual([13]);
  });

  it('14: a leader that hears no quorum, a learner that does not hear its leader', () => {
    const found: string[] = [];
    const contact = new QuorumContact(majorityOf([1, 2, 3]), 1000, ({ text }) => found.push(text.slice(0, 20)));
    contact.serves(1, 'leader', 1, 0);
    contact.serves(2, 'learner', 1, 0);
    contact.serves(3, 'learner', 1, 0);
    for (const ms of [500, 1000, 1500]) {
      contact.heard(1, 2, ms);
      contact.heard(2, 1, ms);
      contact.heard(3, 1, ms);
      contact.check(ms);
    }
    expect(found).toEqual([]);
    contact.heard(3, 1, 2600);
    contact.check(2600);
    expect(found).toEqual(['1 still leads, and h', '2 still serves, and ']);
    contact.serves(1, null, -1, 2600);
    contact.check(9000);
    expect(found.filter((text) => text.startsWith('1'))).toHaveLength(1);
  });
});

describe('packets', () => {
  class Line {
    readonly told = new Told().lead(1);
    readonly wire = new WireRecord(this.told.record, (violation) => this.told.found.push(violation));
    send(byLeader: boolean, type: number, zxid: number): this {
      const out = new PacketBuffer();
      out.empty(type, Math.floor(zxid / TWO_32), zxid | 0);
      this.raw(byLeader, out.bytes, out.length);
      return this;
    }
    raw(byLeader: boolean, bytes: Uint8Array, length: number): this {
      const sides = { master: 1, learner: 2, isLeader: true };
      // Cut anywhere.
      for (let at = 0; at < length; at += 7) this.wire.written(1, sides, byLeader, bytes, at, Math.min(7, length - at));
      return this;
    }
  }

  it('in order are left alone', () => {
    const line = new Line();
    line.send(true, PacketType.leaderInfo, z(1, 0)).send(false, PacketType.ackEpoch, 0);
    line.send(true, PacketType.diff, 0).send(true, PacketType.newLeader, z(1, 0)).send(false, PacketType.ack, z(1, 0));
    line.send(true, PacketType.upToDate, 0).send(true, PacketType.proposal, z(1, 1));
    line.told.log(1, z(1, 1)).log(2, z(1, 1));
    line.send(false, PacketType.ack, z(1, 1)).send(true, PacketType.commit, z(1, 1));
    expect(line.told.found).toEqual([]);
  });

  it('9: a commit that is left out, or comes before the one before it', () => {
    const line = new Line();
    line.send(true, PacketType.proposal, z(1, 1)).send(true, PacketType.proposal, z(1, 2));
    line.send(true, PacketType.commit, z(1, 2));
    expect(line.told.numbers).toEqual([9]);
  });

  it('9: a proposal that is left out', () => {
    const line = new Line();
    line.send(true, PacketType.proposal, z(1, 1)).send(true, PacketType.proposal, z(1, 3));
    expect(line.told.numbers).toEqual([9]);
  });

  it('8: an acknowledgement before the disk', () => {
    expect(new Line().send(false, PacketType.ack, z(1, 1)).told.numbers).toEqual([8]);
  });

  it('are found again behind the stream of a snapshot', () => {
    const line = new Line().send(true, PacketType.snap, z(1, 0));
    const words = [0, 0, 0, 1, 0, 0, 0, 0, 1, 0x2f, 0, 0, 0, 10];
    const stream = Uint8Array.from([...words, ...[...'BenWasHere'].map((text) => text.charCodeAt(0))]);
    line.raw(true, stream, stream.length);
    line.send(true, PacketType.proposal, z(1, 1)).send(true, PacketType.commit, z(1, 7));
    expect(line.told.numbers).toEqual([9]);
  });
});

it('quorums are those of the paper', () => {
  const three = majorityOf([1, 2, 3]);
  expect([three.isQuorum([1]), three.isQuorum([1, 3]), three.isQuorum([1, 4])]).toEqual([false, true, false]);
  const four = majorityOf([1, 2, 3, 4]);
  expect([four.isQuorum([1, 2]), four.isQuorum([1, 2, 4])]).toEqual([false, true]);
  const groups = hierarchyOf(
    [
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
    ],
    new Map(),
  );
  expect([groups.isQuorum([1, 2, 4, 5]), groups.isQuorum([1, 2, 3, 4, 7])]).toEqual([true, false]);
});

it('histories are compared entry by entry', () => {
  const a = new TxnHistory();
  const b = new TxnHistory();
  for (const counter of [1, 2, 3]) a.push(z(1, counter), counter);
  for (const counter of [1, 2]) b.push(z(1, counter), counter);
  b.push(z(1, 3), 9);
  expect([a.differenceFrom(b, 2), a.differenceFrom(b, 3)]).toEqual([-1, 2]);
  expect([a.countUpTo(z(1, 2)), a.has(z(1, 2)), a.has(z(2, 0)), a.upTo(z(1, 1)).last]).toEqual([
    2,
    true,
    false,
    z(1, 1),
  ]);
  expect(hashOf(Uint8Array.of(1, 2, 3), 0, 2)).not.toBe(hashOf(Uint8Array.of(1, 2, 3), 0, 3));
});
