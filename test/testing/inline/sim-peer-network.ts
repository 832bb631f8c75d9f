/**
 * The network between servers, without an operating system: a PeerNetwork for every machine, in virtual time, from one seed.
 * It keeps TCP's promises and no others: bytes in order, cut anywhere, late, or never; an end behind them, or a reset; one
 * side that knows nothing of the other's end.
 *
 *   application    SimPeerHost.step…: accepted, open, data, drain, close; one thing at a time, in an order that is chosen
 *   kernel         bytes that have arrived, bytes that wait; works while the process stands still (`pause`)
 *   wire           per direction: what is under way, due in order; a cut direction holds it until it heals
 *
 * It is as unkind as the port allows: what `onData` was given is overwritten afterwards, what a `write` could not hand on stays
 * in the caller's memory, what was under way at a `destroy` arrives or not. All on one thread; nothing moves unless stepped:
 * `deliverAll` and `stepAtRandom` do what can be done at this moment, `nextMs` says when there will be something new.
 */
import { assert } from '../../../src/base/assert.js';
import type { Prng } from '../../../src/base/prng.js';
import type { PeerAddress, PeerSocket, PeerSocketEvents } from '../../../src/election/peer-network.js';
import { EventQueue } from './event-queue.js';
import { SimPeerConnection } from './sim-peer-connection.js';
import type { SimPeerEnd } from './sim-peer-end.js';
import { SimPeerHost } from './sim-peer-host.js';

const FIRST_EPHEMERAL_PORT = 50_000;

export interface SimPeerNetworkOptions {
  /** A byte needs between these two, by its link and by chance. */
  readonly latencyMsMin?: number;
  readonly latencyMsMax?: number;
  /** What the systems of both ends hold of one direction before `write` has to wait. */
  readonly systemBytesMax?: number;
}

/** Sees what a process hands to one of its sockets, as it does. */
export type OnPeerWrite = (end: SimPeerEnd, bytes: Uint8Array, offset: number, length: number) => void;

export class SimPeerNetwork {
  readonly prng: Prng;
  readonly systemBytesMax: number;
  onWrite: OnPeerWrite | null = null;
  /** Sees that a process is given something that its peer has sent. */
  onRead: ((end: SimPeerEnd) => void) | null = null;
  private readonly clock: { monotonicMs(): number };
  private readonly latencyMsMin: number;
  private readonly latencyMsMax: number;
  private readonly machines = new Map<string, SimPeerHost>();
  private readonly aliases = new Map<string, SimPeerHost>();
  /** `from>to` or `from>to:port`. */
  private readonly cuts = new Set<string>();
  private readonly delays = new Map<string, { extraMs: number; bytesPerMs: number }>();
  private readonly events = new EventQueue();
  private live: SimPeerConnection[] = [];
  private connectionsMade = 0;
  private nextPort = FIRST_EPHEMERAL_PORT;

  constructor(prng: Prng, clock: { monotonicMs(): number }, options: SimPeerNetworkOptions = {}) {
    this.prng = prng;
    this.clock = clock;
    this.latencyMsMin = options.latencyMsMin ?? 1;
    this.latencyMsMax = options.latencyMsMax ?? 5;
    this.systemBytesMax = options.systemBytesMax ?? 64 * 1024;
  }

  /** The machine of that name, made when first asked for; `aliases` are further names that it answers to. */
  host(name: string, aliases: readonly string[] = []): SimPeerHost {
    let machine = this.machines.get(name);
    if (machine === undefined) {
      machine = new SimPeerHost(this, name);
      this.machines.set(name, machine);
    }
    for (const alias of aliases) this.aliases.set(alias, machine);
    return machine;
  }

  machineOf(host: string): SimPeerHost | null {
    return this.machines.get(host) ?? this.aliases.get(host) ?? null;
  }

  // ---- faults

  /** Nothing passes from one machine to the other, on any port or on connections to this port of either. */
  cut(from: string, to: string, port?: number): void {
    this.cuts.add(cutOf(from, to, port));
  }

  cutBoth(a: string, b: string, port?: number): void {
    this.cut(a, b, port);
    this.cut(b, a, port);
  }

  /** Machines of different groups do not hear of one another; of one that is in no group nothing is said. */
  partition(groups: readonly (readonly string[])[], port?: number): void {
    groups.forEach((group, index) => {
      for (const other of groups.slice(index + 1)) {
        for (const a of group) for (const b of other) this.cutBoth(a, b, port);
      }
    });
  }

  heal(from: string, to: string, port?: number): void {
    this.cuts.delete(cutOf(from, to, port));
    this.retryAll();
  }

  /** Whole again: no cuts, no slow links, nobody refuses. What was broken stays broken. */
  healAll(): void {
    this.cuts.clear();
    this.delays.clear();
    for (const machine of this.machines.values()) {
      machine.refusesConnections = false;
      machine.dropsConnections = false;
    }
    this.retryAll();
  }

  slow(from: string, to: string, extraMs: number, bytesPerMs = Number.POSITIVE_INFINITY): void {
    this.delays.set(cutOf(from, to), { extraMs, bytesPerMs });
  }

  /** What leaves this machine is as quick as ever. */
  quicken(from: string): void {
    for (const key of this.delays.keys()) if (key.startsWith(`${from}>`)) this.delays.delete(key);
  }

  get isHealthy(): boolean {
    return this.cuts.size === 0 && this.delays.size === 0;
  }

  /** Connections of which at least one end is not over. */
  connections(): readonly SimPeerConnection[] {
    this.live = this.live.filter((connection) => !connection.isOver);
    return this.live;
  }

  // ---- time and work

  /** When something will arrive; Infinity when nothing is under way. What can be told now is not counted. */
  nextMs(): number {
    return this.events.nextMs();
  }

  /** What has become due arrives at its machines; false when that was nothing. No process is told anything by it. */
  arriveDue(): boolean {
    let arrived = false;
    for (let call = this.events.take(this.nowMs()); call !== null; call = this.events.take(this.nowMs())) {
      arrived = true;
      call();
    }
    return arrived;
  }

  /** Everything that can happen at this moment, in turn; false when that was nothing. */
  deliverAll(): boolean {
    let delivered = false;
    for (;;) {
      let busy = this.arriveDue();
      for (const machine of this.machines.values()) {
        while (machine.step(0, Number.MAX_SAFE_INTEGER)) busy = true;
      }
      if (!busy) return delivered;
      delivered = true;
    }
  }

  /** One thing told to one process, both chosen by the generator; false when there is none at this moment. */
  stepAtRandom(prng: Prng): boolean {
    this.arriveDue();
    const able = [...this.machines.values()].filter((machine) => machine.hasSomething());
    const machine = able.length === 0 ? undefined : able[prng.below(able.length)];
    return machine?.stepAtRandom(prng) ?? false;
  }

  // ---- for its parts

  nowMs(): number {
    return this.clock.monotonicMs();
  }

  at(dueMs: number, call: () => void): void {
    this.events.add(dueMs, call);
  }

  latencyMs(): number {
    return this.latencyMsMin + this.prng.float() * (this.latencyMsMax - this.latencyMsMin);
  }

  arrivalMs(end: SimPeerEnd, byteCount: number): number {
    const to = end.other?.host.name ?? '';
    const delay = this.delays.get(cutOf(end.host.name, to));
    const extraMs = delay === undefined ? 0 : delay.extraMs + byteCount / delay.bytesPerMs;
    return this.nowMs() + this.latencyMs() + extraMs;
  }

  /** Whether what this end sent arrives if it is due now. */
  passes(end: SimPeerEnd): boolean {
    const { connection, other } = end;
    assert(other !== null, 'a connection that is made has two ends');
    return !connection.isBlackHole && other.host.isUp && this.isOpen(end.host, other.host, connection.port);
  }

  isOpen(from: SimPeerHost, to: SimPeerHost, port: number): boolean {
    if (this.cuts.size === 0) return true;
    return !this.cuts.has(cutOf(from.name, to.name)) && !this.cuts.has(cutOf(from.name, to.name, port));
  }

  ephemeralPort(): number {
    return this.nextPort++;
  }

  connectFrom(
    host: SimPeerHost,
    addresses: readonly PeerAddress[],
    timeoutMs: number,
    events: PeerSocketEvents,
  ): PeerSocket {
    const connection = new SimPeerConnection(++this.connectionsMade, this, host, addresses, timeoutMs, events);
    this.live.push(connection);
    return connection.initiator;
  }

  forgetEndsOf(host: SimPeerHost, tellsPeers: boolean): void {
    for (const { initiator, acceptor } of this.connections()) {
      if (initiator.host === host) initiator.vanish(tellsPeers);
      if (acceptor?.host === host) acceptor.vanish(tellsPeers);
    }
  }

  retryAll(): void {
    for (const { initiator, acceptor } of this.connections()) {
      initiator.retry();
      acceptor?.retry();
    }
  }
}

function cutOf(from: string, to: string, port?: number): string {
  return port === undefined ? `${from}>${to}` : `${from}>${to}:${port}`;
}
