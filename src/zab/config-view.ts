/**
 * The two configurations that a server knows at any moment (ensemble-protocol 9.1): the committed one, by which quorums are
 * counted and peers are found, and the last one seen, which may be proposed only. While the last seen is newer, a quorum has to
 * be one in both.
 *
 * Owned by the quorum peer, which alone changes them, with their files; read by the election and by the roles.
 */
import type { QuorumVerifier } from '../election/quorum-verifier.js';

export interface ConfigView {
  readonly committed: QuorumVerifier;
  /** The committed one when none is pending. */
  readonly lastSeen: QuorumVerifier;

  /**
   * Written to the disk before it returns (reconfiguration enabled); ignored when it is no newer. Throws what the files throw, and
   * then it was not seen: a role must not acknowledge it.
   */
  seen(config: QuorumVerifier): void;
  /**
   * 9.5: `config` is committed; files, `/zookeeper/config` and addresses follow. True: a major change (own role, or the leader),
   * which ends the role. `designatedLeader` null: none was named.
   */
  activate(config: QuorumVerifier, designatedLeader: number | null, zxidHi: number, zxidLo: number): boolean;
}
