/**
 * The configurations of a member (election/config-pair.ts) as its roles see them, who say what becomes of a proposed one.
 *
 * Owned by the quorum peer, which alone changes them, with their files; read by the roles.
 */
import type { ConfigPair } from '../election/config-pair.js';
import type { QuorumVerifier } from '../election/quorum-verifier.js';

export interface ConfigView extends ConfigPair {
  /** Throws what the files would throw if this were proposed: while it is only asked for, it can still be refused. */
  rehearse(config: QuorumVerifier): void;
  /**
   * Written to the disk before it returns (reconfiguration enabled); ignored when it is no newer. Throws what the files throw, and
   * then it was not seen: a role must not acknowledge it.
   */
  seen(config: QuorumVerifier): void;
  /**
   * 5.7: `config` is what the leader of that epoch tells in NEWLEADER. Proposed members of earlier epochs that it does not know were
   * never committed and never will be: they are forgotten. Those of this epoch are its own. Throws as `seen` does.
   */
  adopt(config: QuorumVerifier, epoch: number): void;
  /**
   * 9.5: `config` is committed; files, `/zookeeper/config` and addresses follow. True: a major change (own role, or the leader),
   * which ends the role. `designatedLeader` null: none was named.
   */
  activate(config: QuorumVerifier, designatedLeader: number | null, zxidHi: number, zxidLo: number): boolean;
}
