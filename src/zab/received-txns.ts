/**
 * The transactions that a learner's leader sends, on their way into the history and the line: what is proposed must follow what
 * came before, what is committed must be the oldest that waits, and what is on the disk is acknowledged once.
 *
 * Owned by the learner, on the quorum peer's thread. No allocation per transaction, except behind a snapshot that is not
 * durable yet: there a proposal that is not committed is kept back, because a log record in front of that snapshot would stand
 * for a history that the disk does not have.
 *
 * Invariant: zxids rise without a hole (ZOOKEEPER-4925); nothing is logged out of order; nothing is acknowledged that is not
 * durable, and nothing twice.
 */
import { copyBytes, readInt32 } from '../base/bytes.js';
import { Fifo } from '../base/fifo.js';
import { compareSigned, hex64 } from '../base/int64.js';
import { txnBodyEnd } from '../persistence/txn-entry.js';
import { isNextZxid } from '../persistence/zxid-order.js';
import { TXN_ZXID_HI, TXN_ZXID_LO } from '../protocol/txn-layout.js';
import type { PacketBuffer } from './packet-buffer.js';
import type { PipelinePort } from './pipeline-port.js';
import type { ProposalHistory } from './proposal-history.js';
import { PacketType } from './quorum-packet.js';
import { RoleFault } from './role-fault.js';
import type { TxnAges } from './txn-ages.js';

/** What a record in the line has beside its entry. */
const RECORD_BYTES = 64;

/** Somebody else who is told what is committed: a follower's observers. */
export interface CommitSink {
  /** The bytes, those of `activation` too, are valid during the call only. `activation`: the designated leader's id, of a reconfiguration. */
  onCommitted(
    zxidHi: number,
    zxidLo: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    activation: Uint8Array | null,
  ): void;
}

interface Held {
  readonly zxidHi: number;
  readonly zxidLo: number;
  readonly entry: Uint8Array;
}

export class ReceivedTxns {
  /** While synchronizing, what this server has already may come again, and is dropped. */
  mayRepeat = true;
  /** False: what is committed is applied without the log, and nothing is acknowledged. Of an observer, once it is up to date. */
  isLogging = true;
  sink: CommitSink | null = null;
  private readonly history: ProposalHistory;
  private readonly line: PipelinePort;
  private readonly ages: TxnAges;
  private isHolding = false;
  private readonly held = new Fifo<Held>();
  private receivedHi = 0;
  private receivedLo = 0;
  private durableHi = 0;
  private durableLo = 0;
  private acknowledgedHi = 0;
  private acknowledgedLo = 0;
  private hasCommitted = false; // since the last publish

  constructor(history: ProposalHistory, line: PipelinePort, ages: TxnAges) {
    this.ages = ages;
    this.history = history;
    this.line = line;
    this.continueFromHistory();
  }

  /** Counters of the last transaction that came, and of the last that was acknowledged. */
  get received(): number {
    return this.receivedLo >>> 0;
  }

  get acknowledged(): number {
    return this.acknowledgedLo >>> 0;
  }

  /** All that was handed to the log is on the disk. */
  get isDurable(): boolean {
    const { lastProposedHi, lastProposedLo } = this.history;
    return compareSigned(this.durableHi, this.durableLo, lastProposedHi, lastProposedLo) >= 0;
  }

  /** The database is another one: what follows must follow this zxid. */
  restartFrom(zxidHi: number, zxidLo: number): void {
    this.history.reset(zxidHi, zxidLo);
    this.continueFromHistory();
  }

  /** Until `release`, what is committed goes down unlogged, and what is not is kept back. */
  hold(): void {
    this.isHolding = true;
  }

  /** The snapshot is durable, with all that was committed. */
  release(): void {
    this.isHolding = false;
    const { lastCommittedHi, lastCommittedLo } = this.history;
    this.onDurable(lastCommittedHi, lastCommittedLo);
    for (let txn = this.held.shift(); txn !== undefined; txn = this.held.shift()) {
      this.history.append(txn.zxidHi, txn.zxidLo, txn.entry, 0, txn.entry.length);
      this.line.logTxn(txn.entry, 0, txn.entry.length);
    }
  }

  /** May a packet of this type be taken, or would it not find room in the line? */
  hasRoom(type: number, dataLength: number): boolean {
    if (type === PacketType.commit || type === PacketType.commitAndActivate) {
      const txn = this.isHolding ? this.held.peek() : undefined;
      return txn === undefined || this.line.hasRoomForTxns(RECORD_BYTES + txn.entry.length);
    }
    return this.line.hasRoomForTxns(RECORD_BYTES + Math.max(dataLength, 0));
  }

  /** Whether it is to be taken; if not, it is here already. Throws RoleFault. Changes nothing. */
  isNext(zxidHi: number, zxidLo: number, bytes: Uint8Array, offset: number, length: number): boolean {
    if (txnBodyEnd(bytes, offset, length) < 0) {
      throw new RoleFault(`The leader's transaction 0x${hex64(zxidHi, zxidLo)} is none that this server knows`);
    }
    const ownHi = readInt32(bytes, offset + TXN_ZXID_HI);
    const ownLo = readInt32(bytes, offset + TXN_ZXID_LO);
    if (ownHi !== zxidHi || ownLo !== zxidLo) {
      throw new RoleFault(`The leader sent transaction 0x${hex64(ownHi, ownLo)} as 0x${hex64(zxidHi, zxidLo)}`);
    }
    if (this.mayRepeat && compareSigned(zxidHi, zxidLo, this.receivedHi, this.receivedLo) <= 0) return false;
    if (!isNextZxid(this.receivedHi, this.receivedLo, zxidHi, zxidLo)) {
      const last = hex64(this.receivedHi, this.receivedLo);
      throw new RoleFault(`The leader sent transaction 0x${hex64(zxidHi, zxidLo)} behind 0x${last}`);
    }
    return true;
  }

  /** The next one. */
  take(zxidHi: number, zxidLo: number, bytes: Uint8Array, offset: number, length: number): void {
    this.receivedHi = zxidHi;
    this.receivedLo = zxidLo;
    this.ages.note(zxidHi, zxidLo, bytes, offset);
    if (this.isHolding) {
      // A copy: `slice` of what a socket gives is none.
      const entry = new Uint8Array(length);
      copyBytes(bytes, offset, entry, 0, length);
      this.held.push({ zxidHi, zxidLo, entry });
    } else {
      this.history.append(zxidHi, zxidLo, bytes, offset, length);
      this.line.logTxn(bytes, offset, length, this.isLogging);
    }
  }

  isUncommitted(zxidHi: number, zxidLo: number): boolean {
    const { lastCommittedHi, lastCommittedLo } = this.history;
    return compareSigned(zxidHi, zxidLo, lastCommittedHi, lastCommittedLo) > 0;
  }

  /** The oldest that waits, and no other (6.4). False: it was committed before. Throws RoleFault. */
  commit(zxidHi: number, zxidLo: number, activation: Uint8Array | null = null): boolean {
    const { history, sink } = this;
    const isOld = compareSigned(zxidHi, zxidLo, history.lastCommittedHi, history.lastCommittedLo) <= 0;
    if (isOld && this.mayRepeat) return false;
    if (this.isHolding) {
      const txn = this.held.peek();
      if (txn === undefined || txn.zxidHi !== zxidHi || txn.zxidLo !== zxidLo) throw this.mismatch(zxidHi, zxidLo);
      this.held.shift();
      history.append(zxidHi, zxidLo, txn.entry, 0, txn.entry.length);
      this.line.logTxn(txn.entry, 0, txn.entry.length, false);
    } else {
      const { pending } = history;
      if (pending.length === 0) throw this.mismatch(zxidHi, zxidLo);
      pending.look(0);
      if (pending.zxidHi !== zxidHi || pending.zxidLo !== zxidLo) throw this.mismatch(zxidHi, zxidLo);
    }
    history.commitHead();
    this.hasCommitted = true;
    if (sink !== null) {
      const { bytes, entryOffset, entryLength } = history.pending;
      sink.onCommitted(zxidHi, zxidLo, bytes, entryOffset, entryLength, activation);
    }
    return true;
  }

  /** One record for all that was committed since the last time. */
  publish(): void {
    if (!this.hasCommitted) return;
    this.hasCommitted = false;
    this.line.committed(this.history.lastCommittedHi, this.history.lastCommittedLo);
  }

  onDurable(zxidHi: number, zxidLo: number): void {
    if (compareSigned(zxidHi, zxidLo, this.durableHi, this.durableLo) <= 0) return;
    this.durableHi = zxidHi;
    this.durableLo = zxidLo;
  }

  /** NEWLEADER's acknowledgement stands for all that is committed here; what is not is acknowledged one by one. */
  acknowledgeCommitted(): void {
    this.acknowledgedHi = this.history.lastCommittedHi;
    this.acknowledgedLo = this.history.lastCommittedLo;
  }

  /** An ACK for each transaction that became durable since the last time. */
  acknowledge(out: PacketBuffer): void {
    const { durableHi, durableLo } = this;
    if (compareSigned(durableHi, durableLo, this.acknowledgedHi, this.acknowledgedLo) <= 0) return;
    // Counters of an epoch begin with 1, and no epoch is left out: contiguity was proven as they came.
    let lo = durableHi === this.acknowledgedHi ? this.acknowledgedLo : 0;
    while (lo !== durableLo) {
      lo = (lo + 1) | 0;
      out.empty(PacketType.ack, durableHi, lo);
    }
    this.acknowledgedHi = durableHi;
    this.acknowledgedLo = durableLo;
  }

  private mismatch(zxidHi: number, zxidLo: number): RoleFault {
    return new RoleFault(`The leader committed 0x${hex64(zxidHi, zxidLo)}, which is not what waits for it here`);
  }

  private continueFromHistory(): void {
    const { history } = this;
    this.receivedHi = history.lastProposedHi;
    this.receivedLo = history.lastProposedLo;
    this.durableHi = history.lastProposedHi;
    this.durableLo = history.lastProposedLo;
    this.acknowledgeCommitted();
  }
}
