/**
 * Makes the faults of a plan happen, and ends them: on the leader of the moment or on anybody, each for its time. What is broken
 * for good (a connection, an unsynced write) stays so; `healAll` ends everything else at once.
 */
import type { Prng } from '../../../src/base/prng.js';
import { ActorKind } from '../../../src/server/standalone-topology.js';
import type { SimPeerConnection } from '../../testing/inline/sim-peer-network.js';
import type { SimMember } from './sim-member.js';
import { DESERTION, ELECTION_PORT, type Fault, type FaultKind, hostOf, QUORUM_PORT } from './sim-plan.js';
import type { SimWorld } from './sim-world.js';

const STAGES = [ActorKind.prep, ActorKind.commit, ActorKind.final, ActorKind.quorumPeer, ActorKind.election];
const CLOCK_JUMP_MS = 3_600_000;

export class FaultInjector {
  readonly counts = new Map<string, number>();
  private readonly world: SimWorld;
  private readonly prng: Prng;
  private isHealed = false;

  constructor(world: SimWorld, prng: Prng) {
    this.world = world;
    this.prng = prng;
  }

  plan(faults: readonly Fault[]): void {
    for (const fault of faults) {
      this.world.after(fault.atMs, () => {
        if (!this.isHealed) this.happen(fault);
      });
    }
  }

  startLater(each: SimMember, ms: number): void {
    if (each.isAwaited) return;
    each.isAwaited = true;
    this.world.after(ms, () => {
      if (each.isAwaited) this.world.start(each);
    });
  }

  healAll(): void {
    this.isHealed = true;
    this.world.network.healAll();
    for (const each of this.world.members) {
      each.mendDisk();
      each.member.held.clear();
      this.world.noteStandstill(each);
      if (each.isPaused) this.world.pause(each, false);
      each.isBusy = true;
      if (!each.isRunning) this.world.start(each);
    }
  }

  private happen({ kind, lengthMs, wantsLeader }: Fault): void {
    const { world, prng } = this;
    const running = world.members.filter((each) => each.isRunning);
    if (running.length === 0) return;
    const target = (wantsLeader ? world.leader : null) ?? (running[prng.below(running.length)] as SimMember);
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    world.say(`FAULT ${kind} of ${target.sid}, ${lengthMs} ms`);
    this.strike(kind, target, lengthMs);
  }

  private strike(kind: FaultKind, target: SimMember, lengthMs: number): void {
    const { world, prng } = this;
    switch (kind) {
      case 'power':
        world.losePower(target);
        this.startLater(target, lengthMs);
        break;
      case 'powerAll':
        for (const each of world.members) {
          if (each.isRunning) world.losePower(each);
          this.startLater(each, prng.below(lengthMs + 1));
        }
        break;
      case 'kill':
        world.kill(target);
        this.startLater(target, lengthMs);
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
        world.cutClient(prng.below(world.clients.length), prng.below(2) === 0 ? 0 : prng.below(2 * lengthMs + 1));
        break;
      default:
        this.strikeNetwork(kind, target, lengthMs);
    }
  }

  private strikeNetwork(kind: FaultKind, target: SimMember, lengthMs: number): void {
    const { world, prng } = this;
    const { network } = world;
    const others = world.members.filter((each) => each !== target);
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
    this.world.pause(target, true);
    this.later(lengthMs, () => {
      if (target.isPaused) this.world.pause(target, false);
    });
  }

  private hold(target: SimMember, actorName: string, lengthMs: number): void {
    const { held } = target.member;
    held.add(actorName);
    this.world.noteStandstill(target);
    this.later(lengthMs, () => {
      held.delete(actorName);
      target.isBusy = true;
      this.world.noteStandstill(target);
    });
  }

  private partition(target: SimMember, lengthMs: number): void {
    const side = this.world.members.filter((each) => each === target || this.prng.below(2) === 0);
    for (const each of this.world.members) {
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
    for (const other of this.world.members) if (other !== target) this.cut(target, other, lengthMs, true);
  }

  /** Everybody hears its two neighbours only. */
  private ring(lengthMs: number): void {
    const { members } = this.world;
    members.forEach((each, index) => {
      members.forEach((other, at) => {
        const distance = Math.abs(index - at);
        if (index < at && distance > 1 && distance < members.length - 1) this.cut(each, other, lengthMs, true);
      });
    });
  }

  private cut(a: SimMember, b: SimMember, lengthMs: number, isBoth: boolean, port?: number): void {
    const { network } = this.world;
    const [from, to] = [hostOf(a.sid), hostOf(b.sid)];
    network.cut(from, to, port);
    if (isBoth) network.cut(to, from, port);
    this.later(lengthMs, () => {
      network.heal(from, to, port);
      if (isBoth) network.heal(to, from, port);
    });
  }

  private connectionsOf(target: SimMember): SimPeerConnection[] {
    return this.world.network
      .connections()
      .filter(({ initiator, acceptor }) => initiator.host === target.host || acceptor?.host === target.host);
  }

  private later(ms: number, call: () => void): void {
    this.world.after(ms, () => {
      if (!this.isHealed) call();
    });
  }
}
