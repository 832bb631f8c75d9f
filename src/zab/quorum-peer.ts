/**
 * QuorumPeer: the main loop of a member of an ensemble (ensemble-protocol 1.3), and how one role gives way to the next.
 *
 *   loading --loaded--> looking --elected--> serving a role --over--> draining --halted, all fences--> settling --settled-->
 *                          ^  \--nobody for a while--> readOnly --elected--> draining ...                              |
 *                          +-------------------- resting (an observer's random delay) <--------------------------------+
 *
 * A pure machine: everything comes in by a call and goes out through its port, on the thread of `QuorumPeerActor`, which owns
 * it. It knows nothing of votes, packets or files, and must never begin a role (or announce a zxid) before the database is that
 * of the log: what is logged counts in the next vote.
 *
 * A role is over when the machine says so, not when the role does: nobody is told of anything in between.
 */
import { assert } from '../base/assert.js';
import { type DecidedState, PeerState } from '../election/vote.js';

export type PeerPhase = 'loading' | 'looking' | 'readOnly' | 'role' | 'draining' | 'settling' | 'resting';

/** What an election came to, or what a reconfiguration appointed. */
export interface Decision {
  readonly state: DecidedState;
  readonly leader: number;
}

export interface QuorumPeerPort {
  /** Begins an election with what is in the log. */
  look(zxidHi: number, zxidLo: number): void;
  /** No election is needed (9.5): the others are told that this is the state now. */
  appoint(decision: Decision, zxidHi: number, zxidLo: number): void;
  openRole(decision: Decision): void;
  /** The role is told nothing more, and the others that there is none. */
  closeRole(): void;
  /** To prep, behind which nothing of the old role comes. */
  haltPrep(): void;
  /** Into the line, behind everything that prep had decided. */
  haltLine(): void;
  settle(): void;
  serveReadOnly(): void;
  phaseChanged(phase: PeerPhase): void;
}

export interface QuorumPeerOptions {
  readonly shardCount: number;
  /** Infinity: there is no read-only server. */
  readonly readOnlyAfterMs: number;
  /** Of an observer that lost its leader, anew each time. */
  restMs(): number;
}

export class QuorumPeer {
  private readonly port: QuorumPeerPort;
  private readonly options: QuorumPeerOptions;
  private current: PeerPhase = 'loading';
  private zxidHi = 0;
  private zxidLo = 0;
  private state: PeerState = PeerState.looking;
  private leaderSid = -1;
  /** While looking: since when; while resting: until when. */
  private sinceMs = 0;
  /** Known already when the draining ends: elected while read-only, or appointed by a reconfiguration. */
  private next: Decision | null = null;
  private isAppointed = false;
  private restMs = 0;
  // While draining.
  private isHalted = false;
  private readonly fences = new Set<number>();

  constructor(port: QuorumPeerPort, options: QuorumPeerOptions) {
    this.port = port;
    this.options = options;
  }

  get phase(): PeerPhase {
    return this.current;
  }

  /** What this member is to the others. */
  get peerState(): PeerState {
    return this.state;
  }

  /** While there is a role. */
  get leader(): number {
    return this.leaderSid;
  }

  /** The database is there, and its log ends at this zxid. */
  onLoaded(zxidHi: number, zxidLo: number, nowMs: number): void {
    assert(this.current === 'loading', 'a database is loaded once');
    this.zxidHi = zxidHi;
    this.zxidLo = zxidLo;
    this.look(nowMs);
  }

  /** Decided by the election; too late for one that is not looked for any more. */
  onElected(decision: Decision): void {
    if (this.current === 'looking') {
      this.begin(decision);
    } else if (this.current === 'readOnly') {
      this.next = decision;
      this.isAppointed = false;
      this.drain();
    }
  }

  /** The election gave its call up, since there are other members now: it is asked once more. */
  onGivenUp(): void {
    if (this.current === 'looking' || this.current === 'readOnly') this.port.look(this.zxidHi, this.zxidLo);
  }

  /**
   * The role has ended itself, or is ended; `next`: what a reconfiguration made of this member (1.3). `restMs`: the next one
   * would end the same way at once, so there is no hurry.
   */
  onRoleOver(next: Decision | null, restMs = 0): void {
    if (this.current !== 'role') return;
    this.port.closeRole();
    this.restMs = restMs;
    this.next = next;
    this.isAppointed = next !== null;
    this.drain();
  }

  /** prep's end of the old role has come by. */
  onHaltOfPrep(): void {
    assert(this.current === 'draining', 'prep was told to halt');
    this.port.haltLine();
  }

  /** final has told everybody. */
  onHalted(): void {
    assert(this.current === 'draining', 'the line was told to halt');
    this.isHalted = true;
    this.settleWhenDrained();
  }

  /** Of a shard that closed its clients, or of one that was made anew and has none. */
  onFence(shard: number): void {
    if (this.current !== 'draining') return;
    this.fences.add(shard);
    this.settleWhenDrained();
  }

  /** The tree is the log's, which ends at this zxid. */
  onSettled(zxidHi: number, zxidLo: number, nowMs: number): void {
    assert(this.current === 'settling', 'the database was told to settle');
    this.zxidHi = zxidHi;
    this.zxidLo = zxidLo;
    const { next } = this;
    this.next = null;
    if (next !== null) {
      if (this.isAppointed) this.port.appoint(next, zxidHi, zxidLo);
      this.begin(next);
      return;
    }
    const restMs = this.state === PeerState.observing ? this.options.restMs() : this.restMs;
    if (restMs <= 0) {
      this.look(nowMs);
      return;
    }
    this.sinceMs = nowMs + restMs;
    this.enter('resting');
  }

  onTick(nowMs: number): void {
    if (this.current === 'resting' && nowMs >= this.sinceMs) this.look(nowMs);
    if (this.current === 'looking' && nowMs - this.sinceMs >= this.options.readOnlyAfterMs) {
      this.enter('readOnly');
      this.port.serveReadOnly();
    }
  }

  private look(nowMs: number): void {
    this.sinceMs = nowMs;
    this.state = PeerState.looking;
    this.enter('looking');
    this.port.look(this.zxidHi, this.zxidLo);
  }

  private begin(decision: Decision): void {
    this.state = decision.state;
    this.leaderSid = decision.leader;
    this.enter('role');
    this.port.openRole(decision);
  }

  private drain(): void {
    this.isHalted = false;
    this.fences.clear();
    this.enter('draining');
    this.port.haltPrep();
  }

  private settleWhenDrained(): void {
    if (!this.isHalted || this.fences.size < this.options.shardCount) return;
    this.enter('settling');
    this.port.settle();
  }

  private enter(phase: PeerPhase): void {
    this.current = phase;
    this.port.phaseChanged(phase);
  }
}
