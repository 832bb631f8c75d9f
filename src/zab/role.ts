/**
 * What a server is while it is not looking for a leader, as the quorum peer sees it: Leader, or Learner (Follower, Observer).
 *
 * A role is made by `QuorumPeerActor` when an election has decided, lives on its thread, and is closed by it: when `onOver` was
 * called, when the server stops, or when a new configuration ends it. It is a state machine on what `RoleHost` gives it: no
 * clock, no socket, no file of its own. After `close` it is told nothing more and says nothing more.
 */
import type { Logger } from '../actor/logger.js';
import type { Clock } from '../base/clock.js';
import type { PeerNetwork } from '../election/peer-network.js';
import type { ConfigView } from './config-view.js';
import type { LearnerHandler } from './learner-handler.js';
import type { ZabState } from './peer-report.js';
import type { PipelinePort } from './pipeline-port.js';
import type { ProposalHistory } from './proposal-history.js';
import type { RoleFigures } from './role-figures.js';
import type { ZabMeasures } from './zab-measures.js';

/** The two numbers on the disk (5.4). Both calls return when it is durable, and throw when it cannot be. */
export interface Epochs {
  readonly acceptedEpoch: number;
  readonly currentEpoch: number;
  setAcceptedEpoch(epoch: number): void;
  setCurrentEpoch(epoch: number): void;
}

/** Milliseconds, and ticks where it says so (2.4). */
export interface QuorumTiming {
  readonly tickMs: number;
  readonly initLimitTicks: number;
  readonly syncLimitTicks: number;
  /** 0: initLimit. */
  readonly connectLimitTicks: number;
  readonly connectRetryMs: number;
  /** Negative: no limit of its own. */
  readonly epochWaitMsMax: number;
}

export interface RoleHost {
  readonly myId: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly network: PeerNetwork;
  readonly epochs: Epochs;
  readonly timing: QuorumTiming;
  readonly configs: ConfigView;
  /** What this server knows of transactions: committed ones, and those that are proposed. */
  readonly history: ProposalHistory;
  /** What operators are told of all this. */
  readonly measures: ZabMeasures;
  /** The way into this server's own pipeline. */
  readonly line: PipelinePort;

  /** The role serves clients (BROADCAST). `epoch` becomes the peerEpoch of the current vote. */
  onBroadcast(epoch: number): void;
  /** The role is over, for this reason (one clear sentence); called once, at any moment, also from within a callback. */
  onOver(reason: string): void;
  /** Asks for a turn with `onBatchEnd`, from a socket's callback. */
  requestTurn(): void;
}

export interface Role {
  /** For reports. */
  readonly zabState: ZabState;
  /** For reports: the links of those that learn from this server. */
  readonly learners: Iterable<LearnerHandler>;
  /** A record of prep's line: a transaction (leader), what is to be forwarded (learner), what only keeps its place. */
  onLine(type: number, bytes: Uint8Array, words: Int32Array, offset: number, length: number): void;
  /** This server's log is on the disk up to there. */
  onDurable(zxidHi: number, zxidLo: number): void;
  /** The final stage has done what a record of this type asked for; `error` is an ErrorCode. */
  onDone(type: number, zxidHi: number, zxidLo: number, error: number): void;
  /** About every 10 ms, or a twentieth of a tick if that is longer. */
  onTick(nowMs: number): void;
  /** Once per turn: one write per socket, one `committed` record. */
  onBatchEnd(): void;
  /** The members have changed (9.5): addresses are those of `RoleHost.configs` now. */
  onConfigsChanged(): void;
  /** What it shows of itself to operators, now and then. */
  showFigures(figures: RoleFigures): void;
  close(): void;
}
