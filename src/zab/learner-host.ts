/**
 * What a learner needs beyond what every role does: what it is to be, and the ways of a member whose files are not what they
 * were (a log that lost its end, or that cannot be cut back to where the leader stands).
 *
 * The quorum peer implements it, on its thread, and keeps the two flags across roles.
 */
import type { SyncLimits } from './learner-links.js';
import type { RoleHost } from './role.js';
import type { TouchedSessions } from './session-touches.js';
import type { SyncSources } from './sync-sources.js';

export interface LearnerHost extends RoleHost {
  /**
   * Only a whole database will do: one that cannot be cut back to where the leader stands, or that lost too much. Until
   * `onSynchronized`, over as many roles as it takes.
   */
  readonly needsSnapshot: boolean;
  /** This member has acknowledged more than it has (a log that lost its end): what it says counts nowhere until it is synchronized. */
  readonly isUncounted: boolean;

  onNeedsSnapshot(): void;
  /**
   * What NEWLEADER stands for is durable here, up to this zxid, and currentEpoch says so; the acknowledgement leaves when this
   * returns. The sync mark is set anew, and the member counts again. A throw ends the role.
   */
  onSynchronized(epoch: number, zxidHi: number, zxidLo: number): void;
}

/** observerMasterPort > 0, which it must be on all servers: followers serve observers (8.2). */
export interface ObserverMasterOptions extends SyncLimits {
  readonly port: number;
  /** quorumListenOnAllIPs */
  readonly listenOnAllIps: boolean;
  /** zookeeper.observer.reconnectDelayMs: an observer's pause, at most, when it has tried all masters. */
  readonly reconnectMsMax: number;
  readonly sources: SyncSources;
  /** From 0 to below 1. */
  chance(): number;
}

export interface LearnerOptions {
  readonly kind: 'follower' | 'observer';
  /** Sid. */
  readonly leader: number;
  /** jute.maxbuffer and its extra. */
  readonly partBytesMax: number;
  readonly touched: TouchedSessions;
  /** syncEnabled; false: once it is up to date, an observer logs nothing, and has what it had then when the role is over. */
  readonly isLogging: boolean;
  /** Null: observers are the leader's alone. */
  readonly observerMaster: ObserverMasterOptions | null;
}
