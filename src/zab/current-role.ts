/**
 * The role of the moment, from its opening to its end, as the quorum peer holds it: at most one, and what a role says or is told
 * behind its own end counts for nothing.
 *
 *   none --open--> open --over, by whatever fails--> over --close, when the line is empty--> none
 *
 * On the quorum peer's thread. A role calls itself over at any moment, also from within a call of its own; what follows from that
 * waits until the turn asks (`takeEnd`). A disk that refuses an epoch ends a role, and nothing else: it may be tried again
 * (ZOOKEEPER-2307).
 */
import { EpochFileError } from '../persistence/epoch-files.js';
import type { OpenedRole } from './open-role.js';
import type { Decision } from './quorum-peer.js';
import type { Role } from './role.js';

export interface RoleEnd {
  /** Whom a reconfiguration has appointed; null: the election decides. */
  readonly appointed: number | null;
  /** Before the next election: a disk that refuses now will hardly do better at once. */
  readonly restMs: number;
}

export class CurrentRole {
  private readonly onOver: (reason: string) => void;
  private opened: OpenedRole | null = null;
  private decision: Decision | null = null;
  private isOver = false;
  private hasToldEnd = true; // Invariant: false only while isOver
  private appointed: number | null = null;
  private restMs = 0;

  /** `onOver`: once for each role, at any moment. */
  constructor(onOver: (reason: string) => void) {
    this.onOver = onOver;
  }

  /** Null while there is none, or it has called itself over. */
  get role(): Role | null {
    return this.isOver ? null : (this.opened?.role ?? null);
  }

  /** What it was opened for; stays until it is closed. */
  get decided(): Decision | null {
    return this.decision;
  }

  get hasEnded(): boolean {
    return this.isOver;
  }

  open(decision: Decision, make: () => OpenedRole): void {
    this.decision = decision;
    this.isOver = false;
    this.hasToldEnd = true;
    this.appointed = null;
    this.guarded(() => {
      this.opened = make();
    });
  }

  close(): void {
    this.opened?.role.close();
    this.opened = null;
    this.decision = null;
  }

  /** Everything that a role is told. */
  guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof EpochFileError)) throw error;
      this.over(error.message);
    }
  }

  over(reason: string): void {
    if (this.isOver) return;
    this.isOver = true;
    this.hasToldEnd = false;
    this.onOver(reason);
  }

  onVoterLooking(sid: number): void {
    if (!this.isOver) this.opened?.onVoterLooking(sid);
  }

  /** A reconfiguration ends it, and this is who leads then. */
  appoint(leader: number): void {
    this.appointed = leader;
  }

  restBeforeNext(ms: number): void {
    this.restMs = ms;
  }

  /** Once behind each end; null: nothing has ended. */
  takeEnd(): RoleEnd | null {
    if (this.hasToldEnd) return null;
    this.hasToldEnd = true;
    const { appointed, restMs } = this;
    this.appointed = null;
    this.restMs = 0;
    return { appointed, restMs };
  }
}
