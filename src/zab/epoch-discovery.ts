/**
 * Discovery on the leader's side (ensemble-protocol 5.3), from numbers alone: which epoch is begun, and whether a quorum of
 * those that promised it has no later history than the leader; where not, whether what comes later can have been committed. Owned
 * by the Leader of one term; nothing is ever taken back.
 *
 *   epoch     1 + the highest epoch that anybody who called has accepted, whoever that is; fixed once the callers that vote,
 *             this server among them, are a quorum
 *   electing  voters whose last (epoch, zxid) is no later than the leader's
 *   ahead     voters of proposed members that have promised the epoch, and whose is later: nobody asked for it when they voted
 *
 * A quorum commits nothing behind the leader's history if it has anybody of `electing` in it, now or ever. So once the voters that
 * are not of `electing` are no quorum among themselves, what those of `ahead` have more was never committed, and they may forget it.
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
  private readonly ahead = new Set<number>();

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

  countEpochAckAhead(sid: number): void {
    this.ahead.add(sid);
  }

  hasEpochAcks(config: QuorumVerifier): boolean {
    const { electing, ahead } = this;
    if (!electing.has(this.myId)) return false;
    if (config.containsQuorum(electing)) return true;
    const others = config.members.map(({ sid }) => sid).filter((sid) => !electing.has(sid));
    return config.containsQuorum(new Set([...electing, ...ahead])) && !config.containsQuorum(new Set(others));
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
