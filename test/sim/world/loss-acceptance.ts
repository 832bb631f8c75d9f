/**
 * The operator of an ensemble that cannot come back by itself: so many of its voters have found their logs damaged, and have no vote
 * until a leader has brought them up to date, that the others are no quorum and never make a leader. He accepts the loss, as with
 * `zkLogRepair --accept-loss`, and starts them again.
 *
 * What such a member of this world has lost was never synced: a power cut kept a later sector of a write and lost an earlier one. The
 * member cannot know that (persistence 10.4). That nothing is gone which was acknowledged, the checkers see.
 */
import { applyLogRepair, planLogRepair } from '../../../src/persistence/log-repair.js';
import { DataTree } from '../../../src/store/data-tree.js';
import { createTreeMemory } from '../../../src/store/tree-memory.js';

import type { EnsembleRecord } from '../invariants/ensemble-record.js';
import type { Journal } from './journal.js';
import type { SimEnsemble } from './sim-ensemble.js';
import type { SimMember } from './sim-member.js';

export class LossAcceptance {
  /** Members that were repaired so. */
  count = 0;
  private readonly ensemble: SimEnsemble;
  private readonly record: EnsembleRecord;
  private readonly journal: Journal;

  constructor(ensemble: SimEnsemble, record: EnsembleRecord, journal: Journal) {
    this.ensemble = ensemble;
    this.record = record;
    this.journal = journal;
  }

  /** False: those that have a vote are a quorum, and there is nothing to accept. */
  acceptIfNeeded(): boolean {
    const { members } = this.ensemble;
    const withoutVote = members.filter(({ isRunning, member }) => isRunning && member.status.owesTail);
    const others = members.filter((each) => !withoutVote.includes(each));
    if (withoutVote.length === 0 || this.record.rules.latest.isQuorum(others.map(({ sid }) => sid))) return false;
    for (const each of withoutVote) this.accept(each);
    return true;
  }

  private accept(each: SimMember): void {
    const { ensemble, journal } = this;
    journal.say(`the operator accepts what ${each.sid} has lost`);
    ensemble.kill(each);
    const fileStore = each.disk;
    const tree = new DataTree(createTreeMemory(0, 0), () => undefined);
    const [dataDir, dataLogDir] = ['/data', '/data'];
    const plan = planLogRepair({ fileStore, dataDir, dataLogDir, tree, warn: () => undefined });
    if (plan !== null) applyLogRepair(fileStore, plan, { loss: 'accepted' });
    this.count++;
    ensemble.start(each);
  }
}
