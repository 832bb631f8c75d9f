/**
 * How an elected server becomes a leader whom a quorum follows (ensemble-protocol 5.3, 5.8): an epoch that nobody has promised before,
 * promised by a quorum none of which has a later history; then a quorum that has this server's history and says so.
 *
 *   discovery --a quorum has called: the epoch is fixed--> epochAcks --a quorum has promised it--> synchronization
 *                                                          --a quorum has acknowledged NEWLEADER--> established
 *
 * Owned by the Leader, on the quorum peer's thread; nothing is ever taken back. What it tells others is made durable first: the
 * accepted epoch before LEADERINFO, the current epoch before any acknowledgement of NEWLEADER counts. A disk that fails throws
 * RoleFault: the term is over, and the next one tries again.
 */
import { hex64 } from '../base/int64.js';
import { isNewerConfig, memberOfEither, verifiersOf } from '../election/config-pair.js';
import type { QuorumVerifier } from '../election/quorum-verifier.js';
import { designatedLeader } from './designated-leader.js';
import { EpochDiscovery, isLaterHistory } from './epoch-discovery.js';
import type { LeaderBroadcast } from './leader-broadcast.js';
import type { LearnerHandler } from './learner-handler.js';
import type { LearnerLinks } from './learner-links.js';
import type { RoleHost } from './role.js';
import { orRoleFault, RoleFault } from './role-fault.js';

/** A member cannot have been promised to so many leaders that came to nothing: it is of another ensemble, or its file is broken. */
const EPOCHS_AHEAD_MAX = 1000;

export type EstablishmentPhase = 'discovery' | 'epochAcks' | 'synchronization' | 'established';

export class LeaderEstablishment {
  // The end of this server's log before the epoch, with the epoch that had brought it (5.3.1).
  readonly endHi: number;
  readonly endLo: number;
  private readonly endEpoch: number;
  private readonly host: RoleHost;
  private readonly isReconfigEnabled: boolean;
  private readonly links: LearnerLinks;
  private readonly broadcast: LeaderBroadcast;
  private readonly startSync: (link: LearnerHandler) => void;
  private readonly discovery: EpochDiscovery;
  private readonly newLeaderAcks = new Set<number>();
  private newLeaderVerifiers: readonly QuorumVerifier[] = []; // of the time when the epoch was fixed
  private current: EstablishmentPhase = 'discovery';
  private hasBegun = false;

  /** `startSync`: this learner has promised the epoch, and so has a quorum. */
  constructor(
    host: RoleHost,
    isReconfigEnabled: boolean,
    links: LearnerLinks,
    broadcast: LeaderBroadcast,
    startSync: (link: LearnerHandler) => void,
  ) {
    this.host = host;
    this.isReconfigEnabled = isReconfigEnabled;
    this.links = links;
    this.broadcast = broadcast;
    this.startSync = startSync;
    this.endHi = host.history.lastCommittedHi;
    this.endLo = host.history.lastCommittedLo;
    this.endEpoch = host.epochs.currentEpoch;
    this.discovery = new EpochDiscovery(host.myId);
  }

  get phase(): EstablishmentPhase {
    return this.current;
  }

  get epoch(): number {
    return this.discovery.epoch;
  }

  get isEpochFixed(): boolean {
    return this.discovery.isFixed;
  }

  // ---- what learners say

  /** It may follow this server. Throws RoleFault when it cannot, and the term has to end for its sake. */
  onCall(link: LearnerHandler): void {
    const { acceptedEpoch } = link;
    if (this.discovery.isFixed && acceptedEpoch > this.epoch && link.speaksEpochs) {
      this.makeWayFor(link);
      return;
    }
    if (!this.discovery.propose(link.sid, acceptedEpoch, this.isVoting(link))) {
      link.drop(`it has accepted epoch ${acceptedEpoch}, and none is left behind that`);
      return;
    }
    if (this.discovery.isFixed) this.tellEpoch(link);
  }

  /**
   * Its promise, to a leader that came to nothing, bars a member from all leaders of this epoch, for as long as this one leads; and
   * what has been promised is never taken back. So another epoch is begun, behind both.
   */
  private makeWayFor(link: LearnerHandler): void {
    const { sid, acceptedEpoch } = link;
    const { host, epoch } = this;
    if (memberOfEither(host.configs, sid) === undefined || acceptedEpoch - epoch > EPOCHS_AHEAD_MAX) {
      link.drop(`it has accepted epoch ${acceptedEpoch}, and this one is ${epoch}`);
      return;
    }
    const { name } = link;
    durably(() => host.epochs.setAcceptedEpoch(acceptedEpoch));
    throw new RoleFault(`${name} has accepted epoch ${acceptedEpoch}, and follows in none before that: ${epoch} ends`);
  }

  /** `epoch`: of its history; -1 if it has promised this one before, which counts for nothing. */
  onEpochAck(link: LearnerHandler, epoch: number): void {
    this.links.dropOthersOf(link);
    if (this.current !== 'epochAcks') {
      this.startSync(link);
      return;
    }
    if (epoch !== -1) {
      if (!isLaterHistory(epoch, link.lastHi, link.lastLo, this.endEpoch, this.endHi, this.endLo)) {
        if (this.isVoting(link)) this.discovery.countEpochAck(link.sid);
      } else if (this.mayBeAhead(link)) {
        this.discovery.countEpochAckAhead(link.sid);
      } else {
        link.drop(
          `its history, epoch ${epoch} up to 0x${hex64(link.lastHi, link.lastLo)}, is ahead of the leader's, ` +
            `epoch ${this.endEpoch} up to 0x${hex64(this.endHi, this.endLo)}`,
        );
        return;
      }
    }
    link.awaitEpochAcks();
  }

  /** Who observes may be a voter of the proposed members, and nobody else can make those hold. */
  onNewLeaderAck(link: LearnerHandler): void {
    this.newLeaderAcks.add(link.sid);
  }

  // ---- once per turn

  /** Whatever what has happened makes possible; returns the phase. */
  advance(): EstablishmentPhase {
    const { host, discovery } = this;
    if (!this.hasBegun) this.begin();
    // Of proposed members, too: they may have committed what this server does not have, and would be made to forget it.
    const verifiers = verifiersOf(host.configs);
    if (this.current === 'discovery' && verifiers.every((each) => discovery.hasCallers(each))) this.fixEpoch();
    if (this.current === 'epochAcks' && verifiers.every((each) => discovery.hasEpochAcks(each)))
      this.beginSynchronization();
    if (this.current === 'synchronization' && this.isFollowedByQuorum()) this.establish();
    return this.current;
  }

  private begin(): void {
    const { configs, myId, epochs } = this.host;
    this.hasBegun = true;
    if (!this.discovery.propose(myId, epochs.acceptedEpoch, configs.committed.isVoter(myId)))
      throw new RoleFault('no epoch is left behind the one that was accepted');
  }

  private fixEpoch(): void {
    const { host, discovery } = this;
    const { epoch } = discovery;
    durably(() => host.epochs.setAcceptedEpoch(epoch));
    discovery.fix();
    host.log.info(`begins epoch ${epoch} behind 0x${hex64(this.endHi, this.endLo)} of epoch ${this.endEpoch}`);
    const { committed, lastSeen } = host.configs;
    if (this.isReconfigEnabled && isUnversioned(committed) && isUnversioned(lastSeen)) {
      // ZOOKEEPER-1783: the configuration of the files gets a version with the first epoch.
      durably(() => host.configs.seen(committed.withVersion(epoch, 0)));
    }
    this.newLeaderVerifiers = verifiersOf(host.configs);
    discovery.countEpochAck(host.myId);
    this.current = 'epochAcks';
    for (const link of this.links.all()) if (link.state === 'epoch') this.tellEpoch(link);
  }

  private tellEpoch(link: LearnerHandler): void {
    // Servers before 1.0: what they said first is all they say, and its epoch is the one of their history.
    if (link.speaksEpochs) link.leaderInfo();
    else this.onEpochAck(link, link.lastHi);
  }

  private beginSynchronization(): void {
    const { host } = this;
    durably(() => host.epochs.setCurrentEpoch(this.epoch));
    this.newLeaderAcks.add(host.myId);
    this.broadcast.begin(this.epoch, this.newLeaderVerifiers);
    this.current = 'synchronization';
    for (const link of this.links.all()) if (link.state === 'epochAcks') this.startSync(link);
  }

  private establish(): void {
    const { host, epoch } = this;
    host.history.beginEpoch(epoch);
    const { committed, lastSeen } = host.configs;
    if (this.isReconfigEnabled) {
      const merit = (sid: number): number => (this.newLeaderAcks.has(sid) ? 1 : 0);
      const designated = designatedLeader(host.myId, committed, lastSeen, merit);
      host.configs.activate(lastSeen, designated, epoch, 0);
      if (designated !== host.myId) this.broadcast.yield();
      this.broadcast.begin(epoch, verifiersOf(host.configs));
    }
    host.log.info(`is established for epoch ${epoch} by ${[...this.newLeaderAcks].join(', ')}`);
    this.current = 'established';
  }

  private isFollowedByQuorum(): boolean {
    return this.newLeaderVerifiers.every((verifier) => verifier.containsQuorum(this.newLeaderAcks));
  }

  /**
   * A voter of the proposed members alone could not be elected, and gave its vote whatever it has. It waits until the others' histories
   * tell whether that can have been committed; without it the proposed members might never get their quorum.
   */
  private mayBeAhead(link: LearnerHandler): boolean {
    return this.isVoting(link) && !this.host.configs.committed.isVoter(link.sid);
  }

  /** A voter among the proposed members may observe until then. */
  private isVoting({ sid, isObserver }: LearnerHandler): boolean {
    const { committed, lastSeen } = this.host.configs;
    if (!isObserver && committed.isVoter(sid)) return true;
    return isNewerConfig(lastSeen, committed) && lastSeen.isVoter(sid);
  }
}

function durably(write: () => void): void {
  orRoleFault('cannot make it durable', write);
}

function isUnversioned(config: QuorumVerifier): boolean {
  return config.versionHi === 0 && config.versionLo === 0;
}
