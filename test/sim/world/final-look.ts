/**
 * The last look, when nobody asks anything any more: what clients have seen, against the transactions that were committed; that no
 * member would still ask proposed ones; and the trees and sessions of all members against each other (13).
 */

import { verifiersOf } from '../../../src/election/config-pair.js';
import { checkHistory } from '../history/history-checker.js';
import type { History } from '../history/history-log.js';
import type { LocalSessions } from '../history/local-sessions.js';
import { Invariant } from '../invariants/invariant.js';
import { checkEphemeralOwners, stateText } from '../invariants/session-state.js';
import type { TxnHistory } from '../invariants/txn-history.js';
import type { Journal } from './journal.js';
import { memberNodes, memberSessions } from './member-state.js';
import type { SeenTxns } from './seen-txns.js';
import type { SimEnsemble } from './sim-ensemble.js';
import type { SimMember } from './sim-member.js';

export class FinalLook {
  private readonly ensemble: SimEnsemble;
  private readonly history: History;
  private readonly txns: SeenTxns;
  private readonly committed: TxnHistory;
  private readonly journal: Journal;

  constructor(ensemble: SimEnsemble, history: History, txns: SeenTxns, committed: TxnHistory, journal: Journal) {
    this.ensemble = ensemble;
    this.history = history;
    this.txns = txns;
    this.committed = committed;
    this.journal = journal;
  }

  /** Where something was wrong before, nobody has waited for the members: their states may differ. */
  check(localSessions: LocalSessions | null): void {
    this.checkClients(localSessions);
    this.checkConfigs();
    if (!this.journal.isOver) this.checkStates();
  }

  private checkClients(localSessions: LocalSessions | null): void {
    const { violations } = checkHistory(this.history.entries, this.txns.among(this.committed), localSessions);
    for (const { rule, text } of violations) {
      this.journal.violate({ invariant: Invariant.clients, text: `${rule}: ${text}` });
    }
  }

  private checkConfigs(): void {
    for (const { sid, configs } of this.ensemble.members) {
      if (configs === null || verifiersOf(configs).length === 1) continue;
      const text = `${sid} would ask members that were proposed once: ${configs.lastSeen.toText().replaceAll('\n', ' ')}`;
      this.journal.violate({ invariant: Invariant.configSafety, text });
    }
  }

  private checkStates(): void {
    const [first, ...others] = this.ensemble.members.map((each) => ({ sid: each.sid, text: this.stateOf(each) }));
    for (const { sid, text } of others) {
      if (first === undefined || text === first.text) continue;
      this.journal.violate({
        invariant: Invariant.equalStates,
        text: `${first.sid} and ${sid} differ in the end: ${firstDifference(first.text, text)}`,
      });
    }
  }

  private stateOf({ sid, member }: SimMember): string {
    const { finalTree, sessions } = member.parts;
    if (finalTree === null) return 'nothing';
    const nodes = memberNodes(finalTree.reader);
    const open = memberSessions(sessions);
    checkEphemeralOwners(sid, nodes, open, this.journal.violate);
    return stateText(nodes, open);
  }
}

function firstDifference(a: string, b: string): string {
  const left = a.split('\n');
  const right = b.split('\n');
  const at = left.findIndex((line, index) => line !== right[index]);
  return `"${left[at] ?? ''}" and "${right[at] ?? ''}"`;
}
