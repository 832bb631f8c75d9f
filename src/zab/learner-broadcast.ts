/**
 * What followers and observers have in common once they are up to date (ensemble-protocol 6.5, 6.8, 7.3): the leader's answers to
 * what was forwarded, and its PINGs, which are answered with the sessions that were heard of.
 *
 * Owned by the learner, on the quorum peer's thread.
 */
import type { Logger } from '../actor/logger.js';
import type { Clock } from '../base/clock.js';
import type { LearnerRequests } from './learner-requests.js';
import type { PacketBuffer } from './packet-buffer.js';
import { PacketType, packetName } from './quorum-packet.js';
import type { ReceivedTxns } from './received-txns.js';
import type { TouchedSessions } from './session-touches.js';

export class LearnerBroadcast {
  private readonly txns: ReceivedTxns;
  private readonly requests: LearnerRequests;
  private readonly touched: TouchedSessions;
  private readonly out: PacketBuffer;
  private readonly log: Logger;
  private readonly clock: Clock;
  private readonly toldMsMin: number;
  /** When the leader was told of sessions last. */
  private toldMs = Number.NEGATIVE_INFINITY;

  /** `toldMsMin`: leaders send PINGs to learn whether they lead, too; who has many sessions need not go through all of them each time. */
  constructor(
    txns: ReceivedTxns,
    requests: LearnerRequests,
    touched: TouchedSessions,
    out: PacketBuffer,
    log: Logger,
    clock: Clock,
    toldMsMin: number,
  ) {
    this.txns = txns;
    this.requests = requests;
    this.touched = touched;
    this.out = out;
    this.log = log;
    this.clock = clock;
    this.toldMsMin = toldMsMin;
  }

  /** Throws RoleFault. */
  onPacket(
    type: number,
    zxidHi: number,
    zxidLo: number,
    bytes: Uint8Array,
    dataOffset: number,
    dataLength: number,
  ): void {
    switch (type) {
      case PacketType.ping:
        this.out.begin(PacketType.ping, zxidHi, zxidLo);
        this.tellOfSessions();
        this.out.end();
        break;
      case PacketType.revalidate:
        this.requests.onRevalidated(bytes, dataOffset, dataLength);
        break;
      case PacketType.sync:
        this.txns.publish();
        if (!this.requests.onSync()) this.log.warn('The leader sent SYNC, and nobody waits for one');
        break;
      default:
        this.log.warn(`The leader sent ${packetName(type)}, which says nothing to this member`);
    }
  }

  private tellOfSessions(): void {
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.toldMs < this.toldMsMin) return;
    this.toldMs = nowMs;
    this.touched.appendTo(this.out);
  }
}
