/**
 * Makes the faults of a plan happen, and ends them: on the leader of the moment or on anybody, each for its time. What is broken
 * for good (a connection, an unsynced write) stays so; `healAll` ends everything else at once.
 */
import type { Prng } from '../../../src/base/prng.js';
import { ActorKind } from '../../../src/server/standalone-topology.js';
import type { SimPeerConnection } from '../../testing/inline/sim-peer-connection.js';
import type { SimPeerNetwork } from '../../testing/inline/sim-peer-network.js';
import type { ClientCrowd } from './client-crowd.js';
import type { Journal } from './journal.js';
import type { SimEnsemble } from './sim-ensemble.js';
import type { SimMember } from './sim-member.js';
import { DESERTION, ELECTION_PORT, type Fault, type FaultKind, hostOf, QUORUM_PORT } from './sim-plan.js';
import type { VirtualTime } from './virtual-time.js';

const STAGES = [ActorKind.prep, ActorKind.commit, ActorKind.final, ActorKind.quorumPeer, ActorKind.election];
const CLOCK_JUMP_MS = 3_600_000;

/** What faults can hit, and when. */
export interface FaultTargets {
  readonly ensemble: SimEnsemble;
  readonly network: SimPeerNetwork;
  readonly crowd: ClientCrowd;
  readonly time: VirtualTime;
}

export class FaultInjector {
  readonly counts = new Map<string, number>();
  private readonly prng: Prng;
  private readonly ensemble: SimEnsemble;
  private readonly network: SimPeerNetwork;
  private readonly crowd: ClientCrowd;
  private readonly time: VirtualTime;
  private readonly journal: Journal;
  private isHealed = false;

  constructor(prng: Prng, { ensemble, network, crowd, time }: FaultTargets, journal: Journal) {
    this.prng = prng;
    this.ensemble = ensemble;
    this.network = network;
    this.crowd = crowd;
    this.time = time;
    this.journal = journal;
  }

  plan(faults: readonly Fault[]): void {
    for (const fault of faults) {
      this.time.after(fault.atMs, () => {
        if (!this.isHealed) this.happen(fault);
      });
    }
  }

  healAll(): void {
    this.isHealed = true;
    this.network.healAll();
    this.ensemble.healAll();
  }

  private happen({ kind, lengthMs, wantsLeader }: Fault): void {
    const { ensemble, prng } = this;
    const running = ensemble.members.filter((each) => each.isRunning);
    if (running.length === 0) return;
    const target = (wantsLeader ? ensemble.leader : null) ?? (running[prng.below(running.length)] as SimMember);
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    this.journal.say(`FAULT ${kind} of ${target.sid}, ${lengthMs} ms`);
    this.strike(kind, target, lengthMs);
  }

  private strike(kind: FaultKind, target: SimMember, lengthMs: number): void {
    const { ensemble, crowd, prng } = this;
    switch (kind) {
      case 'power':
        ensemble.losePower(target);
        ensemble.startLater(target, lengthMs);
        break;
      case 'powerAll':
        for (const each of ensemble.members) {
          if (each.isRunning) ensemble.losePower(each);
          ensemble.startLater(each, prng.below(lengthMs + 1));
        }
        break;
      case 'kill':
        ensemble.kill(target);
        ensemble.startLater(target, lengthMs);
        break;
      case 'pause':
        this.pause(target, lengthMs);
        break;
      case 'slowDisk':
        this.hold(target, ActorKind.sync, lengthMs);
        break;
      case 'slowStage':
        this.hold(target, STAGES[prng.below(STAGES.length)] as string, lengthMs);
        break;
      case 'powerInCall':
        target.failDiskIn(prng.below(12), 'crash');
        break;
      case 'EIO':
      case 'ENOSPC':
        target.failDiskIn(prng.below(20), kind);
        break;
      case 'clockJump':
        target.clock.jumpWall((prng.float() - 0.5) * CLOCK_JUMP_MS);
        break;
      case 'clientCut':
        crowd.cut(prng.below(crowd.count), prng.below(2) === 0 ? 0 : prng.below(2 * lengthMs + 1));
        break;
      default:
        this.strikeNetwork(kind, target, lengthMs);
    }
  }

  private strikeNetwork(kind: FaultKind, target: SimMember, lengthMs: number): void {
    const { ensemble, network, prng } = this;
    const others = ensemble.members.filter((each) => each !== target);
    switch (kind) {
      case 'isolate':
      case 'electionPort':
      case 'quorumPort': {
        const port = kind === 'isolate' ? undefined : kind === 'electionPort' ? ELECTION_PORT : QUORUM_PORT;
        for (const other of others) this.cut(target, other, lengthMs, true, port);
        break;
      }
      case DESERTION:
        this.desert(target, lengthMs);
        break;
      case 'halves':
        this.partition(target, lengthMs);
        break;
      case 'oneWay':
        for (const other of others) {
          if (prng.below(2) === 0) continue;
          if (prng.below(2) === 0) this.cut(target, other, lengthMs, false);
          else this.cut(other, target, lengthMs, false);
        }
        break;
      case 'ring':
        this.ring(lengthMs);
        break;
      case 'slowLink':
        for (const other of others) {
          network.slow(hostOf(target.sid), hostOf(other.sid), prng.below(1500), 1 + prng.below(200));
        }
        this.later(lengthMs, () => network.quicken(hostOf(target.sid)));
        break;
      case 'refuse':
      case 'drop': {
        const { host } = target;
        if (kind === 'refuse') host.refusesConnections = true;
        else host.dropsConnections = true;
        for (const connection of this.connectionsOf(target)) if (prng.below(2) === 0) connection.reset();
        this.later(lengthMs, () => {
          host.refusesConnections = false;
          host.dropsConnections = false;
        });
        break;
      }
      default:
        for (const connection of this.connectionsOf(target)) {
          if (prng.below(2) === 0) continue;
          if (kind === 'reset') connection.reset();
          else if (kind === 'blackHole') connection.isBlackHole = true;
          else connection.resetAt(prng.below(2) === 0 ? 'initiator' : 'acceptor');
        }
    }
  }

  private pause(target: SimMember, lengthMs: number): void {
    this.ensemble.pause(target);
    this.later(lengthMs, () => this.ensemble.resume(target));
  }

  private hold(target: SimMember, actorName: string, lengthMs: number): void {
    this.ensemble.hold(target, actorName);
    this.later(lengthMs, () => this.ensemble.release(target, actorName));
  }

  private partition(target: SimMember, lengthMs: number): void {
    const side = this.ensemble.members.filter((each) => each === target || this.prng.below(2) === 0);
    for (const each of this.ensemble.members) {
      if (side.includes(each)) continue;
      for (const other of side) this.cut(each, other, lengthMs, true);
    }
  }

  /** The others have no connection to it any more, elect somebody else at once, and may write; it believes that they are there. */
  private desert(target: SimMember, lengthMs: number): void {
    for (const connection of this.connectionsOf(target)) {
      if (connection.initiator.host !== target.host) connection.resetAt('initiator');
      else connection.resetAt('acceptor');
    }
    for (const other of this.ensemble.members) if (other !== target) this.cut(target, other, lengthMs, true);
  }

  /** Everybody hears its two neighbours only. */
  private ring(lengthMs: number): void {
    const { members } = this.ensemble;
    members.forEach((each, index) => {
      members.forEach((other, at) => {
        const distance = Math.abs(index - at);
        if (index < at && distance > 1 && distance < members.length - 1) this.cut(each, other, lengthMs, true);
      });
    });
  }

  private cut(a: SimMember, b: SimMember, lengthMs: number, isBoth: boolean, port?: number): void {
    const { network } = this;
    const [from, to] = [hostOf(a.sid), hostOf(b.sid)];
    network.cut(from, to, port);
    if (isBoth) network.cut(to, from, port);
    this.later(lengthMs, () => {
      network.heal(from, to, port);
      if (isBoth) network.heal(to, from, port);
    });
  }

  private connectionsOf(target: SimMember): SimPeerConnection[] {
    return this.network
      .connections()
      .filter(({ initiator, acceptor }) => initiator.host === target.host || acceptor?.host === target.host);
  }

  private later(ms: number, call: () => void): void {
    this.time.after(ms, () => {
      if (!this.isHealed) call();
    });
  }
}
