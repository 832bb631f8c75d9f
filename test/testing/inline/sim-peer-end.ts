/**
 * One end of a connection between two machines of the simulated network (sim-peer-network.ts), and the direction that leads away from
 * it, from the process that writes to the one that reads:
 *
 *   queue      handed to `write`, and still in the caller's memory
 *   underWay   taken by the system: on the wire, due in order, or held by a cut
 *   received   arrived at the other end; its process has not been given it
 */
import { assert } from '../../../src/base/assert.js';
import type { PeerSocket, PeerSocketEvents } from '../../../src/election/peer-network.js';
import type { SimPeerConnection } from './sim-peer-connection.js';
import type { SimPeerHost } from './sim-peer-host.js';

const SCRIBBLE = 0xdb;
/** A sender tries again so much later than a direction has healed. */
const RETRANSMIT_MS_MAX = 400;
/** A system gives up what nobody acknowledges; after a quarter of an hour in life, where nothing else is so slow. */
const GIVES_UP_MS = 12_000;

/** Whom a listener has for its new connections. */
export type Accept = (socket: PeerSocket) => PeerSocketEvents | null;

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

const NO_BYTES = new Uint8Array(0);

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
