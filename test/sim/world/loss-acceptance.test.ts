// The operator of the simulator: when he accepts that a member has lost something, and that it has a vote then.

import { expect, it } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { planLogRepair } from '../../../src/persistence/log-repair.js';
import { SimFileStore } from '../../../src/persistence/sim-file-store.js';
import { oweSyncMark } from '../../../src/persistence/sync-mark.js';
import { DataTree } from '../../../src/store/data-tree.js';
import { createTreeMemory } from '../../../src/store/tree-memory.js';
import type { EnsembleRecord } from '../invariants/ensemble-record.js';
import { majorityOf } from '../invariants/quorum-rule.js';
import type { Journal } from './journal.js';
import { LossAcceptance } from './loss-acceptance.js';
import type { SimEnsemble } from './sim-ensemble.js';
import type { SimMember } from './sim-member.js';

function member(sid: number, owesTail: boolean): SimMember {
  const disk = new SimFileStore(new Prng(sid));
  disk.makeDirectories('/data/version-2');
  if (owesTail) oweSyncMark(disk, '/data/version-2', 0, 9);
  return { sid, disk, isRunning: true, member: { status: { owesTail } } } as unknown as SimMember;
}

function isRefused({ disk: fileStore }: SimMember): boolean {
  const tree = new DataTree(createTreeMemory(0, 0), () => undefined);
  return planLogRepair({ fileStore, dataDir: '/data', dataLogDir: '/data', tree, warn: () => undefined }) !== null;
}

it.each([
  ['one of two voters', [1, 2], [1], true],
  ['two of four', [1, 2, 3, 4], [2, 3], true],
  ['one of three, which the others can do without', [1, 2, 3], [1], false],
  ['an observer', [2, 3], [1], false],
  ['nobody', [1, 2], [], false],
])('%s has lost something', (_, voters, withoutVote, isAccepted) => {
  const calls: string[] = [];
  const members = [1, 2, 3, 4].map((sid) => member(sid, withoutVote.includes(sid)));
  const ensemble = {
    members,
    kill: ({ sid }: SimMember) => calls.push(`kill ${sid}`),
    start: ({ sid }: SimMember) => calls.push(`start ${sid}`),
  } as unknown as SimEnsemble;
  const record = { rules: { latest: majorityOf(voters) } } as unknown as EnsembleRecord;
  const losses = new LossAcceptance(ensemble, record, { say: () => undefined } as unknown as Journal);
  expect(losses.acceptIfNeeded()).toBe(isAccepted);
  expect(losses.count).toBe(isAccepted ? withoutVote.length : 0);
  expect(calls).toEqual(isAccepted ? withoutVote.flatMap((sid) => [`kill ${sid}`, `start ${sid}`]) : []);
  for (const each of members) expect(isRefused(each)).toBe(withoutVote.includes(each.sid) && !isAccepted);
});
