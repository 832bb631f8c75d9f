/**
 * Discovery on the leader's side (ensemble-protocol 5.3), from numbers alone: which epoch is begun, and whether a quorum of
 * those that promised it has no later history than the leader. Owned by the Leader of one term; nothing is ever taken back.
 *
 *   epoch     1 + the highest epoch that anybody who called has accepted, whoever that is; fixed once the callers that vote,
 *             this server among them, are a quorum
 *   electing  voters whose last (epoch, zxid) is no later than the leader's
 */
import { compareSigned } from '../base/int64.js';
import type { QuorumVerifier } from '../election/quorum-verifier.js';

/** Behind it there is no number left for another one. */
const EPOCH_MAX = 0x7fffffff;

export class EpochDiscovery {
  epoch = -1;
  isFixed = false;
  private readonly myId: number;
  private readonly connecting = new Set<number>();
  private readonly electing = new Set<number>();

  constructor(myId: number) {
    this.myId = myId;
  }

  /** Somebody who has accepted this epoch calls; false: no epoch is left above it, and its caller cannot be served. */
  propose(sid: number, acceptedEpoch: number, isVoter: boolean): boolean {
    if (acceptedEpoch >= EPOCH_MAX) return false;
    if (this.isFixed) return true;
    if (acceptedEpoch >= this.epoch) this.epoch = acceptedEpoch + 1;
    if (isVoter) this.connecting.add(sid);
    return true;
  }

  /** The caller makes the epoch durable before it tells anybody, and says `fix` when it is. */
  hasCallers(config: QuorumVerifier): boolean {
    return this.connecting.has(this.myId) && config.containsQuorum(this.connecting);
  }

  fix(): void {
    this.isFixed = true;
  }

  countEpochAck(sid: number): void {
    this.electing.add(sid);
  }

  hasEpochAcks(config: QuorumVerifier): boolean {
    return this.electing.has(this.myId) && config.containsQuorum(this.electing);
  }
}

/** Whether a history that ends with this epoch and zxid is later than the other. */
export function isLaterHistory(
  epoch: number,
  zxidHi: number,
  zxidLo: number,
  otherEpoch: number,
  otherHi: number,
  otherLo: number,
): boolean {
  if (epoch !== otherEpoch) return epoch > otherEpoch;
  return compareSigned(zxidHi, zxidLo, otherHi, otherLo) > 0;
}
