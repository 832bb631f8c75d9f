/**
 * The quorum peer of a member (QuorumPeer): what stands between its own pipeline, the election and its peers.
 *
 * Owns the two epochs, the configurations, the history of transactions and the role of the moment, with the sockets of that
 * role; lives on an event-loop thread. What to do when is `quorum-peer.ts`'s; what a role does is the role's.
 *
 *   prep --txn | pass | echo | request | halt | fence--> [quorum-peer] --the same--> sync, commit
 *   sync --durable--> [quorum-peer]        final --done--> [quorum-peer]        election <--> [quorum-peer]
 *
 * It must never let a record of one role reach another one: between the end of a role and prep's halt behind it everything that
 * comes out of prep is sent back with ConnectionLoss, and no transaction of it is logged.
 */
import type { Actor, ActorContext } from '../actor/actor.js';
import type { MailboxSender, RecordHandler } from '../actor/mailbox/mailbox.js';
import { assert } from '../base/assert.js';
import {
  type Elected,
  ElectionRecord,
  readElected,
  readGossip,
  readVoterLooking,
  sendAnnounce,
  sendAppoint,
  sendConfigs,
  sendEstablished,
  sendLeave,
  sendLook,
} from '../election/election-records.js';
import { QuorumConfigError } from '../election/member-text.js';
import type { PeerNetwork } from '../election/peer-network.js';
import { parseQuorumConfigText } from '../election/quorum-config-text.js';
import type { QuorumVerifier } from '../election/quorum-verifier.js';
import { PeerState } from '../election/vote.js';
import { CommittedLog } from '../persistence/committed-log.js';
import type { DataDirectories } from '../persistence/data-directories.js';
import { EpochFileError, EpochFiles } from '../persistence/epoch-files.js';
import type { FileStore } from '../persistence/file-store.js';
import {
  RecordType,
  ServerRole,
  WORD_ERROR,
  WORD_LENGTH_A,
  WORD_OP,
  WORD_SHARD,
  WORD_ZXID_HI,
  WORD_ZXID_LO,
} from '../processor/pipeline-records.js';
import { ErrorCode } from '../protocol/error-code.js';
import { CurrentRole } from './current-role.js';
import type { LearnerHandler, LinkState } from './learner-handler.js';
import type { LearnerHost } from './learner-host.js';
import { readLoggedHistory } from './logged-history.js';
import type { OpenRole } from './open-role.js';
import { PeerEpochs } from './peer-epochs.js';
import { PeerFigures } from './peer-figures.js';
import { tellClientAddress } from './peer-record.js';
import { type PeerReport, PeerRequest } from './peer-report.js';
import { PeerStateLog } from './peer-state-log.js';
import type { PeerStatus } from './peer-status.js';
import { PipelinePort } from './pipeline-port.js';
import { ProposalHistory } from './proposal-history.js';
import { QuorumConfigs, type QuorumConfigsOptions } from './quorum-configs.js';
import { type Decision, type PeerPhase, QuorumPeer } from './quorum-peer.js';
import type { QuorumTiming } from './role.js';
import { ZabMeasures } from './zab-measures.js';

export interface QuorumPeerActorParts {
  readonly myId: number;
  readonly network: PeerNetwork;
  /** Of all members, committed and proposed, at the start and whenever they change. */
  onMemberHosts(hosts: readonly string[]): void;
  readonly fileStore: FileStore;
  readonly directories: DataDirectories;
  readonly timing: QuorumTiming;
  readonly committed: QuorumVerifier;
  /** Proposed when this member ended, perhaps not committed. */
  readonly lastSeen: QuorumVerifier | null;
  readonly configs: Omit<QuorumConfigsOptions, 'myId' | 'log'>;
  readonly status: PeerStatus;
  readonly shardCount: number;
  /** How many transactions, and how many bytes of them, are kept for learners that miss a few. */
  readonly committedLogCount: number;
  readonly committedLogBytesMax: number;
  /** Infinity: never. */
  readonly readOnlyAfterMs: number;
  readonly observerRestMsMax: number;
  /** From 0 to below 1. */
  chance(): number;
  readonly openRole: OpenRole;
  /** A leader's state up to this zxid is durable here, whatever this member had acknowledged before. */
  onSynchronized(zxidHi: number, zxidLo: number): void;
}

/** An observer that is reported is served: it has its database. */
const BEHIND_NEW_LEADER: readonly LinkState[] = ['newLeader', 'acknowledged', 'streaming'];
const TICKS_PER_TICK = 20;
const TICK_MIN_MS = 10;

export class QuorumPeerActor implements Actor {
  readonly inboxes: Record<string, RecordHandler>;
  readonly alwaysDrains = ['sync', 'final', 'election'] as const;
  readonly tickMs: number;

  private readonly context: ActorContext;
  private readonly parts: QuorumPeerActorParts;
  private readonly line: PipelinePort;
  private readonly toElection: MailboxSender;
  private readonly history: ProposalHistory;
  private readonly configs: QuorumConfigs;
  private readonly machine: QuorumPeer;
  private readonly host: LearnerHost;
  private readonly figures: PeerFigures;
  private readonly stateLog: PeerStateLog;
  private readonly measures: ZabMeasures;
  private readonly epochs: PeerEpochs;
  private readonly current: CurrentRole;
  /** Of the decision that the next role is opened for. */
  private supporters: ReadonlySet<number> = new Set();
  /** Not yet told to the election and the role. */
  private haveConfigsChanged = false;
  private restartsElection = false;
  /** Only a whole database from a leader will do, over as many roles as it takes. */
  private needsSnapshot = false;

  constructor(context: ActorContext, parts: QuorumPeerActorParts) {
    this.context = context;
    this.parts = parts;
    this.tickMs = Math.max(TICK_MIN_MS, Math.floor(parts.timing.tickMs / TICKS_PER_TICK));
    this.line = new PipelinePort(context);
    this.stateLog = new PeerStateLog(context.log);
    this.current = new CurrentRole((reason) => this.onOver(reason));
    this.epochs = new PeerEpochs(() => this.current.restBeforeNext(parts.timing.tickMs));
    this.toElection = context.outbox('election');
    this.measures = new ZabMeasures(context);
    this.history = new ProposalHistory(new CommittedLog(parts.committedLogCount, parts.committedLogBytesMax));
    this.configs = new QuorumConfigs(
      parts.committed,
      parts.lastSeen,
      { ...parts.configs, myId: parts.myId, log: context.log },
      {
        currentLeader: () => this.current.decided?.leader ?? null,
        onChanged: (areMembersOthers) => this.onConfigsChanged(areMembersOthers),
        onClientAddress: (host, clientPort) => tellClientAddress(context.outbox('supervisor'), host, clientPort),
        onAppointed: (leader) => this.current.appoint(leader),
      },
    );
    this.machine = new QuorumPeer(
      {
        look: (zxidHi, zxidLo) => this.look(zxidHi, zxidLo),
        appoint: ({ state, leader }, zxidHi, zxidLo) => sendAppoint(this.toElection, state, leader, zxidHi, zxidLo),
        openRole: (decision) => this.openRole(decision),
        closeRole: () => this.current.close(),
        haltPrep: () => this.line.haltPrep(),
        haltLine: () => this.line.halt(),
        settle: () => this.line.settle(),
        serveReadOnly: () => this.serveReadOnly(),
        phaseChanged: (phase) => this.onPhase(phase),
      },
      {
        shardCount: parts.shardCount,
        readOnlyAfterMs: parts.readOnlyAfterMs,
        restMs: () => Math.floor(parts.chance() * parts.observerRestMsMax),
      },
    );
    this.host = this.makeHost();
    this.figures = new PeerFigures(context, this.history);
    this.inboxes = {
      sync: (_type, _bytes, words, offset) => this.onDurable(words, offset >> 2),
      final: (_type, _bytes, words, offset) => this.onDone(words, offset >> 2),
      election: (type, bytes, words, offset) => this.onElection(type, bytes, words, offset),
      prep: (type, bytes, words, offset, length) => this.onLine(type, bytes, words, offset, length),
    };
  }

  onBatchEnd(): void {
    if (this.haveConfigsChanged) this.tellConfigs();
    const { role } = this.current;
    if (role !== null) this.current.guarded(() => role.onBatchEnd());
    this.endRoleIfOver();
  }

  onMeasured(records: number, tookMs: number, nowMs: number): void {
    this.measures.onMeasured(records, tookMs);
    this.figures.stamp(nowMs);
  }

  onTick(nowMs: number): void {
    const { role } = this.current;
    if (role !== null) {
      this.current.guarded(() => role.onTick(nowMs));
      // What it has to say for a tick leaves with it.
      this.context.requestTurn();
    }
    this.endRoleIfOver();
    this.machine.onTick(nowMs);
    this.showFigures();
  }

  onControl(request: unknown): unknown {
    switch (request as PeerRequest) {
      case PeerRequest.members:
        return this.configs.committed.toText();
      case PeerRequest.report:
        return this.report();
      case PeerRequest.resetObservers:
        for (const link of this.observerLinks()) link.resetStatistics();
        return null;
    }
  }

  private report(): PeerReport {
    return {
      members: this.configs.committed.toText(),
      zabState: this.current.role?.zabState ?? 'election',
      observers: this.observerLinks().map((link) => link.report()),
    };
  }

  private observerLinks(): LearnerHandler[] {
    const { role } = this.current;
    if (role === null) return [];
    return [...role.learners].filter(({ isObserver, state }) => isObserver && BEHIND_NEW_LEADER.includes(state));
  }

  onStop(): void {
    this.current.close();
    this.parts.network.close();
  }

  // ---- from the pipeline

  private onLine(type: number, bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    if (type === RecordType.halt) {
      this.machine.onHaltOfPrep();
      return;
    }
    if (type === RecordType.fence) {
      this.machine.onFence(words[(offset >> 2) + WORD_SHARD] as number);
      return;
    }
    const { role } = this.current;
    if (role === null) {
      // A read-only server has no role in the ensemble, and nothing in its line but reads and refusals.
      if (this.machine.phase === 'readOnly') this.line.passOn(type, bytes, offset, length);
      // What is to be judged prep keeps, and gives back itself.
      else if (type !== RecordType.judge) this.line.giveBack(words, offset);
      return;
    }
    if (type === RecordType.txn) this.figures.onProposal(words[(offset >> 2) + WORD_LENGTH_A] as number);
    this.current.guarded(() => role.onLine(type, bytes, words, offset, length));
  }

  private onDurable(words: Int32Array, at: number): void {
    const { role } = this.current;
    if (role === null) return;
    this.current.guarded(() => role.onDurable(words[at + WORD_ZXID_HI] as number, words[at + WORD_ZXID_LO] as number));
  }

  private onDone(words: Int32Array, at: number): void {
    const zxidHi = words[at + WORD_ZXID_HI] as number;
    const zxidLo = words[at + WORD_ZXID_LO] as number;
    const error = words[at + WORD_ERROR] as number;
    const type = words[at + WORD_OP] as number;
    switch (type) {
      case RecordType.loaded:
        this.onLoaded(zxidHi, zxidLo);
        break;
      case RecordType.halt:
        this.machine.onHalted();
        break;
      case RecordType.settle:
        this.onSettled(zxidHi, zxidLo, error);
        break;
      default: {
        const { role } = this.current;
        // The tree is another one, with a node of whoever wrote it.
        if ((type === RecordType.snapEnd || type === RecordType.truncate) && error === ErrorCode.Ok)
          this.writeConfigNode();
        if (role !== null) this.current.guarded(() => role.onDone(type, zxidHi, zxidLo, error));
        else if (type === RecordType.serve && this.machine.phase === 'readOnly') {
          this.stateLog.onReadOnly();
          this.parts.status.setServing(ServerRole.readOnly, this.epochs.currentEpoch);
        }
      }
    }
  }

  private onLoaded(zxidHi: number, zxidLo: number): void {
    const { fileStore, directories } = this.parts;
    try {
      this.epochs.open(new EpochFiles(fileStore, directories.snapshotDirectory, zxidHi, zxidLo));
    } catch (error) {
      if (!(error instanceof EpochFileError)) throw error;
      this.context.fatal(error);
      return;
    }
    this.readHistory(zxidHi, zxidLo);
    this.forgetUnlogged(zxidHi, zxidLo);
    this.writeConfigNode();
    this.tellConfigs();
    this.machine.onLoaded(zxidHi, zxidLo, this.context.clock.monotonicMs());
  }

  private onSettled(zxidHi: number, zxidLo: number, error: number): void {
    if (error !== ErrorCode.Ok) {
      this.context.fatal(new Error(`the database cannot be brought to the end of its log (error ${error})`));
      return;
    }
    const { history } = this;
    if (history.lastProposedHi === zxidHi && history.lastProposedLo === zxidLo) history.commitAll();
    // The role ended while it was being sent a database: what was on the disk before is what there is.
    else {
      this.readHistory(zxidHi, zxidLo);
      this.writeConfigNode();
    }
    this.forgetUnlogged(zxidHi, zxidLo);
    this.machine.onSettled(zxidHi, zxidLo, this.context.clock.monotonicMs());
  }

  /** What this member has lost, it may have acknowledged. */
  private forgetUnlogged(endHi: number, endLo: number): void {
    if (!this.parts.status.owesTail) this.configs.forgetUnlogged(this.epochs.currentEpoch, endHi, endLo);
  }

  private writeConfigNode(): void {
    const { committed } = this.configs;
    const isForced = !this.parts.configs.isReconfigEnabled;
    this.line.config(committed.toText(), committed.versionHi, committed.versionLo, isForced);
  }

  private readHistory(zxidHi: number, zxidLo: number): void {
    const { fileStore, directories, committedLogCount } = this.parts;
    readLoggedHistory(this.history, fileStore, directories, zxidHi, zxidLo, committedLogCount);
  }

  // ---- from the election

  private onElection(type: number, bytes: Uint8Array, words: Int32Array, offset: number): void {
    switch (type) {
      case ElectionRecord.elected:
        this.onElected(readElected(words, offset));
        break;
      case ElectionRecord.gossip:
        this.onGossip(bytes, words, offset);
        break;
      case ElectionRecord.voterLooking:
        this.current.onVoterLooking(readVoterLooking(words, offset));
        break;
      default:
        assert(false, `the election sends no records of type ${type}`);
    }
  }

  private onElected({ state, vote, supporters, elapsedMs }: Elected): void {
    this.stateLog.onElected(state, vote.leader, elapsedMs);
    if (state !== PeerState.observing) this.measures.electionTime.add(elapsedMs);
    this.supporters = new Set(supporters);
    this.machine.onElected({ state, leader: vote.leader });
  }

  /** A peer has newer members than we have committed (4.5): they hold, and the election begins anew among them. */
  private onGossip(bytes: Uint8Array, words: Int32Array, offset: number): void {
    const { text, gaveUp } = readGossip(bytes, words, offset);
    const { phase } = this.machine;
    if (phase === 'looking' || phase === 'readOnly') {
      try {
        this.configs.activate(parseQuorumConfigText(text), null);
      } catch (error) {
        if (!(error instanceof QuorumConfigError)) throw error;
        this.context.log.warn('A peer sent members that make no sense', { error });
      }
    }
    this.restartsElection ||= gaveUp;
    this.tellConfigs();
    if (gaveUp) this.machine.onGivenUp();
  }

  // ---- roles

  private look(zxidHi: number, zxidLo: number): void {
    // A member that owes what it acknowledged asks only: with its vote a majority would prove nothing.
    sendLook(this.toElection, zxidHi, zxidLo, this.epochs.currentEpoch, !this.parts.status.owesTail);
  }

  private openRole(decision: Decision): void {
    this.stateLog.onState(decision.state);
    const { supporters } = this;
    this.supporters = new Set();
    const opening = { decision, supporters, onQuorumPortOpen: () => this.onQuorumPortOpen() };
    this.current.open(decision, () => this.parts.openRole(this.host, opening));
    this.context.requestTurn();
  }

  private endRoleIfOver(): void {
    if (this.machine.phase !== 'role') return;
    const end = this.current.takeEnd();
    if (end === null) return;
    const { appointed, restMs } = end;
    const next = appointed === null ? null : { leader: appointed, state: this.stateUnder(appointed) };
    this.machine.onRoleOver(next, restMs);
  }

  private stateUnder(leader: number): Decision['state'] {
    const { myId } = this.parts;
    if (leader === myId) return PeerState.leading;
    return this.configs.committed.member(myId)?.type === 'observer' ? PeerState.observing : PeerState.following;
  }

  private onQuorumPortOpen(): void {
    if (this.current.decided?.state !== PeerState.leading || this.current.hasEnded) return;
    sendAnnounce(this.toElection);
    this.context.requestTurn();
  }

  private serveReadOnly(): void {
    this.stateLog.beginReadOnly();
    this.line.serve(ServerRole.readOnly, 0, 0);
  }

  private onPhase(phase: PeerPhase): void {
    const { status } = this.parts;
    if (phase === 'draining') {
      status.endRole();
      this.figures.endServing();
    }
    if (phase !== 'role') this.measures.onUnavailable(this.context.clock.monotonicMs());
    if (phase === 'looking') {
      this.measures.lookingCount.increment();
      this.stateLog.onState(PeerState.looking);
      status.setState(PeerState.looking, -1);
    }
    if (phase === 'role' && this.machine.peerState !== PeerState.looking) {
      const leader = this.machine.leader;
      status.setState(this.machine.peerState, leader);
    }
  }

  private showFigures(): void {
    this.figures.show(this.current.role, this.configs.committed.voterCount);
  }

  /** Often from within a call of the role, which is told when that has returned. */
  private onConfigsChanged(areMembersOthers: boolean): void {
    this.writeConfigNode();
    this.haveConfigsChanged = true;
    this.restartsElection ||= areMembersOthers;
    this.context.requestTurn();
  }

  private tellConfigs(): void {
    const { committed, lastSeen } = this.configs;
    const members = [...committed.members, ...lastSeen.members];
    this.parts.onMemberHosts(members.flatMap(({ addresses }) => addresses.map(({ host }) => host)));
    sendConfigs(this.toElection, committed.toText(), lastSeen.toText(), this.restartsElection);
    this.haveConfigsChanged = false;
    this.restartsElection = false;
    this.current.role?.onConfigsChanged();
  }

  /** The role is; what ends with it waits for the end of the turn. */
  private onOver(reason: string): void {
    this.stateLog.onOver(this.machine.peerState, reason);
    // From now on the others are told that there is no leader here, whatever the end of the role takes.
    sendLeave(this.toElection);
    this.context.requestTurn();
  }

  private makeHost(): LearnerHost {
    const { context, parts, history, configs, line, measures } = this;
    const needsSnapshot = (): boolean => this.needsSnapshot;
    const isUncounted = (): boolean => parts.status.owesTail;
    return {
      myId: parts.myId,
      clock: context.clock,
      log: context.log,
      network: parts.network,
      epochs: this.epochs,
      timing: parts.timing,
      configs,
      history,
      measures,
      line,
      get needsSnapshot() {
        return needsSnapshot();
      },
      get isUncounted() {
        return isUncounted();
      },
      onNeedsSnapshot: () => {
        this.needsSnapshot = true;
      },
      onSynchronized: (_epoch, zxidHi, zxidLo) => {
        parts.onSynchronized(zxidHi, zxidLo);
        // Reconfigurations among what it was sent may be older than the members that peers have told of meanwhile.
        this.writeConfigNode();
        parts.status.setOwesTail(false);
        this.needsSnapshot = false;
      },
      onBroadcast: (epoch) => this.onBroadcast(epoch),
      onOver: (reason) => this.current.over(reason),
      requestTurn: () => context.requestTurn(),
    };
  }

  private onBroadcast(epoch: number): void {
    const { peerState } = this.machine;
    if (this.current.hasEnded || peerState === PeerState.looking) return;
    this.figures.beginServing(this.context.clock.monotonicMs());
    this.showFigures();
    this.measures.onBroadcast(this.context.clock.monotonicMs(), peerState === PeerState.leading);
    this.parts.status.setServing(SERVING_AS[peerState], epoch);
    sendEstablished(this.toElection, epoch);
    this.stateLog.onBroadcast(peerState);
  }
}

const SERVING_AS = {
  [PeerState.following]: ServerRole.follower,
  [PeerState.leading]: ServerRole.leader,
  [PeerState.observing]: ServerRole.observer,
} as const;
