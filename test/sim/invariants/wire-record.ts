/**
 * What members say to each other on their quorum connections, as they write it: acknowledgements are promises, commits are
 * claims, and a learner must be told of every proposal before its commit, in order. Facts go to the EnsembleRecord; the order of
 * packets on one connection is judged here.
 */
import { type PacketHandler, PacketReader, PacketVerdict } from '../../../src/zab/packet-reader.js';
import { PacketType, packetName } from '../../../src/zab/quorum-packet.js';
import type { EnsembleRecord } from './ensemble-record.js';
import { Invariant, type OnViolation } from './invariant.js';
import { counterOf, epochOf, showZxid, zxidNumber } from './txn-history.js';

/** The end of a snapshot's stream: the path "/", and the signature. */
const STREAM_END = [0, 0, 0, 1, 0x2f, 0, 0, 0, 10, ...'BenWasHere'].map((byte) =>
  typeof byte === 'number' ? byte : byte.charCodeAt(0),
);
const PART_BYTES_MAX = 64 << 20;

interface Conversation {
  readonly leader: number;
  readonly learner: number;
  readonly fromLeader: PacketReader;
  readonly fromLearner: PacketReader;
  readonly leaderHandler: PacketHandler;
  readonly learnerHandler: PacketHandler;
  epoch: number;
  isUpToDate: boolean;
  lastProposed: number;
  /** Proposed to this learner and not yet committed. */
  readonly pending: number[];
}

export class WireRecord {
  /** A packet, for whoever prints what happens. */
  onPacket: (from: number, to: number, name: string, zxid: number) => void = () => {};
  private readonly record: EnsembleRecord;
  private readonly onViolation: OnViolation;
  private readonly conversations = new Map<number, Conversation>();

  constructor(record: EnsembleRecord, onViolation: OnViolation) {
    this.record = record;
    this.onViolation = onViolation;
  }

  /** Bytes that the leader (or the learner) of this connection writes. */
  written(
    connection: number,
    leader: number,
    learner: number,
    byLeader: boolean,
    bytes: Uint8Array,
    offset: number,
    length: number,
  ): void {
    let conversation = this.conversations.get(connection);
    if (conversation === undefined) {
      conversation = this.open(leader, learner);
      this.conversations.set(connection, conversation);
    }
    const piece = bytes.subarray(offset, offset + length);
    if (byLeader) conversation.fromLeader.push(piece, length, conversation.leaderHandler);
    else conversation.fromLearner.push(piece, length, conversation.learnerHandler);
  }

  closed(connection: number): void {
    this.conversations.delete(connection);
  }

  private open(leader: number, learner: number): Conversation {
    let matched = 0;
    const conversation: Conversation = {
      leader,
      learner,
      fromLeader: new PacketReader(PART_BYTES_MAX),
      fromLearner: new PacketReader(PART_BYTES_MAX),
      leaderHandler: {
        onPacket: (type, zxidHi, zxidLo) => {
          const zxid = zxidNumber(zxidHi, zxidLo);
          this.onPacket(leader, learner, packetName(type), zxid);
          this.byLeader(conversation, type, zxid);
          return type === PacketType.snap ? PacketVerdict.raw : PacketVerdict.taken;
        },
        onRaw: (bytes, offset, length) => {
          for (let i = 0; i < length; i++) {
            const byte = bytes[offset + i];
            if (byte === STREAM_END[matched]) matched++;
            else matched = fallBack(matched, byte);
            if (matched < STREAM_END.length) continue;
            matched = 0;
            conversation.fromLeader.packetsFollow();
            return i + 1;
          }
          return length;
        },
      },
      learnerHandler: {
        onPacket: (type, zxidHi, zxidLo) => {
          const zxid = zxidNumber(zxidHi, zxidLo);
          this.onPacket(learner, leader, packetName(type), zxid);
          this.byLearner(conversation, type, zxid);
          return PacketVerdict.taken;
        },
        onRaw: (_bytes, _offset, length) => length,
      },
      epoch: -1,
      isUpToDate: false,
      lastProposed: 0,
      pending: [],
    };
    return conversation;
  }

  private byLeader(conversation: Conversation, type: number, zxid: number): void {
    const { leader, learner, pending } = conversation;
    switch (type) {
      case PacketType.leaderInfo:
        conversation.epoch = epochOf(zxid);
        break;
      case PacketType.snap:
        this.record.snapOffered(learner, leader, zxid);
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
          this.say(`${leader} tells ${learner} COMMIT ${showZxid(zxid)} where ${showZxid(head ?? 0)} is next`);
        }
        if (conversation.isUpToDate) this.record.committedUpTo(leader, zxid);
        break;
      }
      case PacketType.inform:
      case PacketType.informAndActivate:
        this.proposed(conversation, zxid);
        if (conversation.isUpToDate) this.record.committedUpTo(leader, zxid);
        break;
      case PacketType.upToDate:
        conversation.isUpToDate = true;
        this.record.established(leader, conversation.epoch);
        break;
    }
  }

  private byLearner(conversation: Conversation, type: number, zxid: number): void {
    const { leader, learner, epoch } = conversation;
    if (type === PacketType.ackEpoch) this.record.ackedEpoch(learner, epoch);
    if (type !== PacketType.ack) return;
    if (counterOf(zxid) === 0) this.record.ackedNewLeader(learner, leader, epochOf(zxid));
    else this.record.ackedTxn(learner, zxid);
  }

  private proposed(conversation: Conversation, zxid: number): void {
    const { leader, learner, lastProposed } = conversation;
    const isNext = epochOf(zxid) === epochOf(lastProposed) ? zxid === lastProposed + 1 : counterOf(zxid) === 1;
    if (lastProposed !== 0 && !(zxid > lastProposed && isNext)) {
      this.say(`${leader} proposes ${showZxid(zxid)} to ${learner} behind ${showZxid(lastProposed)}`);
    }
    conversation.lastProposed = zxid;
  }

  private say(text: string): void {
    this.onViolation({ invariant: Invariant.quorumCommits, text });
  }
}

/** Of a stream that did not go on as the end would: how much of the end its last bytes still are. */
function fallBack(matched: number, byte: number): number {
  for (let length = matched; length > 0; length--) {
    const isPrefix = STREAM_END.slice(0, length - 1).every(
      (expected, index) => expected === STREAM_END[matched - length + 1 + index],
    );
    if (isPrefix && STREAM_END[length - 1] === byte) return length;
  }
  return 0;
}
