// What a leader answers a learner, as transcripts: what the leader has, then for each learner's last zxid the opening packet
// and the records behind it. Zxids are written epoch.counter, ranges with two dots.

import { describe, expect, test } from 'vitest';
import { compareSigned } from '../../../src/base/int64.js';
import { type LeaderHistory, type SyncPlan, SyncPlanner, type ZxidSource } from '../../../src/persistence/sync-plan.js';

interface Leader {
  tree: string;
  committed: string[];
  /** Null: may not be used. */
  disk: string[] | null;
  forced: boolean;
}

function halves(zxid: string): [number, number] {
  const [epoch, counter] = zxid.split('.').map(Number);
  return [epoch, counter | 0];
}

/** `1.3..1.6 2.1` */
function zxidsOf(text: string): string[] {
  return text
    .split(' ')
    .filter((word) => word !== '')
    .flatMap((word) => {
      const [from, to] = word.split('..');
      if (to === undefined) return [from];
      const [epoch, first] = halves(from);
      return Array.from({ length: halves(to)[1] - first + 1 }, (_, i) => `${epoch}.${first + i}`);
    });
}

class ListSource implements ZxidSource {
  zxidHi = 0;
  zxidLo = 0;
  readonly entryLength = 100;
  private readonly zxids: string[];

  constructor(zxids: readonly string[]) {
    this.zxids = [...zxids];
  }

  next(): boolean {
    const zxid = this.zxids.shift();
    if (zxid === undefined) return false;
    [this.zxidHi, this.zxidLo] = halves(zxid);
    return true;
  }
}

/** The opening packet, what is sent behind it, and where that is read. */
function answer(leader: Leader, learner: string): string {
  const [treeHi, treeLo] = halves(leader.tree);
  const [learnerHi, learnerLo] = halves(learner);
  const [minHi, minLo] = halves(leader.committed.at(0) ?? leader.tree);
  const [maxHi, maxLo] = halves(leader.committed.at(-1) ?? leader.tree);
  const bounds = { treeHi, treeLo, minHi, minLo, maxHi, maxLo };
  const history: LeaderHistory = { ...bounds, isSnapForced: leader.forced };
  let opened = 0;
  const planner = new SyncPlanner(learnerHi, learnerLo, () => {
    opened++;
    return leader.disk === null ? null : new ListSource(leader.disk);
  });
  // A piece for each record.
  let plan: SyncPlan | null = null;
  while (plan === null) plan = planner.step(history, new ListSource(leader.committed), 1);
  const { op, zxidHi, zxidLo, isFromDisk } = plan;
  expect(opened).toBeLessThanOrEqual(1);
  const packet = `${op}(${zxidHi}.${zxidLo >>> 0})`;
  if (op !== 'DIFF') return packet;
  const isAbove = (zxid: string): boolean => compareSigned(...halves(zxid), learnerHi, learnerLo) > 0;
  const upToMin = (zxid: string): boolean => compareSigned(...halves(zxid), minHi, minLo) <= 0;
  const fromDisk = isFromDisk ? [...new Set(leader.disk)].filter((z) => isAbove(z) && upToMin(z)) : [];
  const fromMemory = leader.committed.filter((z) => isAbove(z) && !fromDisk.includes(z));
  const parts = [packet];
  if (fromDisk.length > 0) parts.push(`disk ${fromDisk.join(' ')}`);
  if (fromMemory.length > 0) parts.push(`memory ${fromMemory.join(' ')}`);
  return parts.join('; ');
}

function run(script: string): void {
  const leader: Leader = { tree: '0.0', committed: [], disk: null, forced: false };
  let learners = 0;
  for (const line of script.trim().split('\n')) {
    const [key, ...rest] = line.trim().split(' ');
    const text = rest.join(' ');
    if (key === 'tree') leader.tree = text;
    else if (key === 'committed') leader.committed = zxidsOf(text);
    else if (key === 'disk') leader.disk = text === 'unusable' ? null : zxidsOf(text);
    else if (key === 'forceSnapshotSync') leader.forced = true;
    else {
      learners++;
      const [learner, expected] = line.trim().split(' -> ');
      expect(`${learner} -> ${answer(leader, learner)}`).toBe(`${learner} -> ${expected}`);
    }
  }
  expect(learners).toBeGreaterThan(0);
}

describe('transcripts', () => {
  test('a learner within the committed log, or at its end', () =>
    run(`
      tree 1.6
      committed 1.3..1.6
      1.6 -> DIFF(1.6)
      1.5 -> DIFF(1.6); memory 1.6
      1.3 -> DIFF(1.6); memory 1.4 1.5 1.6
    `));

  test('a learner ahead: what it has beyond was never committed', () =>
    run(`
      tree 1.6
      committed 1.3..1.6
      1.7 -> TRUNC(1.6)
      1.9 -> TRUNC(1.6)
      2.0 -> SNAP(1.6)
    `));

  test('an established leader: its tree stands at epoch.0, which is no transaction', () =>
    run(`
      tree 2.0
      committed 1.3..1.6
      2.0 -> DIFF(2.0)
      1.6 -> DIFF(1.6)
      1.8 -> TRUNC(1.6)
      committed 1.3..1.6 2.1 2.2
      tree 2.2
      1.6 -> DIFF(2.2); memory 2.1 2.2
      2.0 -> DIFF(2.2); memory 2.1 2.2
    `));

  test('a losing leader of an earlier epoch, when the new one has committed: never truncated across the border', () =>
    run(`
      tree 2.2
      committed 1.3..1.6 2.1 2.2
      1.7 -> SNAP(2.2)
      1.9 -> SNAP(2.2)
    `));

  test('a learner below the committed log: the log on disk leads up to it, or a snapshot is sent', () =>
    run(`
      tree 1.9
      committed 1.7..1.9
      disk unusable
      1.5 -> SNAP(1.9)
      disk 1.3..1.9
      1.5 -> DIFF(1.9); disk 1.6 1.7; memory 1.8 1.9
      1.3 -> DIFF(1.9); disk 1.4 1.5 1.6 1.7; memory 1.8 1.9
      1.6 -> DIFF(1.9); disk 1.7; memory 1.8 1.9
      disk 1.3..1.12
      1.5 -> DIFF(1.9); disk 1.6 1.7; memory 1.8 1.9
      disk 1.3..1.6
      1.5 -> SNAP(1.9)
      disk
      1.5 -> SNAP(1.9)
    `));

  test('an empty committed log', () =>
    run(`
      tree 1.9
      1.9 -> DIFF(1.9)
      1.12 -> TRUNC(1.9)
      1.5 -> SNAP(1.9)
      disk 1.2..1.9
      1.5 -> DIFF(1.9); disk 1.6 1.7 1.8 1.9
    `));

  test('a new member: below everything, so a log from its zxid on is asked for', () =>
    run(`
      tree 1.4
      committed 1.1..1.4
      0.0 -> SNAP(1.4)
      committed 1.3..1.4
      0.0 -> SNAP(1.4)
      disk 1.2..1.4
      0.0 -> SNAP(1.4)
      disk 0.1 1.1..1.4
      0.0 -> DIFF(1.4); disk 0.1 1.1 1.2 1.3; memory 1.4
    `));

  test('a hole is never handed on (ZOOKEEPER-2418, 4925): not in the log, not between it and the committed log', () =>
    run(`
      tree 1.9
      committed 1.7..1.9
      disk 1.3 1.4 1.6 1.7
      1.3 -> SNAP(1.9)
      1.5 -> SNAP(1.9)
      1.6 -> DIFF(1.9); disk 1.7; memory 1.8 1.9
      disk 1.3..1.5 1.8 1.9
      1.4 -> SNAP(1.9)
      tree 2.3
      committed 1.7 1.8 2.2 2.3
      1.8 -> SNAP(2.3)
      2.2 -> DIFF(2.3); memory 2.3
      2.0 -> SNAP(2.3)
    `));

  test('a zxid that stands in the log twice', () =>
    run(`
      tree 1.6
      committed 1.5 1.6
      disk 1.2 1.3 1.3 1.4 1.2 1.4 1.5
      1.2 -> DIFF(1.6); disk 1.3 1.4 1.5; memory 1.6
      1.3 -> DIFF(1.6); disk 1.4 1.5; memory 1.6
    `));

  test('a test aid that is always obeyed', () =>
    run(`
      forceSnapshotSync
      tree 1.6
      committed 1.3..1.6
      1.6 -> SNAP(1.6)
      1.4 -> SNAP(1.6)
    `));

  test('counters are unsigned', () =>
    run(`
      tree 1.2147483650
      committed 1.2147483646..1.2147483649
      1.2147483647 -> SNAP(1.2147483650)
      committed 1.2147483650
      1.2147483651 -> TRUNC(1.2147483650)
    `));
});

test('commits go on between the pieces, and the committed log forgets what the plan began with', () => {
  const disk = new ListSource(zxidsOf('1.1..1.40'));
  const planner = new SyncPlanner(1, 2, () => disk);
  const history = (min: number, max: number): LeaderHistory => {
    const [treeHi, minHi, maxHi] = [1, 1, 1];
    return { treeHi, treeLo: max, minHi, minLo: min, maxHi, maxLo: max, isSnapForced: false };
  };
  const pieces = [];
  for (let min = 10; pieces.length < 20; min += 2) {
    const plan = planner.step(
      history(min, min + 3),
      new ListSource(zxidsOf(`1.${min}..1.${min + 3}`)),
      4 * (100 + 256),
    );
    pieces.push(plan === null ? 'more' : `${plan.op}(${plan.zxidHi}.${plan.zxidLo})`);
    if (plan !== null) break;
  }
  // Four records a piece, and two of them are new each time: 1.16 is met in the fourth.
  expect(pieces).toEqual(['more', 'more', 'more', 'DIFF(1.19)']);
});
