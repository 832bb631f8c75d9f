/**
 * Observing, once it is up to date (ensemble-protocol 8.1): what the leader informs of is committed already; it is logged, unless
 * syncEnabled says no, and applied, and acknowledged to nobody. Owned by the learner, on the quorum peer's thread.
 */
import type { LearnerBroadcast } from './learner-broadcast.js';
import { PacketVerdict } from './packet-reader.js';
import { PacketType } from './quorum-packet.js';
import type { ReceivedConfigs } from './received-configs.js';
import type { ReceivedTxns } from './received-txns.js';

export class Observer {
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
      case PacketType.inform:
        if (!this.txns.hasRoom(type, dataLength)) return PacketVerdict.later;
        this.configs.propose(zxidHi, zxidLo, bytes, dataOffset, dataLength);
        this.txns.commit(zxidHi, zxidLo);
        break;
      case PacketType.informAndActivate:
        if (!this.txns.hasRoom(type, dataLength)) return PacketVerdict.later;
        this.configs.informAndActivate(zxidHi, zxidLo, bytes, dataOffset, dataLength);
        break;
      default:
        this.broadcast.onPacket(type, zxidHi, zxidLo, bytes, dataOffset, dataLength);
    }
    return PacketVerdict.taken;
  }
}
