/**
 * The syncs that a leader has not answered yet: its own clients', which wait in the commit stage, and its learners', which wait here.
 * Each waits until a quorum has proven that this server leads (leadership-proof.ts), a learner's also until everything proposed
 * before it is committed.
 *
 *   sync --> join a round --> PINGs to the followers --> a quorum has answered --> proven --> SYNC, or `proven` to the commit stage
 *
 * Owned by LeaderBroadcast, on the quorum peer's thread; told when followers answer, asked once per turn. Who is a quorum by itself
 * proves nothing to anybody: nobody else can have been elected.
 */
import { Fifo } from '../base/fifo.js';
import { isQuorumOf } from '../election/config-pair.js';
import { LeadershipProof } from './leadership-proof.js';
import type { LearnerHandler } from './learner-handler.js';
import { PacketType } from './quorum-packet.js';
import type { RoleHost } from './role.js';

interface PendingSync {
  readonly link: LearnerHandler;
  /** Answered behind the commit of this one. */
  readonly counter: number;
  /** And when this round has proven that this server leads. */
  readonly round: number;
}

export class PendingSyncs {
  private readonly host: RoleHost;
  // Invariant: counters and rounds never fall from the oldest to the newest.
  private readonly ofLearners = new Fifo<PendingSync>();
  private readonly proof = new LeadershipProof();
  private isQuorumAlone = false;
  /** Somebody has answered the round that is out, or is not needed for it any more. */
  private hasAnswers = false;

  constructor(host: RoleHost) {
    this.host = host;
  }

  /** Of learners. */
  get length(): number {
    return this.ofLearners.length;
  }

  /** PINGs sent now are of this round; 0: of none. */
  get pingRound(): number {
    return this.proof.asking;
  }

  /** Up to this counter proposals may be committed before some sync is answered. */
  get commitLimit(): number {
    return this.proof.commitLimit;
  }

  /** Of an own client: the round that it waits for in the commit stage; 0: for none. */
  joinOwn(): number {
    return this.isQuorumAlone ? 0 : this.proof.join();
  }

  /** `lastProposed`: what it stands behind, and nothing that follows is committed before its answer. */
  ask(link: LearnerHandler, lastProposed: number): void {
    const round = this.isQuorumAlone ? 0 : this.proof.join(lastProposed);
    this.ofLearners.push({ link, counter: lastProposed, round });
  }

  /** The members are others, or the broadcast begins. */
  lookWhetherAlone(): void {
    this.isQuorumAlone = isQuorumOf(this.host.configs, new Set([this.host.myId]));
  }

  /** Who has not answered the round yet may be needed no more, and may have left without a word. */
  onConfigsChanged(): void {
    this.lookWhetherAlone();
    this.hasAnswers = true;
  }

  onRoundAnswered(): void {
    this.hasAnswers = true;
  }

  /** Whether the round that is out is proven now. The caller answers what that allows, and then says `tellProven`. */
  tryProve(followers: readonly LearnerHandler[]): boolean {
    const { proof, host } = this;
    if (!this.hasAnswers) return false;
    this.hasAnswers = false;
    if (proof.asking === 0) return false;
    const sids = new Set([host.myId]);
    for (const link of followers) if (link.hasAnswered(proof.asking)) sids.add(link.sid);
    if (!isQuorumOf(host.configs, sids)) return false;
    proof.prove();
    return true;
  }

  /** To the commit stage, for own clients. */
  tellProven(): void {
    this.host.line.proven(this.proof.proven);
  }

  /** The next round, if it is wanted and none is out. */
  maybeStart(followers: readonly LearnerHandler[]): void {
    if (!this.proof.mayStart) return;
    this.proof.start();
    for (const link of [...followers]) if (link.state === 'streaming') link.ping();
    if (!this.isQuorumAlone) return;
    // Asked while it was not.
    this.hasAnswers = true;
    this.host.requestTurn();
  }

  /** Whether the oldest of a learner stands right behind this proposal. */
  isNextBehind(counter: number): boolean {
    return this.ofLearners.peek()?.counter === counter;
  }

  answer(lastCommitted: number): void {
    for (
      let head = this.ofLearners.peek();
      head !== undefined && head.counter <= lastCommitted && head.round <= this.proof.proven;
      head = this.ofLearners.peek()
    ) {
      this.ofLearners.shift();
      if (head.link.state !== 'closed') head.link.out.empty(PacketType.sync, 0, 0);
    }
  }

  clear(): void {
    this.ofLearners.clear();
  }
}
