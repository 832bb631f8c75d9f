/**
 * What members say to each other on their quorum connections, as they write it: acknowledgements are promises, commits are
 * claims, and a learner must be told of every proposal before its commit, in order. Facts go to the EnsembleRecord; the order of
 * packets on one connection is judged here.
 */
import { PacketType, packetName } from '../../../src/zab/quorum-packet.js';
import type { EnsembleRecord } from './ensemble-record.js';
import { Invariant, type OnViolation } from './invariant.js';
import { PacketSplitter } from './packet-splitter.js';
import { counterOf, epochOf, showZxid } from './txn-history.js';

/** Who talks: the leader or, with an observer, a follower that is its master and passes on what is committed. */
interface Sides {
  readonly master: number;
  readonly learner: number;
  readonly isLeader: boolean;
}

interface Conversation extends Sides {
  readonly fromMaster: PacketSplitter;
  readonly fromLearner: PacketSplitter;
  epoch: number;
  isUpToDate: boolean;
  lastProposed: number;
  /** Proposed to this learner and not yet committed. */
  readonly pending: number[];
}

export class WireRecord {
  /** A packet, for whoever prints what happens. */
  onPacket: (from: number, to: number, name: string, zxid: number) => void = () => {};
  /** LEADERINFO, NEWLEADER: the learner has initLimit to make durable what it was sent, and may say nothing meanwhile. */
  onPatience: (leader: number, learner: number) => void = () => {};
  private readonly record: EnsembleRecord;
  private readonly onViolation: OnViolation;
  private readonly conversations = new Map<number, Conversation>();

  constructor(record: EnsembleRecord, onViolation: OnViolation) {
    this.record = record;
    this.onViolation = onViolation;
  }

  /** Bytes that the master (or the learner) of this connection writes. */
  written(
    connection: number,
    sides: Sides,
    byMaster: boolean,
    bytes: Uint8Array,
    offset: number,
    length: number,
  ): void {
    let conversation = this.conversations.get(connection);
    if (conversation === undefined) {
      conversation = this.open(sides);
      this.conversations.set(connection, conversation);
    }
    (byMaster ? conversation.fromMaster : conversation.fromLearner).push(bytes, offset, length);
  }

  closed(connection: number): void {
    this.conversations.delete(connection);
  }

  private open(sides: Sides): Conversation {
    const { master, learner } = sides;
    const conversation: Conversation = {
      ...sides,
      fromMaster: new PacketSplitter({
        onPacket: (type, zxid) => {
          this.onPacket(master, learner, packetName(type), zxid);
          this.byMaster(conversation, type, zxid);
        },
      }),
      fromLearner: new PacketSplitter({
        onPacket: (type, zxid) => {
          this.onPacket(learner, master, packetName(type), zxid);
          this.byLearner(conversation, type, zxid);
        },
      }),
      epoch: -1,
      isUpToDate: false,
      lastProposed: 0,
      pending: [],
    };
    return conversation;
  }

  private byMaster(conversation: Conversation, type: number, zxid: number): void {
    const { master, learner, pending, isLeader } = conversation;
    switch (type) {
      case PacketType.leaderInfo:
        conversation.epoch = epochOf(zxid);
        this.onPatience(master, learner);
        break;
      case PacketType.newLeader:
        this.onPatience(master, learner);
        break;
      case PacketType.snap:
        this.record.snapOffered(learner, master, zxid);
        conversation.lastProposed = 0;
        break;
      case PacketType.proposal:
        this.proposed(conversation, zxid);
        pending.push(zxid);
        break;
      case PacketType.commit:
      case PacketType.commitAndActivate: {
        const head = pending.shift();
        if (head !== zxid) {
          this.say(`${master} tells ${learner} COMMIT ${showZxid(zxid)} where ${showZxid(head ?? 0)} is next`);
        }
        if (conversation.isUpToDate) this.record.committedUpTo(master, zxid);
        break;
      }
      case PacketType.inform:
      case PacketType.informAndActivate:
        this.proposed(conversation, zxid);
        if (conversation.isUpToDate) this.record.committedUpTo(master, zxid);
        break;
      case PacketType.upToDate:
        conversation.isUpToDate = true;
        if (isLeader) this.record.established(master, conversation.epoch);
        break;
    }
  }

  private byLearner(conversation: Conversation, type: number, zxid: number): void {
    const { master, learner, epoch, isLeader } = conversation;
    // What an observer says to its master counts nowhere.
    if (!isLeader) return;
    if (type === PacketType.ackEpoch) this.record.ackedEpoch(learner, epoch);
    if (type !== PacketType.ack) return;
    if (counterOf(zxid) === 0) this.record.ackedNewLeader(learner, master, epochOf(zxid));
    else this.record.ackedTxn(learner, zxid);
  }

  private proposed(conversation: Conversation, zxid: number): void {
    const { master, learner, lastProposed } = conversation;
    const isNext = epochOf(zxid) === epochOf(lastProposed) ? zxid === lastProposed + 1 : counterOf(zxid) === 1;
    if (lastProposed !== 0 && !(zxid > lastProposed && isNext)) {
      this.say(`${master} proposes ${showZxid(zxid)} to ${learner} behind ${showZxid(lastProposed)}`);
    }
    conversation.lastProposed = zxid;
  }

  private say(text: string): void {
    this.onViolation({ invariant: Invariant.quorumCommits, text });
  }
}
