/**
 * Following, once it is up to date (ensemble-protocol 6.4): what the leader proposes is logged and acknowledged when it is durable,
 * what it commits is applied; each commit is the oldest proposal that waits, or the role is over.
 *
 * Owned by the learner, on the quorum peer's thread.
 */
import type { LearnerBroadcast } from './learner-broadcast.js';
import { PacketVerdict } from './packet-reader.js';
import { PacketType } from './quorum-packet.js';
import type { ReceivedConfigs } from './received-configs.js';
import type { ReceivedTxns } from './received-txns.js';

export class Follower {
  private readonly txns: ReceivedTxns;
  private readonly configs: ReceivedConfigs;
  private readonly broadcast: LearnerBroadcast;

  constructor(txns: ReceivedTxns, configs: ReceivedConfigs, broadcast: LearnerBroadcast) {
    this.txns = txns;
    this.configs = configs;
    this.broadcast = broadcast;
  }

  /** Throws RoleFault. */
  onPacket(
    type: number,
    zxidHi: number,
    zxidLo: number,
    bytes: Uint8Array,
    dataOffset: number,
    dataLength: number,
  ): PacketVerdict {
    switch (type) {
      case PacketType.proposal:
        if (!this.txns.hasRoom(type, dataLength)) return PacketVerdict.later;
        this.configs.propose(zxidHi, zxidLo, bytes, dataOffset, dataLength);
        break;
      case PacketType.commit:
        this.txns.commit(zxidHi, zxidLo);
        break;
      case PacketType.commitAndActivate:
        this.configs.commitAndActivate(zxidHi, zxidLo, bytes, dataOffset, dataLength);
        break;
      default:
        this.broadcast.onPacket(type, zxidHi, zxidLo, bytes, dataOffset, dataLength);
    }
    return PacketVerdict.taken;
  }
}
