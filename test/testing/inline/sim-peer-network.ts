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
import type {
  PeerAddress,
  PeerListener,
  PeerNetwork,
  PeerSocket,
  PeerSocketEvents,
} from '../../../src/election/peer-network.js';
import { EventQueue } from './event-queue.js';

const SCRIBBLE = 0xdb;
const SYN_RETRY_MS = 1000;
/** A sender tries again so much later than a direction has healed. */
const RETRANSMIT_MS_MAX = 400;
/** A system gives up what nobody acknowledges; after a quarter of an hour in life, where nothing else is so slow. */
const GIVES_UP_MS = 12_000;
const FIRST_EPHEMERAL_PORT = 50_000;
const WILDCARDS: readonly (string | undefined)[] = [undefined, '', '0.0.0.0', '::'];

type Accept = (socket: PeerSocket) => PeerSocketEvents | null;

export interface SimPeerNetworkOptions {
  /** A byte needs between these two, by its link and by chance. */
  readonly latencyMsMin?: number;
  readonly latencyMsMax?: number;
  /** What the systems of both ends hold of one direction before `write` has to wait. */
  readonly systemBytesMax?: number;
}

/** Sees what a process hands to one of its sockets, as it does. */
export type OnPeerWrite = (end: SimPeerEnd, bytes: Uint8Array, offset: number, length: number) => void;

interface Queued {
  /** The caller's memory, not a copy of it. */
  readonly bytes: Uint8Array;
  begin: number;
  readonly end: number;
}

interface UnderWay {
  readonly kind: 'made' | 'data' | 'fin' | 'rst';
  readonly bytes: Uint8Array;
  dueMs: number;
}

interface Listener {
  readonly accept: Accept;
}

const NO_BYTES = new Uint8Array(0);

/** One end of a connection, and the direction that leads away from it. */
export class SimPeerEnd implements PeerSocket {
  readonly connection: SimPeerConnection;
  readonly host: SimPeerHost;
  /** Nobody before a connection is made, or if the process is gone. */
  events: PeerSocketEvents | null;
  remoteAddress = '';
  remotePort = 0;
  /** The system knows of no such connection (any more): what comes for it is answered by a reset. */
  isGone = false;
  private isOpen = false;
  private isPaused = false;
  private hasEnded = false;
  private finSent = false;
  private accept: Accept | null = null;
  private openDue = false;
  private drainDue = false;
  private closeReason: string | null = null;
  private finArrived = false;
  private readonly received: Uint8Array[] = [];
  private readonly queue: Queued[] = [];
  private readonly underWay: UnderWay[] = [];
  private isScheduled = false;
  private isStalled = false;
  private inSystemBytes = 0;

  constructor(connection: SimPeerConnection, host: SimPeerHost, events: PeerSocketEvents | null) {
    this.connection = connection;
    this.host = host;
    this.events = events;
  }

  get other(): SimPeerEnd | null {
    const { initiator, acceptor } = this.connection;
    return this === initiator ? acceptor : initiator;
  }

  get isInitiator(): boolean {
    return this.connection.initiator === this;
  }

  // ---- what the process does

  get queuedBytes(): number {
    let sum = 0;
    for (const { begin, end } of this.queue) sum += end - begin;
    return sum;
  }

  write(bytes: Uint8Array, offset: number, length: number): boolean {
    assert(this.isOpen && !this.hasEnded, 'a socket is written to between onOpen and its end');
    assert(offset >= 0 && offset + length <= bytes.length, 'a write names bytes that are there');
    if (this.isGone || this.events === null || length === 0) return true; // as a socket whose end nobody has noticed yet
    this.host.network.onWrite?.(this, bytes, offset, length);
    this.queue.push({ bytes, begin: offset, end: offset + length });
    const wasIdle = this.queue.length === 1;
    this.fillSystem();
    if (!wasIdle) return false;
    this.drainDue = false;
    return this.queue.length === 0;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.host.noteReady(this);
  }

  end(): void {
    if (this.hasEnded || this.isGone) return;
    this.hasEnded = true;
    if (this.queue.length === 0) this.sendFin();
  }

  destroy(): void {
    this.events = null;
    this.connection.abandonAttempts(this);
    if (this.isGone) return;
    this.isGone = true;
    this.queue.length = 0;
    if (this.other === null) return;
    const { prng } = this.host.network;
    const isAbrupt = this.received.length > 0 || prng.below(2) === 0;
    this.received.length = 0;
    if (!isAbrupt) {
      this.sendFin();
      return;
    }
    // A reset overtakes and throws away what has not arrived.
    this.underWay.length = 0;
    this.send('rst', NO_BYTES);
  }

  // ---- what the process is told

  canStep(): boolean {
    return this.nextStep() !== null;
  }

  /** One thing; of bytes at most so many. */
  step(bytesMax: number): void {
    const next = this.nextStep();
    const { events } = this;
    if (next === 'accept') {
      this.acceptNow();
      return;
    }
    assert(next !== null && events !== null, 'an end with nothing to tell was stepped');
    switch (next) {
      case 'close':
        this.closeWith(this.closeReason as string);
        break;
      case 'open':
        this.openDue = false;
        this.isOpen = true;
        events.onOpen();
        break;
      case 'data':
        this.deliver(events, bytesMax);
        break;
      case 'drain':
        this.drainDue = false;
        events.onDrain();
        break;
      case 'fin':
        this.endedByPeer();
        break;
    }
  }

  private nextStep(): 'accept' | 'close' | 'open' | 'data' | 'drain' | 'fin' | null {
    if (this.accept !== null) return 'accept';
    if (this.events === null) return null;
    if (this.openDue) return 'open';
    if (this.closeReason !== null) return 'close';
    if (this.drainDue) return 'drain';
    if (this.received.length > 0 && !this.isPaused) return 'data';
    if (this.finArrived && this.received.length === 0 && !this.isPaused) return 'fin';
    return null;
  }

  private acceptNow(): void {
    const accept = this.accept as Accept;
    this.accept = null;
    this.isOpen = true;
    this.events = accept(this);
    if (this.events === null) this.destroy();
  }

  private deliver(events: PeerSocketEvents, bytesMax: number): void {
    const first = this.received[0] as Uint8Array;
    const count = Math.min(first.length, bytesMax);
    // As real sockets give it: a Buffer, whose `slice` is no copy.
    const piece = Buffer.from(first.subarray(0, count));
    if (count === first.length) this.received.shift();
    else this.received[0] = first.subarray(count);
    const { other } = this;
    if (other !== null) {
      other.inSystemBytes -= count;
      other.fillSystem();
    }
    this.host.network.onRead?.(this);
    events.onData(piece, count);
    piece.fill(SCRIBBLE);
  }

  /** The peer has ended; so does this side, behind what is still queued. */
  private endedByPeer(): void {
    for (const { bytes, begin, end } of this.queue) this.send('data', bytes.slice(begin, end));
    this.queue.length = 0;
    this.hasEnded = true;
    this.sendFin();
    this.closeWith('ended by the peer');
  }

  private closeWith(reason: string): void {
    const { events } = this;
    this.events = null;
    this.isGone = true;
    this.queue.length = 0;
    events?.onClose(reason);
  }

  // ---- what the system does

  /** A connection has come, and waits for the process to accept it; the other side learns that it is made. */
  arriveBy(accept: Accept): void {
    this.accept = accept;
    this.send('made', NO_BYTES);
    this.host.noteReady(this);
  }

  /** The connection is made, as far as this side knows. */
  get isMade(): boolean {
    return this.isOpen || this.openDue;
  }

  /** Told to the process, unless it knows of an end already. */
  fail(reason: string): void {
    if (this.closeReason !== null || this.isGone) return;
    this.isGone = true;
    this.closeReason = reason;
    this.received.length = 0;
    this.queue.length = 0;
    this.accept = null;
    this.host.noteReady(this);
  }

  /** The machine has lost its power, or the process: nobody is told anything here, the peer only if somebody is left to. */
  vanish(tellsPeer: boolean): void {
    if (tellsPeer) {
      this.accept = null;
      this.destroy();
      return;
    }
    this.connection.abandonAttempts(this);
    this.events = null;
    this.accept = null;
    this.isGone = true;
    this.queue.length = 0;
    this.underWay.length = 0;
    this.received.length = 0;
  }

  /** Nothing is left of this end but perhaps its last words. */
  get isOver(): boolean {
    const hasLastWords = this.underWay.length > 0 && !this.connection.isBlackHole;
    return this.isGone && this.events === null && !hasLastWords;
  }

  /** The direction away from here may be open again. */
  retry(): void {
    if (!this.isStalled) return;
    this.isStalled = false;
    const { network } = this.host;
    const later = network.nowMs() + network.prng.below(RETRANSMIT_MS_MAX + 1);
    for (const item of this.underWay) item.dueMs = Math.max(item.dueMs, later);
    this.schedule();
  }

  private sendFin(): void {
    if (this.finSent) return;
    this.finSent = true;
    this.send('fin', NO_BYTES);
  }

  private send(kind: UnderWay['kind'], bytes: Uint8Array): void {
    const last = this.underWay.at(-1)?.dueMs ?? 0;
    const dueMs = Math.max(last, this.host.network.arrivalMs(this, bytes.length));
    this.underWay.push({ kind, bytes, dueMs });
    if (kind === 'data') this.inSystemBytes += bytes.length;
    this.schedule();
  }

  /** The system takes from the process what it has room for. */
  private fillSystem(): void {
    if (this.isGone) return;
    const hadQueue = this.queue.length > 0;
    const { systemBytesMax } = this.host.network;
    for (let next = this.queue[0]; next !== undefined && this.inSystemBytes < systemBytesMax; next = this.queue[0]) {
      const count = Math.min(next.end - next.begin, systemBytesMax - this.inSystemBytes);
      this.send('data', next.bytes.slice(next.begin, next.begin + count));
      next.begin += count;
      if (next.begin === next.end) this.queue.shift();
    }
    if (!hadQueue || this.queue.length > 0) return;
    if (this.hasEnded) this.sendFin();
    this.drainDue = true;
    this.host.noteReady(this);
  }

  private schedule(): void {
    const head = this.underWay[0];
    if (head === undefined || this.isScheduled || this.isStalled) return;
    this.isScheduled = true;
    this.host.network.at(head.dueMs, () => {
      this.isScheduled = false;
      this.arrive();
    });
  }

  private arrive(): void {
    const head = this.underWay[0];
    if (head === undefined) return;
    const { network } = this.host;
    if (head.dueMs > network.nowMs()) {
      this.schedule();
      return;
    }
    const { other } = this;
    assert(other !== null, 'bytes travel on a connection that is made');
    if (!network.passes(this)) {
      this.isStalled = true;
      if (this.connection.isBlackHole) network.at(network.nowMs() + GIVES_UP_MS, () => this.fail('timed out'));
      return;
    }
    this.underWay.shift();
    this.schedule();
    other.take(head);
  }

  private take(item: UnderWay): void {
    if (this.isGone) {
      // Nobody here: whoever still believes in this connection learns it now.
      if (item.kind === 'data' || item.kind === 'made') this.send('rst', NO_BYTES);
      return;
    }
    if (item.kind === 'rst') {
      this.fail('reset by the peer');
      return;
    }
    if (item.kind === 'made') this.openDue = true;
    else if (item.kind === 'fin') this.finArrived = true;
    else this.received.push(item.bytes);
    this.host.noteReady(this);
  }
}

/** Two ends; which of them knows of what is theirs. */
export class SimPeerConnection {
  readonly id: number;
  readonly network: SimPeerNetwork;
  readonly initiator: SimPeerEnd;
  acceptor: SimPeerEnd | null = null;
  /** The listener's: what a cut of one port goes by. */
  port = 0;
  /** Nothing passes in either direction any more, and nobody is told before its system gives up. */
  isBlackHole = false;
  private attemptsLeft: number;

  constructor(
    id: number,
    network: SimPeerNetwork,
    host: SimPeerHost,
    addresses: readonly PeerAddress[],
    timeoutMs: number,
    events: PeerSocketEvents,
  ) {
    this.id = id;
    this.network = network;
    this.initiator = new SimPeerEnd(this, host, events);
    this.attemptsLeft = addresses.length;
    const { initiator } = this;
    if (addresses.length === 0) network.at(network.nowMs(), () => this.attemptFailed('no address'));
    for (const address of addresses) this.attempt(address);
    network.at(network.nowMs() + timeoutMs, () => {
      if (initiator.isMade || this.attemptsLeft <= 0) return;
      this.attemptsLeft = 0;
      initiator.fail('connecting timed out');
    });
  }

  /** Both processes see a reset, whenever they look. */
  reset(): void {
    this.initiator.fail('reset by the network');
    this.acceptor?.fail('reset by the network');
  }

  /** One process sees a reset; the other learns of it when it writes, if ever. */
  resetAt(side: 'initiator' | 'acceptor'): void {
    this[side]?.fail('reset by the network');
  }

  abandonAttempts(end: SimPeerEnd): void {
    if (end === this.initiator) this.attemptsLeft = 0;
  }

  get isOver(): boolean {
    if (this.attemptsLeft > 0 && this.acceptor === null) return false;
    return this.initiator.isOver && (this.acceptor?.isOver ?? true);
  }

  private attempt(address: PeerAddress): void {
    const { network } = this;
    network.at(network.nowMs() + network.latencyMs(), () => this.knock(address));
  }

  private knock(address: PeerAddress): void {
    if (this.acceptor !== null || this.attemptsLeft <= 0) return;
    const { network, initiator } = this;
    const target = network.machineOf(address.host);
    if (target === null) {
      this.attemptFailed(`${address.host} is unknown`);
      return;
    }
    const isOpen =
      network.isOpen(initiator.host, target, address.port) && network.isOpen(target, initiator.host, address.port);
    if (!isOpen || !target.isUp || target.dropsConnections) {
      network.at(network.nowMs() + SYN_RETRY_MS, () => this.knock(address));
      return;
    }
    const listener = target.refusesConnections ? undefined : target.listenerOf(address);
    if (listener === undefined) {
      network.at(network.nowMs() + network.latencyMs(), () => this.attemptFailed('refused'));
      return;
    }
    this.port = address.port;
    const acceptor = new SimPeerEnd(this, target, null);
    acceptor.remoteAddress = initiator.host.name;
    acceptor.remotePort = network.ephemeralPort();
    this.acceptor = acceptor;
    initiator.remoteAddress = address.host;
    initiator.remotePort = address.port;
    acceptor.arriveBy(listener.accept);
  }

  private attemptFailed(reason: string): void {
    if (this.acceptor !== null || this.attemptsLeft <= 0 || --this.attemptsLeft > 0) return;
    this.initiator.fail(reason);
  }
}

/** One machine: what its process is given as its network, and what may happen to it. */
export class SimPeerHost implements PeerNetwork {
  readonly network: SimPeerNetwork;
  readonly name: string;
  /** False: no power; nothing is answered. */
  isUp = true;
  /** Everybody who connects is refused; or hears nothing. */
  refusesConnections = false;
  dropsConnections = false;
  private isPaused = false;
  private readonly listeners = new Map<string, Listener>();
  private later: (() => void)[] = [];
  private readonly ready: SimPeerEnd[] = [];

  constructor(network: SimPeerNetwork, name: string) {
    this.network = network;
    this.name = name;
  }

  // ---- PeerNetwork

  listen(
    host: string | undefined,
    port: number,
    accept: Accept,
    onListening: (port: number) => void,
    onError: (error: Error) => void,
  ): PeerListener {
    const actualPort = port === 0 ? this.network.ephemeralPort() : port;
    const key = keyOf(host, actualPort);
    const listener: Listener = { accept };
    if (this.listeners.has(key)) {
      const error = Object.assign(new Error(`listen EADDRINUSE: ${key}`), { code: 'EADDRINUSE' });
      this.later.push(() => onError(error));
    } else {
      this.listeners.set(key, listener);
      this.later.push(() => {
        if (this.listeners.get(key) === listener) onListening(actualPort);
      });
    }
    return {
      close: (onClosed) => {
        if (this.listeners.get(key) === listener) this.listeners.delete(key);
        if (onClosed !== undefined) this.later.push(onClosed);
      },
    };
  }

  connect(addresses: readonly PeerAddress[], timeoutMs: number, events: PeerSocketEvents): PeerSocket {
    return this.network.connectFrom(this, addresses, timeoutMs, events);
  }

  close(): void {
    this.listeners.clear();
  }

  // ---- what may happen to it

  /** The process stands still, and the system goes on. */
  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  /** The process is gone at once; the system closes what it had. */
  kill(): void {
    this.forget(true);
  }

  /** The machine is gone; nobody is told, and nobody answers until `powerOn`. */
  powerOff(): void {
    this.forget(false);
    this.isUp = false;
  }

  powerOn(): void {
    this.isUp = true;
    this.network.retryAll();
  }

  private forget(tellsPeers: boolean): void {
    this.listeners.clear();
    this.later = [];
    this.ready.length = 0;
    this.isPaused = false;
    this.network.forgetEndsOf(this, tellsPeers);
  }

  // ---- steps

  listenerOf(address: PeerAddress): Listener | undefined {
    return this.listeners.get(keyOf(address.host, address.port)) ?? this.listeners.get(keyOf(undefined, address.port));
  }

  noteReady(end: SimPeerEnd): void {
    if (!this.ready.includes(end) && end.canStep()) this.ready.push(end);
  }

  hasSomething(): boolean {
    return !this.isPaused && (this.later.length > 0 || this.ready.length > 0);
  }

  /** Tells the process one thing; of bytes at most so many. False when there is nothing to tell. */
  step(chosen: number, bytesMax: number): boolean {
    if (!this.hasSomething()) return false;
    const call = this.later.shift();
    if (call !== undefined) {
      call();
      return true;
    }
    const index = chosen % this.ready.length;
    const end = this.ready[index] as SimPeerEnd;
    if (end.canStep()) end.step(bytesMax);
    const at = this.ready.indexOf(end); // the call may have changed the list
    if (at >= 0 && !end.canStep()) this.ready.splice(at, 1);
    return true;
  }

  stepAtRandom(prng: Prng): boolean {
    if (!this.hasSomething()) return false;
    const chosen = prng.below(0x1_0000);
    const kind = prng.below(8);
    // Mostly all that is there, sometimes some of it, sometimes a few bytes.
    const bytesMax = kind === 0 ? 1 + prng.below(12) : kind === 1 ? 1 + prng.below(1024) : Number.MAX_SAFE_INTEGER;
    return this.step(chosen, bytesMax);
  }
}

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

function keyOf(host: string | undefined, port: number): string {
  return `${WILDCARDS.includes(host) ? '*' : host}:${port}`;
}

function cutOf(from: string, to: string, port?: number): string {
  return port === undefined ? `${from}>${to}` : `${from}>${to}:${port}`;
}
