/**
 * The leader's side of the broadcast (ensemble-protocol 6, 9.4): a transaction of prep's line becomes a PROPOSAL, is committed when a
 * quorum has it on its disks, in order of zxids, and then told to those who learn.
 *
 *   propose --> PROPOSAL to followers --> their ACKs, the own log --> commit --> COMMIT to followers, INFORM to observers
 *
 * Owned by the Leader from its beginning, on the quorum peer's thread; commits only once it has begun. What happens in a turn is
 * noted, and answered once per turn: one record to the commit stage, one copy of the turn's packets for each learner. It must never
 * commit what a quorum of each configuration in question does not have, nor anything behind a sync that is not answered.
 */
import { assert } from '../base/assert.js';
import { readInt32 } from '../base/bytes.js';
import { hex64, hiOfNumber, loOfNumber } from '../base/int64.js';
import { decodeUtf8 } from '../base/utf8.js';
import { parseQuorumConfigText } from '../election/quorum-config-text.js';
import type { QuorumVerifier } from '../election/quorum-verifier.js';
import {
  PIPELINE_HEADER_BYTES,
  RecordType,
  WORD_ERROR,
  WORD_LENGTH_A,
  WORD_OP,
  WORD_ZXID_HI,
  WORD_ZXID_LO,
} from '../processor/pipeline-records.js';
import { ErrorCode } from '../protocol/error-code.js';
import { OpCode } from '../protocol/op-code.js';
import { TXN_BODY } from '../protocol/txn-layout.js';
import { CommitQuorum } from './commit-quorum.js';
import { designatedLeader } from './designated-leader.js';
import type { LearnerHandler } from './learner-handler.js';
import { PacketBuffer } from './packet-buffer.js';
import { PendingSyncs } from './pending-syncs.js';
import { PacketType } from './quorum-packet.js';
import type { RoleHost } from './role.js';
import { orRoleFault } from './role-fault.js';

export class LeaderBroadcast {
  /** Counter of the last zxid proposed in this epoch; 0: none yet. */
  lastProposed = 0;
  readonly syncs: PendingSyncs;
  /** The links that the broadcast goes to, behind NEWLEADER. */
  readonly followers: LearnerHandler[] = [];
  private readonly observers: LearnerHandler[] = [];
  private readonly host: RoleHost;
  private readonly isReconfigEnabled: boolean;
  private epoch = -1;
  private quorum: CommitQuorum | null = null; // null: not begun
  // Packets of this turn that all followers, all observers get, in order.
  private readonly toFollowers = new PacketBuffer();
  private readonly toObservers = new PacketBuffer();
  // Invariant: lastCommitted <= lastProposed, ownAcked <= lastProposed.
  private lastCommitted = 0;
  /** On this server's own disk, as a counter like `lastProposed`. */
  ownAcked = 0;
  /** Acknowledged since the last commit, or whatever else may let something be committed. */
  hasNews = false;
  /** False once a reconfiguration has named somebody else: the next leader commits what follows (9.4). */
  private isAllowedToCommit = true;
  // Proposed, and not committed: one at most.
  private pendingConfig: QuorumVerifier | null = null;
  private pendingConfigCounter = 0;

  constructor(host: RoleHost, isReconfigEnabled: boolean) {
    this.host = host;
    this.isReconfigEnabled = isReconfigEnabled;
    this.syncs = new PendingSyncs(host);
  }

  /** What is acknowledged from here on counts, in each of these; again when they have changed before the first proposal. */
  begin(epoch: number, verifiers: readonly QuorumVerifier[]): void {
    assert(this.lastProposed === 0, 'a broadcast begins before its first proposal');
    this.epoch = epoch;
    this.quorum = new CommitQuorum(verifiers);
  }

  close(): void {
    this.followers.length = 0;
    this.observers.length = 0;
    this.syncs.clear();
  }

  /** Somebody else is to lead. */
  yield(): void {
    this.isAllowedToCommit = false;
  }

  // ---- who learns

  /** Between two turns of the broadcast; NEWLEADER is in its buffer. It gets what is proposed from the history. */
  join(link: LearnerHandler): void {
    if (link.isObserver) {
      this.observers.push(link);
      return;
    }
    const { pending } = this.host.history;
    for (let i = 0; i < pending.length; i++) {
      pending.look(i);
      const { zxidHi, zxidLo, entryOffset, entryLength } = pending;
      link.out.withData(PacketType.proposal, zxidHi, zxidLo, pending.bytes, entryOffset, entryLength);
    }
    this.followers.push(link);
  }

  leave(link: LearnerHandler): void {
    remove(this.followers, link);
    remove(this.observers, link);
  }

  /** This turn's packets are with those who were there before. */
  get isDistributed(): boolean {
    return this.toFollowers.length === 0 && this.toObservers.length === 0;
  }

  /** This server, and the followers that are up to date, alive, and not about to come back as observers, who acknowledge nothing. */
  syncedVoters(): ReadonlySet<number> {
    const { committed } = this.host.configs;
    const sids = new Set([this.host.myId]);
    for (const { isSynced, sid } of this.followers) {
      if (isSynced && committed.member(sid)?.type !== 'observer') sids.add(sid);
    }
    return sids;
  }

  // ---- proposals and acknowledgements

  /** A transaction of prep's line. Throws RoleFault when the members that it names cannot be made durable. */
  propose(bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    const at = offset >> 2;
    const zxidHi = words[at + WORD_ZXID_HI];
    const zxidLo = words[at + WORD_ZXID_LO];
    const counter = zxidLo >>> 0;
    assert(zxidHi === this.epoch && counter === this.lastProposed + 1, 'prep counts within the epoch');
    const entry = offset + PIPELINE_HEADER_BYTES;
    const entryLength = words[at + WORD_LENGTH_A];
    const isChange = words[at + WORD_OP] === OpCode.reconfig && words[at + WORD_ERROR] === ErrorCode.Ok;
    if (isChange && this.isReconfigEnabled) this.seeConfig(bytes, entry, counter);
    this.host.history.append(zxidHi, zxidLo, bytes, entry, entryLength);
    this.host.measures.ages.note(zxidHi, zxidLo, bytes, entry);
    this.lastProposed = counter;
    if (this.followers.length > 0) {
      this.toFollowers.withData(PacketType.proposal, zxidHi, zxidLo, bytes, entry, entryLength);
    }
    this.host.line.passOn(RecordType.txn, bytes, offset, length);
  }

  /** A new configuration is proposed: from here on both must agree (9.4). */
  private seeConfig(bytes: Uint8Array, entry: number, counter: number): void {
    const { configs } = this.host;
    const path = entry + TXN_BODY;
    const data = path + 4 + readInt32(bytes, path);
    const config = parseQuorumConfigText(decodeUtf8(bytes, data + 4, readInt32(bytes, data)));
    assert(this.pendingConfig === null, 'one reconfiguration is pending at most');
    orRoleFault('cannot make it durable', () => configs.seen(config));
    this.pendingConfig = config;
    this.pendingConfigCounter = counter;
    this.quorum?.beginEra(counter, [configs.committed, config]);
  }

  /** This server's log is on the disk up to there. */
  onDurable(zxidHi: number, zxidLo: number): void {
    if (this.quorum === null || zxidHi !== this.epoch) return;
    this.ownAcked = Math.max(this.ownAcked, zxidLo >>> 0);
    this.hasNews = true;
  }

  // ---- once per turn

  /** What a quorum has answered and what it has acknowledged, in this order. */
  commit(): void {
    if (this.syncs.tryProve(this.followers)) {
      // First its answer, then what was not committed for its sake.
      this.distribute();
      this.syncs.answer(this.lastCommitted);
      this.hasNews = true;
      this.syncs.tellProven();
    }
    if (this.hasNews) this.commitReady();
  }

  /** Packets for all into the buffer of each, and the SYNCs that stand behind them. */
  tell(): void {
    this.distribute();
    this.syncs.answer(this.lastCommitted);
  }

  measure(): void {
    const nowWallMs = this.host.clock.wallMs();
    this.host.measures.onLeaderTurn(this.lastProposed, this.ownAcked, this.lastCommitted, nowWallMs);
    for (const link of this.followers) link.measureAcks(nowWallMs);
  }

  /** Everything that a quorum has, in order. */
  private commitReady(): void {
    const { quorum, syncs } = this;
    assert(quorum !== null, 'the broadcast has begun');
    this.hasNews = false;
    if (!this.isAllowedToCommit || this.lastCommitted === this.lastProposed) return;
    quorum.clearAcks();
    quorum.addAck(this.host.myId, this.ownAcked);
    for (const link of this.followers) quorum.addAck(link.sid, ackedBy(link));
    const before = this.lastCommitted;
    while (this.isAllowedToCommit) {
      // The learner that asked for a sync has its answer before the commit of a write behind that.
      const limit = Math.max(syncs.commitLimit, this.lastCommitted);
      const point = Math.min(quorum.committable(this.lastCommitted), this.lastProposed, limit);
      if (point === this.lastCommitted) break;
      while (this.lastCommitted < point && this.isAllowedToCommit) {
        this.commitNext();
        // SYNC goes right behind the commit that it waits for: the write behind it at its learner is committed behind it.
        if (syncs.isNextBehind(this.lastCommitted)) this.tell();
      }
    }
    if (this.lastCommitted > before) this.host.line.committed(this.epoch, this.lastCommitted | 0);
  }

  private commitNext(): void {
    const { history } = this.host;
    const { epoch } = this;
    const counter = this.lastCommitted + 1;
    const zxidLo = counter | 0;
    history.commitHead();
    this.lastCommitted = counter;
    assert(history.lastCommittedLo === zxidLo, 'commits follow one another');
    const { pending } = history;
    if (this.pendingConfig !== null && counter === this.pendingConfigCounter) {
      this.commitConfig(this.pendingConfig, counter);
      return;
    }
    if (this.followers.length > 0) this.toFollowers.empty(PacketType.commit, epoch, zxidLo);
    if (this.observers.length > 0) {
      this.toObservers.withData(
        PacketType.inform,
        epoch,
        zxidLo,
        pending.bytes,
        pending.entryOffset,
        pending.entryLength,
      );
    }
  }

  private commitConfig(config: QuorumVerifier, counter: number): void {
    const { configs, history, myId, log } = this.host;
    const { epoch } = this;
    const zxidLo = counter | 0;
    const designated = designatedLeader(myId, configs.committed, config, (sid) => this.meritOf(sid, counter));
    this.toFollowers.begin(PacketType.commitAndActivate, epoch, zxidLo);
    this.toFollowers.putLong(hiOfNumber(designated), loOfNumber(designated));
    this.toFollowers.end();
    const { pending } = history;
    this.toObservers.begin(PacketType.informAndActivate, epoch, zxidLo);
    this.toObservers.putLong(hiOfNumber(designated), loOfNumber(designated));
    this.toObservers.putBytes(pending.bytes, pending.entryOffset, pending.entryLength);
    this.toObservers.end();
    this.pendingConfig = null;
    // Also of what was proposed in between: the old members may have left, and whoever leads next asks the new ones what they have.
    this.quorum?.beginEra(counter + 1, [config]);
    if (designated !== myId) this.yield();
    log.info(`configuration 0x${hex64(config.versionHi, config.versionLo)} is committed, leader ${designated}`);
    configs.activate(config, designated, epoch, zxidLo);
  }

  /** What it has acknowledged, if that is as much as the configuration. */
  private meritOf(sid: number, counter: number): number {
    const link = this.followers.find((follower) => follower.sid === sid);
    const acked = link === undefined ? 0 : ackedBy(link);
    return acked >= counter ? acked : 0;
  }

  private distribute(): void {
    spread(this.toFollowers, this.followers);
    spread(this.toObservers, this.observers);
    if (this.lastProposed > this.lastCommitted)
      for (const link of this.followers) if (link.acked < this.lastProposed) link.watch();
  }
}

/** Counts from its acknowledgement of NEWLEADER on. */
function ackedBy(link: LearnerHandler): number {
  return link.state === 'streaming' || link.state === 'acknowledged' ? link.acked : 0;
}

function spread(packets: PacketBuffer, links: readonly LearnerHandler[]): void {
  if (packets.length === 0) return;
  for (const link of links) link.out.putPackets(packets);
  packets.clear();
}

function remove(links: LearnerHandler[], link: LearnerHandler): void {
  const index = links.indexOf(link);
  if (index >= 0) links.splice(index, 1);
}
