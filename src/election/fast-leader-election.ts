/**
 * Fast leader election (ensemble-protocol 4): who leads, from what the voters say. A state machine without clock, socket or
 * random number: what happens to it is a call, what it wants is a call on its port, and the same calls give the same ones back.
 * Owned by ElectionActor, on its thread. Calls on the port never come back in.
 *
 *   LOOKING, no call  --look-->  waiting  --quorum for the proposal-->  finalizing  --200 ms of silence-->  LEADING, FOLLOWING,
 *      ^  ^                       |   ^                                    |                                OBSERVING
 *      |  +--- gossip ------------+   +------- something better -----------+                                    |
 *      +----------------------------------------- leave ------------------------------------------------------+
 *
 * Semantics are the reference's, down to what is stored with which version. Where we do more, no peer can tell it from luck:
 *   1. Who is about to lead does not wait for silence once every voter has voted for it in this round, those left out whose
 *      connection broke since this election began to exist. Who was never connected may be about to be: for those it waits.
 *   2. Who has become leader tells all voters, as soon as its quorum port is open (`announce`). Whoever agrees then decides at
 *      once; nobody of ours dials before the port is there.
 *   3. Who asks while we do not know is answered once more when we do: the others ask again only after 200 ms and more.
 *   4. A new connection to a voter gets the present proposal, and the waiting times begin anew; voters that are not connected are
 *      tried every second, however long the waiting time has become.
 *      So are those whose connection has said nothing for longer and longer: it may lead nowhere, and nobody would ever be told.
 *   5. A server without a vote decides nothing by what LOOKING servers tell: that may be a last vote, for a leader that is gone. But it
 *      takes the best of it for its own and says so: who has seen proposed members that it does not know of, and votes among those,
 *      may need its vote, and would never have it otherwise.
 *   6. A worse vote of the same round is answered with the proposal: its sender may not have seen ours, which came while it still had
 *      a role. Once for each time that the proposal is told, so that two who disagree for good do not shout.
 *   7. Nobody who is not a voter is answered twice within 50 ms: two servers that are strangers to each other would never stop. During a
 *      call the answer is the present proposal.
 *   8. Who has seen proposed members joins a leader that a quorum of the committed ones follows: it may be alone in having seen them.
 *   9. Who votes among the proposed members only has nobody to propose at first, and is followed into its round all the same.
 *  10. Only voters among the committed members are candidates: nobody who knows those alone would ever vote for another.
 */
import { assert } from '../base/assert.js';
import { Fifo } from '../base/fifo.js';
import { Askers } from './askers.js';
import { ConfigGossip } from './config-gossip.js';
import { type ConfigPair, isQuorumOf, isVoterOfEither, votersOfEither } from './config-pair.js';
import type { ElectionPort } from './election-port.js';
import { LinkSilence } from './link-silence.js';
import type { Notification } from './notification.js';
import type { QuorumVerifier } from './quorum-verifier.js';
import { ReceivedVotes } from './received-votes.js';
import { beats, type DecidedState, NOBODY, PeerState, type Vote } from './vote.js';

export interface ElectionSettings {
  readonly notificationMsMin: number;
  readonly notificationMsMax: number;
  /** False: configurations that peers tell are not looked at. */
  readonly reconfigEnabled: boolean;
}

const FINALIZE_WAIT_MS = 200;
const RECONNECT_MS = 1000;
const ARRIVALS_MAX = 100;

interface Arrival {
  readonly sender: number;
  readonly notification: Notification;
}

export class FastLeaderElection {
  private readonly myId: number;
  private readonly port: ElectionPort;
  private readonly settings: ElectionSettings;
  private members: ConfigPair;

  private state: PeerState = PeerState.looking;
  /** Upstream's logicalclock. */
  private round = 0;
  /** Of the last call that decided; before one, for oneself. Null until the first call. */
  private current: Vote | null = null;
  /** Its answer is in the quorum peer's hands: nothing is heard or said until `configs`. */
  private gaveUp = false;
  private readonly gossip: ConfigGossip;
  private readonly askers = new Askers();

  // Of a call.
  private calling = false;
  private callStartMs = 0;
  private mayVote = true;
  private initial: Vote = { leader: NOBODY, zxidHi: 0, zxidLo: 0, round: 0, peerEpoch: NOBODY };
  private proposal: Vote = this.initial;
  private readonly arrivals = new Fifo<Arrival>();
  /** Votes of this round, of version 0 all of them. */
  private readonly recvset = new ReceivedVotes();
  /** Votes of servers that are no longer looking, of any round. */
  private readonly outofelection = new ReceivedVotes();
  /** Sids that were told the proposal anew because their vote was worse. */
  private readonly corrected = new Set<number>();
  private notifyMs = 0;
  private notifyAtMs = 0;
  private reconnectAtMs = 0;
  private finalizing = false;
  private finalizeAtMs = 0;
  private readonly silence = new LinkSilence();

  constructor(
    myId: number,
    port: ElectionPort,
    settings: ElectionSettings,
    committed: QuorumVerifier,
    lastSeen: QuorumVerifier,
  ) {
    this.myId = myId;
    this.port = port;
    this.settings = settings;
    this.members = { committed, lastSeen };
    this.gossip = new ConfigGossip((sid, reason) => port.configUnreadable(sid, reason));
  }

  get committedConfig(): QuorumVerifier {
    return this.members.committed;
  }

  /** Time matters to it. */
  get isCalling(): boolean {
    return this.calling;
  }

  // ---- what the quorum peer says

  get peerState(): PeerState {
    return this.state;
  }

  /** `restart`: the connections are new, and so is everything that was agreed in rounds (9.5). */
  configs(committed: QuorumVerifier, lastSeen: QuorumVerifier, restart: boolean): void {
    this.members = { committed, lastSeen };
    if (!restart) return;
    this.endCall();
    this.round = 0;
    this.gaveUp = false;
    this.gossip.forget();
    this.askers.forgetUnanswered();
    if (this.state === PeerState.looking) this.current = null;
  }

  /** `mayVote` false: what this server has lost must not decide anything; it takes the place that it is given. */
  look(zxidHi: number, zxidLo: number, currentEpoch: number, mayVote: boolean, nowMs: number): void {
    if (this.gaveUp) return;
    this.endCallKeepingArrivals();
    this.state = PeerState.looking;
    this.round += 1;
    this.current ??= { leader: this.myId, zxidHi, zxidLo, round: -1, peerEpoch: currentEpoch };
    this.mayVote = mayVote;
    const isObserver = this.isObserver;
    this.initial = {
      leader: mayVote && this.members.committed.isVoter(this.myId) ? this.myId : NOBODY,
      zxidHi: isObserver ? NOBODY_HI : zxidHi,
      zxidLo: isObserver ? 0 : zxidLo,
      round: this.round,
      peerEpoch: isObserver ? NOBODY : currentEpoch,
    };
    this.calling = true;
    this.callStartMs = nowMs;
    this.askers.outdateAnswers(nowMs);
    this.silence.begin(nowMs);
    this.reconnectAtMs = nowMs + RECONNECT_MS;
    const early: Arrival[] = [];
    for (let arrival = this.arrivals.shift(); arrival !== undefined; arrival = this.arrivals.shift())
      early.push(arrival);
    this.adopt(this.initial, nowMs);
    this.takeArrivals(nowMs);
    for (const { sender, notification } of early) this.onNotification(sender, notification, nowMs);
  }

  /** The role is over; who asks is not told any more of a leader that is gone. */
  leave(): void {
    this.endCall();
    this.state = PeerState.looking;
    this.askers.forgetUnanswered();
  }

  /** This server leads, and can be reached as the leader. */
  announce(): void {
    if (this.state !== PeerState.leading || this.current === null) return;
    for (const sid of this.voters()) if (sid !== this.myId) this.port.send(sid, this.state, this.current);
    this.answerTheUnanswered();
  }

  established(epoch: number): void {
    if (this.current !== null) this.current = { ...this.current, peerEpoch: epoch };
  }

  appoint(state: DecidedState, leader: number, zxidHi: number, zxidLo: number): void {
    this.endCall();
    this.state = state;
    this.current = { leader, zxidHi, zxidLo, round: this.round, peerEpoch: this.current?.peerEpoch ?? 0 };
  }

  // ---- what the network says

  onNotification(sender: number, notification: Notification, nowMs: number): void {
    if (this.gaveUp || this.tookGossip(sender, notification)) return;
    if (!this.isVoter(sender)) {
      this.answerStranger(sender, nowMs);
    } else if (this.state === PeerState.looking) {
      this.silence.onHeard(sender, nowMs);
      this.arrive(sender, notification);
      if (this.calling && notification.state === PeerState.looking && notification.round < this.round) {
        this.port.send(sender, PeerState.looking, this.proposal);
      }
      this.takeArrivals(nowMs);
    } else if (notification.state === PeerState.looking) {
      if (this.state === PeerState.leading) this.port.voterLooking(sender);
      if (this.current === null) return;
      this.askers.onAnswered(sender, nowMs);
      this.port.send(sender, this.state, this.current);
    }
  }

  /** A connection to that server is up, and nothing was sent over it yet. */
  onConnected(sid: number, nowMs: number): void {
    if (!this.calling || !this.isVoter(sid)) return;
    this.silence.onHeard(sid, nowMs);
    this.port.send(sid, PeerState.looking, this.proposal);
    this.notifySoon(nowMs);
  }

  /** The connection to that server broke. */
  onLost(nowMs: number): void {
    if (this.finalizing) this.decideIfCertain(nowMs);
  }

  tick(nowMs: number): void {
    if (!this.calling) return;
    if (this.finalizing) {
      if (nowMs >= this.finalizeAtMs) this.decide(this.proposal, this.supportersOfProposal(), nowMs);
      return;
    }
    if (nowMs >= this.reconnectAtMs) this.reconnect(nowMs);
    if (nowMs < this.notifyAtMs) return;
    if (this.port.haveDelivered()) this.broadcast();
    else this.port.connectAll();
    this.notifyMs = Math.min(this.notifyMs * 2, this.settings.notificationMsMax);
    this.notifyAtMs = nowMs + this.notifyMs;
    this.port.notificationTimedOut?.(this.notifyMs);
    this.takeArrivals(nowMs);
  }

  // ---- the receiver's side, in every state (4.5)

  /** True: the configuration is another one, and the notification is not to be looked at. */
  private tookGossip(sender: number, notification: Notification): boolean {
    // Before a call the quorum peer is busy with the end of a role; what is heard then is looked at when the call begins.
    if (!this.settings.reconfigEnabled || notification.configText === null || !this.calling) return false;
    const { committed } = this.members;
    const config = this.gossip.takeNews(sender, notification.configText, committed);
    if (config === null) return false;
    const differs = !config.equals(committed);
    if (differs) {
      this.endCall();
      this.gaveUp = true;
    }
    this.port.gossip(config, differs);
    return differs;
  }

  /** It may not vote, and is told what we know, or what we last knew; the round is the present one. */
  private answerStranger(sender: number, nowMs: number): void {
    if (this.state === PeerState.looking) this.askers.onUnanswered(sender);
    const vote = this.calling && this.proposal.leader !== NOBODY ? this.proposal : this.current;
    if (vote === null || this.askers.wasJustAnswered(sender, nowMs)) return;
    this.askers.onAnswered(sender, nowMs);
    this.port.send(sender, this.state, { ...vote, round: this.round });
  }

  private arrive(sender: number, notification: Notification): void {
    if (this.arrivals.length >= ARRIVALS_MAX) this.arrivals.shift();
    this.arrivals.push({ sender, notification });
  }

  // ---- the call (4.4)

  private takeArrivals(nowMs: number): void {
    while (this.calling) {
      const arrival = this.arrivals.shift();
      if (arrival === undefined) return;
      this.step(arrival.sender, arrival.notification, nowMs);
    }
  }

  private step(sender: number, notification: Notification, nowMs: number): void {
    this.notifyAtMs = nowMs + this.notifyMs;
    if (notification.leader === NOBODY && notification.state === PeerState.looking) this.askers.onUnanswered(sender);
    if (!this.isVoter(sender)) return;
    if (!this.isCandidate(notification)) {
      this.followRound(sender, notification, nowMs);
      return;
    }
    switch (notification.state) {
      case PeerState.looking:
        if (!this.mayVote) return;
        if (this.finalizing) this.onLookingWhileFinalizing(sender, notification, nowMs);
        else this.onLooking(sender, notification, nowMs);
        return;
      case PeerState.observing:
        return;
      default:
        this.onDecided(sender, notification, nowMs);
    }
  }

  /**
   * Nobody proposes himself who does not vote among the members that he holds for committed, and newer members than ours are taken
   * over before a vote is looked at. So a candidate that ours do not have is one of former members, told by who knows no others yet.
   */
  private isCandidate({ leader, state }: Notification): boolean {
    return state === PeerState.looking ? this.members.committed.isVoter(leader) : this.isVoter(leader);
  }

  /** Its vote is needed, and it cannot come back to an earlier round. */
  private followRound(sender: number, { leader, state, round }: Notification, nowMs: number): void {
    if (leader !== NOBODY || state !== PeerState.looking || this.members.committed.isVoter(sender)) return;
    if (!this.mayVote || round <= this.round) return;
    this.finalizing = false;
    this.round = round;
    this.recvset.clear();
    this.adopt(this.initial, nowMs);
  }

  private onLooking(sender: number, vote: Notification, nowMs: number): void {
    if (isMinusOne(this.initial) || isMinusOne(vote) || vote.round < this.round) return;
    if (vote.round > this.round) {
      this.round = vote.round;
      this.recvset.clear();
      this.adopt(this.isBetter(vote, this.initial) ? vote : this.initial, nowMs);
    } else if (this.isBetter(vote, this.proposal)) {
      this.adopt(vote, nowMs);
    } else {
      this.correct(sender, vote);
    }
    this.recvset.set(sender, vote, PeerState.looking, 0);
    if (this.hasVote) this.finalizeIfQuorum(nowMs);
  }

  /** Who proposes nobody has no history that would count, however long it is. */
  private isBetter(vote: Vote, than: Vote): boolean {
    const { committed } = this.members;
    return than.leader === NOBODY ? committed.weight(vote.leader) > 0 : beats(vote, than, committed);
  }

  /** Whatever is not better only makes the silence begin anew; but it is counted. */
  private onLookingWhileFinalizing(sender: number, vote: Notification, nowMs: number): void {
    if (beats(vote, this.proposal, this.members.committed)) {
      this.finalizing = false;
      this.onLooking(sender, vote, nowMs);
      if (this.calling && !this.finalizing) this.finalizeIfQuorum(nowMs);
      return;
    }
    this.finalizeAtMs = nowMs + FINALIZE_WAIT_MS;
    if (vote.round > this.round) this.askers.onUnanswered(sender);
    if (vote.round !== this.round) return;
    this.correct(sender, vote);
    this.recvset.set(sender, vote, PeerState.looking, 0);
    // Who begins anew in this round takes back what it had said.
    if (this.isQuorum(this.supportersOfProposal())) this.decideIfCertain(nowMs);
    else this.finalizing = false;
  }

  private correct(sender: number, vote: Vote): void {
    if (sender === this.myId || this.corrected.has(sender) || this.proposal.leader === NOBODY) return;
    if (!beats(this.proposal, vote, this.members.committed)) return;
    this.corrected.add(sender);
    this.port.send(sender, PeerState.looking, this.proposal);
  }

  private onDecided(sender: number, vote: Notification, nowMs: number): void {
    if (vote.round === this.round) {
      this.recvset.set(sender, vote, vote.state, 0);
      const supporters = this.recvset.supporters(vote, vote.state, vote.version);
      if (this.mayJoin(vote, supporters) && this.leaderSaysSo(this.recvset, vote)) {
        this.decide(vote, supporters, nowMs);
        return;
      }
    }
    this.outofelection.set(sender, vote, vote.state, vote.version);
    const supporters = this.outofelection.supporters(vote, vote.state, vote.version);
    if (this.mayJoin(vote, supporters) && this.leaderSaysSo(this.outofelection, vote)) {
      this.round = vote.round;
      this.decide(vote, supporters, nowMs);
    }
  }

  /** To follow decides nothing: a leader is made by quorums of its own, and proposed members may never come to be. */
  private mayJoin(vote: Vote, supporters: ReadonlySet<number>): boolean {
    return vote.leader === this.myId ? this.isQuorum(supporters) : this.members.committed.containsQuorum(supporters);
  }

  /** Nobody follows a leader that has not itself said that it leads. */
  private leaderSaysSo(votes: ReceivedVotes, vote: Vote): boolean {
    return vote.leader === this.myId ? vote.round === this.round : votes.isLeading(vote.leader);
  }

  private finalizeIfQuorum(nowMs: number): void {
    if (!this.isQuorum(this.supportersOfProposal())) return;
    this.finalizing = true;
    this.finalizeAtMs = nowMs + FINALIZE_WAIT_MS;
    this.decideIfCertain(nowMs);
  }

  /** There is nothing to wait for: the leader has said so, or it is this server, and nobody is left who could object. */
  private decideIfCertain(nowMs: number): void {
    assert(this.finalizing, 'a quorum supports the proposal');
    const { leader } = this.proposal;
    const supporters = this.supportersOfProposal();
    const isCertain =
      leader === this.myId
        ? this.voters().every((sid) => supporters.has(sid) || this.port.linkOf(sid) === 'lost')
        : this.leaderSaysSo(this.recvset, this.proposal);
    if (isCertain) this.decide(this.proposal, supporters, nowMs);
  }

  private decide(vote: Vote, supporters: ReadonlySet<number>, nowMs: number): void {
    const { leader, zxidHi, zxidLo, peerEpoch } = vote;
    this.endCall();
    if (leader === this.myId) this.state = PeerState.leading;
    else this.state = this.isObserver ? PeerState.observing : PeerState.following;
    this.current = { leader, zxidHi, zxidLo, round: this.round, peerEpoch };
    this.port.decided(
      this.state,
      this.current,
      [...supporters].sort((a, b) => a - b),
      nowMs - this.callStartMs,
    );
    // Who leads says so only when it can be reached.
    if (this.state !== PeerState.leading) this.answerTheUnanswered();
  }

  private answerTheUnanswered(): void {
    const vote = this.current;
    assert(vote !== null, 'a decision is a vote');
    for (const sid of this.askers.takeUnanswered()) if (sid !== this.myId) this.port.send(sid, this.state, vote);
  }

  private adopt(vote: Vote, nowMs: number): void {
    const { leader, zxidHi, zxidLo, peerEpoch } = vote;
    this.proposal = { leader, zxidHi, zxidLo, round: this.round, peerEpoch };
    this.broadcast();
    this.notifySoon(nowMs);
  }

  private broadcast(): void {
    this.corrected.clear();
    for (const sid of this.voters()) this.tell(sid);
  }

  private tell(sid: number): void {
    if (sid !== this.myId) {
      this.port.send(sid, PeerState.looking, this.proposal);
      return;
    }
    if (this.hasVote) this.arrive(sid, { ...this.proposal, state: PeerState.looking, version: 2, configText: null });
  }

  private notifySoon(nowMs: number): void {
    this.notifyMs = this.settings.notificationMsMin;
    this.notifyAtMs = nowMs + this.notifyMs;
  }

  private reconnect(nowMs: number): void {
    this.reconnectAtMs = nowMs + RECONNECT_MS;
    for (const sid of this.voters()) {
      if (sid === this.myId) continue;
      if (this.port.linkOf(sid) !== 'up') this.port.send(sid, PeerState.looking, this.proposal);
      else if (this.silence.maybeRenew(sid, nowMs)) {
        this.port.renewLink(sid);
        this.port.send(sid, PeerState.looking, this.proposal);
      }
    }
  }

  private endCall(): void {
    this.endCallKeepingArrivals();
    this.arrivals.clear();
  }

  /** What came in since the role ended is the new call's. */
  private endCallKeepingArrivals(): void {
    this.calling = false;
    this.finalizing = false;
    this.recvset.clear();
    this.outofelection.clear();
  }

  // ---- members

  private get isObserver(): boolean {
    return this.members.committed.member(this.myId)?.type === 'observer';
  }

  private get hasVote(): boolean {
    return this.mayVote && this.isVoter(this.myId);
  }

  private voters(): readonly number[] {
    return votersOfEither(this.members);
  }

  private isVoter(sid: number): boolean {
    return isVoterOfEither(this.members, sid);
  }

  private isQuorum(sids: ReadonlySet<number>): boolean {
    return isQuorumOf(this.members, sids);
  }

  private supportersOfProposal(): ReadonlySet<number> {
    return this.recvset.supporters(this.proposal, PeerState.looking, 0);
  }
}

const NOBODY_HI = -0x8000_0000;

/** A database that knows of no zxid. */
function isMinusOne(vote: Vote): boolean {
  return vote.zxidHi === -1 && vote.zxidLo === -1;
}
