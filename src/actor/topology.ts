/**
 * Which actors there are and which mailboxes join them: plain cloneable data, sent to every thread as it is.
 * The order of the actors is the order in which they start (left to right) and the reverse of that in which they stop,
 * and within one thread the order in which they are fed. Says nothing about threads: that is `placement.ts`.
 */

export const ChildPolicy = { restart: 'restart', fatal: 'fatal' } as const;
/** restart: made anew, alone. fatal: its failure is the end of the process. */
export type ChildPolicy = (typeof ChildPolicy)[keyof typeof ChildPolicy];

export interface ActorSpec {
  readonly name: string;
  /** What the factory is asked for; several actors may be of one kind. */
  readonly kind: string;
  readonly policy: ChildPolicy;
  /** Plain cloneable data for `ActorContext.config`. */
  readonly config?: unknown;
}

export interface LinkSpec {
  /** The producing actor and the consuming one. */
  readonly from: string;
  readonly to: string;
  /** The producer's name for it; default: `to`. */
  readonly outbox?: string;
  /** The consumer's name for it; default: `from`. */
  readonly inbox?: string;
  /** Size of the ring, a power of two; within one thread the point above which `hasRoom` says no. */
  readonly capacityBytes?: number;
}

export interface Topology {
  readonly actors: readonly ActorSpec[];
  readonly links: readonly LinkSpec[];
}
