/**
 * What operators are told of one learner: counts of its connection, for reports, and times under its sid, for metrics. Nothing is
 * decided by it. Owned by a LearnerHandler, on the quorum peer's thread; nothing is allocated per packet.
 */
import { encodeUtf8 } from '../base/utf8.js';
import type { PeerSocket } from '../election/peer-network.js';
import type { PacketBuffer } from './packet-buffer.js';
import type { LearnerReport } from './peer-report.js';
import { AgeCursor } from './txn-ages.js';
import type { ZabMeasures } from './zab-measures.js';

/** Of a link that has not said who it is. */
const NO_KEY = encodeUtf8('?');
const NOT_QUEUED = -1;

export class LearnerStatistics {
  /** Since the connection began, or since `reset`. */
  packetsReceived = 0;
  requestsReceived = 0;
  private readonly measures: ZabMeasures;
  private readonly out: PacketBuffer;
  private readonly establishedMs: number;
  private packetsSentBefore = 0;
  private sidKey: Uint8Array = NO_KEY;
  /** Since when the socket has not taken everything. */
  private queuedSinceMs = NOT_QUEUED;
  /** Up to where the age of its acknowledgements is known. */
  private readonly measuredAcks = new AgeCursor();

  /** `out`: what is sent to it. */
  constructor(measures: ZabMeasures, out: PacketBuffer, nowMs: number) {
    this.measures = measures;
    this.out = out;
    this.establishedMs = nowMs;
  }

  setSid(sid: number): void {
    this.sidKey = encodeUtf8(String(sid));
  }

  /** Its acknowledgements count from behind this proposal on. */
  beginAcks(lastProposed: number): void {
    this.measuredAcks.passOver(lastProposed);
  }

  /** How old the proposals were that it has acknowledged since the last time. */
  measureAcks(acked: number, nowWallMs: number): void {
    if (this.measuredAcks.counter < acked) this.measures.onAcked(this.measuredAcks, acked, nowWallMs, this.sidKey);
  }

  /** What gathered in this turn goes to the socket. */
  onFlush(nowMs: number): void {
    this.measures.queuedPackets.add(this.sidKey, 0, this.sidKey.length, this.out.packetCount);
    if (this.queuedSinceMs === NOT_QUEUED) this.queuedSinceMs = nowMs;
  }

  /** The system has taken everything. */
  onQueueEmpty(nowMs: number): void {
    if (this.queuedSinceMs === NOT_QUEUED) return;
    this.measures.queueTime.add(this.sidKey, 0, this.sidKey.length, nowMs - this.queuedSinceMs);
    this.queuedSinceMs = NOT_QUEUED;
  }

  /** `lastZxid...`: the last one proposed to it. */
  report(socket: PeerSocket, sid: number, lastZxidHi: number, lastZxidLo: number): LearnerReport {
    const { out } = this;
    const meanBytes = out.sentBytes === 0 ? 1 : out.sentBytes / out.sentCount;
    const queuedBytes = out.length + socket.queuedBytes;
    return {
      address: socket.remoteAddress,
      port: socket.remotePort,
      sid,
      establishedMs: this.establishedMs,
      queuedPackets: Math.ceil(queuedBytes / meanBytes),
      queuedBytes,
      packetsReceived: this.packetsReceived,
      packetsSent: out.sentCount - this.packetsSentBefore,
      requests: this.requestsReceived,
      lastZxidHi,
      lastZxidLo,
    };
  }

  reset(): void {
    this.packetsReceived = 0;
    this.requestsReceived = 0;
    this.packetsSentBefore = this.out.sentCount;
  }
}
