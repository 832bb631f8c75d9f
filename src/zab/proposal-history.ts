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
import { Fifo } from '../base/fifo.js';
import type { CommittedLog } from '../persistence/committed-log.js';

interface Pending {
  readonly zxidHi: number;
  readonly zxidLo: number;
  readonly bytes: Uint8Array;
}

export class ProposalHistory {
  readonly committedLog: CommittedLog;
  lastCommittedHi = 0;
  lastCommittedLo = 0;
  lastProposedHi = 0;
  lastProposedLo = 0;
  private readonly pending = new Fifo<Pending>();

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
    this.lastCommittedHi = zxidHi;
    this.lastCommittedLo = zxidLo;
    this.lastProposedHi = zxidHi;
    this.lastProposedLo = zxidLo;
  }

  /** Copies the entry. */
  append(zxidHi: number, zxidLo: number, bytes: Uint8Array, offset: number, length: number): void {
    this.pending.push({ zxidHi, zxidLo, bytes: bytes.slice(offset, offset + length) });
    this.lastProposedHi = zxidHi;
    this.lastProposedLo = zxidLo;
  }

  /** The oldest pending one is committed. */
  commitHead(): void {
    const head = this.pending.shift();
    assert(head !== undefined, 'something is pending');
    const kept = this.committedLog.append(head.bytes, 0, head.bytes.length, head.zxidHi, head.zxidLo);
    assert(kept !== 'hole', 'what is committed follows what was committed before');
    this.lastCommittedHi = head.zxidHi;
    this.lastCommittedLo = head.zxidLo;
  }
}
