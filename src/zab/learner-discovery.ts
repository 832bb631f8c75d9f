/**
 * A learner's part of discovery (ensemble-protocol 5.4): it says what it has promised so far, hears the new epoch, and promises
 * itself to it before it answers.
 *
 *   FOLLOWERINFO | OBSERVERINFO  ->      <-  LEADERINFO(epoch)      acceptedEpoch on the disk      ACKEPOCH  ->
 *
 * Owned by the learner, on the quorum peer's thread.
 */
import { readInt32 } from '../base/bytes.js';
import { hiOfNumber, loOfNumber } from '../base/int64.js';
import type { LearnerHost, LearnerOptions } from './learner-host.js';
import type { PacketBuffer } from './packet-buffer.js';
import { PacketType, packetName, QUORUM_PROTOCOL_VERSION } from './quorum-packet.js';
import { orRoleFault, RoleFault } from './role-fault.js';

const PROMISED_BEFORE = -1;

export class LearnerDiscovery {
  /** Of the leader, once `onPacket` has returned. */
  epoch = -1;
  private readonly host: LearnerHost;
  private readonly options: LearnerOptions;
  private readonly out: PacketBuffer;

  constructor(host: LearnerHost, options: LearnerOptions, out: PacketBuffer) {
    this.host = host;
    this.options = options;
    this.out = out;
  }

  onConnected(): void {
    const { host, out } = this;
    const { committed } = host.configs;
    const isFollower = this.options.kind === 'follower';
    out.begin(isFollower ? PacketType.followerInfo : PacketType.observerInfo, host.epochs.acceptedEpoch, 0);
    out.putLong(hiOfNumber(host.myId), loOfNumber(host.myId));
    out.putInt(QUORUM_PROTOCOL_VERSION);
    out.putLong(committed.versionHi, committed.versionLo);
    out.end();
  }

  /** Throws RoleFault unless the packet is a LEADERINFO that this member may follow. */
  onPacket(type: number, zxidHi: number, bytes: Uint8Array, dataOffset: number, dataLength: number): void {
    const { host, out } = this;
    if (type !== PacketType.leaderInfo)
      throw new RoleFault(`The leader sent ${packetName(type)} instead of LEADERINFO`);
    if (dataLength < 4 || readInt32(bytes, dataOffset) < QUORUM_PROTOCOL_VERSION) {
      throw new RoleFault('The leader is older than LEADERINFO');
    }
    const epoch = zxidHi;
    const { acceptedEpoch } = host.epochs;
    if (epoch < acceptedEpoch) {
      throw new RoleFault(`The leader's epoch, ${epoch}, is less than the accepted epoch, ${acceptedEpoch}`);
    }
    // A summary that counts is given once per epoch, and only by a member that has what it acknowledged.
    let summary = PROMISED_BEFORE;
    if (epoch > acceptedEpoch) {
      orRoleFault('cannot write the accepted epoch', () => host.epochs.setAcceptedEpoch(epoch));
      if (!host.isUncounted && !host.needsSnapshot) summary = host.epochs.currentEpoch;
    }
    this.epoch = epoch;
    const { lastProposedHi, lastProposedLo } = host.history;
    // Beyond everything, and of no transaction: no leader has an answer to this but its snapshot (5.5).
    if (host.needsSnapshot) out.begin(PacketType.ackEpoch, epoch + 1, 0);
    else out.begin(PacketType.ackEpoch, lastProposedHi, lastProposedLo);
    out.putInt(summary);
    out.end();
  }
}
