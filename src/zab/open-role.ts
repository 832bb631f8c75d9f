/**
 * How a decision becomes a role: the port by which the quorum peer asks its server for one (server/member-roles.ts knows of what each
 * is made). On the quorum peer's thread.
 */
import type { LearnerHost } from './learner-host.js';
import type { Decision } from './quorum-peer.js';
import type { Role } from './role.js';

/** What a role is made of beyond its host. */
export interface RoleOpening {
  readonly decision: Decision;
  /** Voters by whose votes this was decided; empty after an appointment. */
  readonly supporters: ReadonlySet<number>;
  /** The leader's quorum port is open. */
  onQuorumPortOpen(): void;
}

export interface OpenedRole {
  readonly role: Role;
  /** Of a leader: this voter looks for another one. */
  onVoterLooking(sid: number): void;
}

export type OpenRole = (host: LearnerHost, opening: RoleOpening) => OpenedRole;
