/**
 * The transactions that any member was ever seen with, by zxid, and those of them that were committed in the end: what the clients'
 * histories are held against.
 */
import type { CommittedTxn } from '../history/history.js';
import type { TxnHistory } from '../invariants/txn-history.js';

export class SeenTxns {
  private readonly txns = new Map<number, CommittedTxn>();

  /** The first word on a zxid counts: that others say the same is an invariant of its own. */
  seen(zxid: number, txn: CommittedTxn): void {
    if (!this.txns.has(zxid)) this.txns.set(zxid, txn);
  }

  /** In order. What was committed and never seen is left out. */
  among(committed: TxnHistory): CommittedTxn[] {
    const txns: CommittedTxn[] = [];
    for (let i = 0; i < committed.length; i++) {
      const txn = this.txns.get(committed.zxidAt(i));
      if (txn !== undefined) txns.push(txn);
    }
    return txns;
  }
}
