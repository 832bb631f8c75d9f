/**
 * What the quorum peer tells of itself when it is asked (`onControl` of its actor): for admin commands and four-letter words. Plain
 * cloneable data; made on the quorum peer's thread, read on the main thread. Nothing is decided by it.
 */

/** What may be asked. `members`: the committed configuration's text. */
export const PeerRequest = { members: 'members', report: 'report', resetObservers: 'reset-observers' } as const;
export type PeerRequest = (typeof PeerRequest)[keyof typeof PeerRequest];

/** As operators know them (QuorumPeer.ZabState). */
export type ZabState = 'election' | 'discovery' | 'synchronization' | 'broadcast';

export interface PeerReport {
  readonly members: string;
  readonly zabState: ZabState;
  /** Of a leader, and of a follower that serves some: those behind NEWLEADER. */
  readonly observers: readonly LearnerReport[];
}

/** Counts since the connection began, or since they were reset. */
export interface LearnerReport {
  readonly address: string;
  readonly port: number;
  readonly sid: number;
  /** Monotonic. */
  readonly establishedMs: number;
  /** By the mean size of a packet. */
  readonly queuedPackets: number;
  readonly queuedBytes: number;
  readonly packetsReceived: number;
  readonly packetsSent: number;
  readonly requests: number;
  readonly lastZxidHi: number;
  readonly lastZxidLo: number;
}
