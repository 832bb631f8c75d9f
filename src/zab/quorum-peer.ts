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

/** As in notifications (4.1); `server` is what a member is in an election. */
export const PeerState = { looking: 0, following: 1, leading: 2, observing: 3 } as const;
export type PeerState = (typeof PeerState)[keyof typeof PeerState];

export type PeerPhase = 'loading' | 'looking' | 'readOnly' | 'role' | 'draining' | 'settling' | 'resting';

/** What an election came to, or what a reconfiguration appointed. */
export interface Elected {
  readonly state: PeerState;
  readonly leader: number;
}

export interface QuorumPeerPort {
  /** Begins an election with what is in the log. */
  look(zxidHi: number, zxidLo: number): void;
  /** No election is needed (9.5): the others are told that this is the state now. */
  appoint(elected: Elected, zxidHi: number, zxidLo: number): void;
  openRole(elected: Elected): void;
  /** The role is told nothing more. */
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
  /** While looking: since when; while resting: until when. */
  private sinceMs = 0;
  /** Known already when the draining ends: elected while read-only, or appointed by a reconfiguration. */
  private next: Elected | null = null;
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

  /** The database is there, and its log ends at this zxid. */
  onLoaded(zxidHi: number, zxidLo: number, nowMs: number): void {
    assert(this.current === 'loading', 'a database is loaded once');
    this.zxidHi = zxidHi;
    this.zxidLo = zxidLo;
    this.look(nowMs);
  }

  /** Decided by the election; too late for one that is not looked for any more. */
  onElected(elected: Elected): void {
    if (this.current === 'looking') {
      this.begin(elected);
    } else if (this.current === 'readOnly') {
      this.next = elected;
      this.drain();
    }
  }

  /** The role has ended itself, or is ended; `next`: what a reconfiguration made of this member (1.3). */
  onRoleOver(next: Elected | null): void {
    if (this.current !== 'role') return;
    this.port.closeRole();
    this.next = next;
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
    const { next, state } = this;
    this.next = null;
    if (next !== null) {
      this.port.appoint(next, zxidHi, zxidLo);
      this.begin(next);
    } else if (state === PeerState.observing) {
      this.sinceMs = nowMs + this.options.restMs();
      this.enter('resting');
      this.onTick(nowMs);
    } else {
      this.look(nowMs);
    }
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

  private begin(elected: Elected): void {
    this.state = elected.state;
    this.enter('role');
    this.port.openRole(elected);
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
