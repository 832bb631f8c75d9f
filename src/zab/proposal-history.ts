/**
 * What a server knows of the transactions of its ensemble, in the order of their zxids: the last committed ones, kept for
 * learners that miss only a few, and behind them those that are proposed and not yet committed.
 *
 *   committed log  [min ......... lastCommitted]   pending  [lastCommitted + 1 ......... lastProposed]
 *
 * Owned by the quorum peer; the role of the moment appends and commits. Kept across roles. Fixed memory for what is committed;
 * what is pending is bounded by the limits on outstanding requests.
 *
 * Invariants: zxids rise without a hole within an epoch; nothing pending is committed; bytes are those of the log, of the wire
 * and of the tree.
 */
import { assert } from '../base/assert.js';
import type { CommittedLog } from '../persistence/committed-log.js';
import { EntryRing } from '../persistence/entry-ring.js';

export class ProposalHistory {
  readonly committedLog: CommittedLog;
  lastCommittedHi = 0;
  lastCommittedLo = 0;
  lastProposedHi = 0;
  lastProposedLo = 0;
  /** Read only: `look` at one of these, from the oldest on. */
  readonly pending = new EntryRing();

  constructor(committedLog: CommittedLog) {
    this.committedLog = committedLog;
  }

  get pendingCount(): number {
    return this.pending.length;
  }

  /** The database is that of this zxid, by whatever way; nothing is pending. */
  reset(zxidHi: number, zxidLo: number): void {
    this.pending.clear();
    this.committedLog.clear(zxidHi, zxidLo);
    this.standAt(zxidHi, zxidLo);
  }

  /** A leader is established: its tree stands at (epoch, 0), which no transaction has, and what was committed before is kept. */
  beginEpoch(epoch: number): void {
    assert(this.pending.length === 0, 'what was proposed before an epoch is settled before it');
    this.standAt(epoch, 0);
  }

  /** Copies the entry. */
  append(zxidHi: number, zxidLo: number, bytes: Uint8Array, offset: number, length: number): void {
    const isKept = this.pending.push(zxidHi, zxidLo, bytes, offset, length);
    assert(isKept, 'a ring without a bound takes everything');
    this.lastProposedHi = zxidHi;
    this.lastProposedLo = zxidLo;
  }

  /** The oldest pending one is committed; it stays in `pending`'s fields until the next call of anything here. */
  commitHead(): void {
    const { pending } = this;
    assert(pending.length > 0, 'something is pending');
    pending.look(0);
    const { zxidHi, zxidLo } = pending;
    const kept = this.committedLog.append(pending.bytes, pending.entryOffset, pending.entryLength, zxidHi, zxidLo);
    assert(kept !== 'hole', 'what is committed follows what was committed before');
    pending.shift();
    this.lastCommittedHi = zxidHi;
    this.lastCommittedLo = zxidLo;
  }

  /** A role is over and everything that it had logged is in the tree (`settle`). */
  commitAll(): void {
    while (this.pending.length > 0) this.commitHead();
    this.standAt(this.lastCommittedHi, this.lastCommittedLo);
  }

  private standAt(zxidHi: number, zxidLo: number): void {
    this.lastCommittedHi = zxidHi;
    this.lastCommittedLo = zxidLo;
    this.lastProposedHi = zxidHi;
    this.lastProposedLo = zxidLo;
  }
}
