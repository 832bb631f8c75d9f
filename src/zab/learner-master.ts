/**
 * LearnerMaster: who serves learners, as the links of its learners see it (learner-handler.ts): the leader, or a follower that
 * serves observers. What concerns one learner its link knows; what concerns more than one it tells its master.
 *
 * All calls on the quorum peer's thread, within a turn or a socket's callback; none of them waits.
 */
import type { Logger } from '../actor/logger.js';
import type { SeldomLogger } from '../actor/seldom-logger.js';
import type { LearnerHandler } from './learner-handler.js';
import type { PipelinePort } from './pipeline-port.js';
import type { QuorumTiming } from './role.js';
import type { ZabMeasures } from './zab-measures.js';

/** Where learners' requests go: a leader's own pipeline, or for an observer master the leader. */
export type RequestInlet = Pick<PipelinePort, 'hasRoomForRequests' | 'forwarded' | 'touch'>;

export interface LearnerMaster {
  readonly epoch: number;
  /** Counter of the last zxid that was proposed in this epoch. */
  readonly lastProposed: number;
  readonly tick: number;
  readonly nowMs: number;
  readonly timing: QuorumTiming;
  readonly measures: ZabMeasures;
  /** PINGs sent now are of this round; 0: of none. */
  readonly pingRound: number;
  readonly line: RequestInlet;
  readonly log: Logger;
  /** For what anybody can cause who finds the port. */
  readonly strangerLog: SeldomLogger;

  /** It has said who it is. */
  onLearnerInfo(link: LearnerHandler): void;
  /** ACKEPOCH: the epoch of its history, -1 if it has promised this one before. */
  onEpochAck(link: LearnerHandler, epoch: number): void;
  /** Everything committed is in its buffer; what comes next is NEWLEADER and what is proposed. */
  onCaughtUp(link: LearnerHandler): void;
  onNewLeaderAck(link: LearnerHandler): void;
  /** `acked` has grown. */
  onAck(): void;
  /** It has answered the PING of the round. */
  onRoundAnswered(): void;
  onGone(link: LearnerHandler): void;
  nextAnonymousSid(): number;
  requestTurn(): void;
}
