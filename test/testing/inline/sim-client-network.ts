/**
 * Client connections without an operating system: a ClientNetwork for every connection shard and, for each connection,
 * both of its ends. Nothing moves by itself; a step delivers one thing (an accept, some bytes, the end, a drained queue),
 * chosen in turn or at random. TCP's promises and no more: bytes in order, cut anywhere, an end behind them, or a reset.
 *
 * It is as unkind as the port allows: what `onData` was given is overwritten after the call, and what a `write` could not
 * hand on at once stays in the server's own memory until it leaves, so that a server which uses it again is found out.
 */

import { assert } from '../../../src/base/assert.js';
import type { Prng } from '../../../src/base/prng.js';
import type {
  ClientListener,
  ClientNetwork,
  ClientSocket,
  ClientSocketEvents,
  ListenOptions,
} from '../../../src/net/client-socket.js';
import type { Identity } from '../../../src/processor/acl.js';

const READ_BYTES = 65536;
const SCRIBBLE = 0xdb;
const FD = 42;
const PORT = 2181;

type Accept = (socket: ClientSocket) => ClientSocketEvents | null;

interface Queued {
  /** The server's memory, not a copy of it. */
  readonly bytes: Uint8Array;
  begin: number;
  readonly end: number;
}

/** How the client's end learnt that the connection is over. */
export const Ending = { open: 'open', fin: 'fin', reset: 'reset' } as const;
export type Ending = (typeof Ending)[keyof typeof Ending];

/** What a client needs of its end, simulated or real. */
export interface ClientEnd {
  readonly ending: Ending;
  send(bytes: Uint8Array): void;
  /** Everything that has arrived, once. */
  takeReceived(): Uint8Array;
  destroy(): void;
}

export interface SimConnectionOptions {
  readonly address?: string;
  /** What the system takes from the server without the client having read anything. */
  readonly systemBytesMax?: number;
  /** What a TLS handshake would have proved. */
  readonly identities?: readonly Identity[];
}

/** One connection: the client's end is this object, the server's is `socket`. */
export class SimConnection implements ClientEnd {
  readonly socket: ClientSocket;
  readonly shard: number;
  /** False: the client leaves everything where it is. */
  reading = true;
  ending: Ending = Ending.open;
  /** Set when the server would not have this connection at all. */
  refused = false;
  /** The shard has been told that it is over. */
  gone = false;
  writesAfterEnd = 0;
  /** The server's next write throws: how a test makes a connection shard fail. */
  failsNextWrite = false;

  /** Sees what the server writes, as it writes it. */
  onServerWrite: ((bytes: Uint8Array, length: number) => void) | null = null;

  private readonly systemBytesMax: number;
  private events: ClientSocketEvents | null = null;
  private accepted = false;
  /** The TLS handshake is done, if there is one: here it takes no time, but it comes behind the accept. */
  private isSecured = false;
  private toServer: Uint8Array[] = [];
  private toServerBytes = 0;
  private clientEnded = false;
  private endDelivered = false;
  private paused = false;
  private queue: Queued[] = [];
  private inSystem: Uint8Array[] = [];
  private inSystemBytes = 0;
  private received: Uint8Array[] = [];
  private serverEnded = false;
  private drainDue = false;
  private closeDue = false;

  constructor(shard: number, port: number, options: SimConnectionOptions = {}) {
    this.shard = shard;
    this.systemBytesMax = options.systemBytesMax ?? 256 * 1024;
    const connection = this;
    this.socket = {
      remoteAddress: options.address ?? '127.0.0.1',
      remotePort: port,
      get isEncrypted(): boolean {
        return connection.isSecured;
      },
      get peerIdentities(): readonly Identity[] {
        return connection.isSecured ? (options.identities ?? []) : [];
      },
      get queuedBytes(): number {
        return connection.queuedBytes;
      },
      write: (bytes, length) => this.write(bytes, length),
      pause: () => {
        this.paused = true;
      },
      resume: () => {
        this.paused = false;
      },
      end: () => {
        this.serverEnded = true;
      },
      destroy: () => this.destroyedByServer(),
    };
  }

  // ---- the client's end

  send(bytes: Uint8Array): void {
    assert(!this.clientEnded, 'the client has ended this connection');
    if (bytes.length === 0) return;
    this.toServer.push(bytes.slice());
    this.toServerBytes += bytes.length;
  }

  /** Everything that has arrived, once. */
  takeReceived(): Uint8Array {
    const all = new Uint8Array(this.received.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of this.received) {
      all.set(part, at);
      at += part.length;
    }
    this.received = [];
    return all;
  }

  /** Orderly: behind everything that was sent. */
  end(): void {
    this.clientEnded = true;
  }

  /** At once: whatever was under way in either direction is lost. */
  destroy(): void {
    this.clientEnded = true;
    this.toServer = [];
    this.toServerBytes = 0;
    this.inSystem = [];
    this.received = [];
    this.ending = Ending.reset;
    this.closeDue = true;
  }

  get hasReceived(): boolean {
    return this.received.length > 0;
  }

  /** Sent by the client and not yet read by the server. */
  get unreadBytes(): number {
    return this.toServerBytes;
  }

  get isPaused(): boolean {
    return this.paused;
  }

  get queuedBytes(): number {
    return this.queue.reduce((sum, part) => sum + part.end - part.begin, 0);
  }

  // ---- the network between them

  canAccept(): boolean {
    return !this.accepted && !this.gone;
  }

  acceptBy(accept: Accept): void {
    this.accepted = true;
    this.events = accept(this.socket);
    if (this.events !== null) {
      this.isSecured = true;
      if (this.socket.peerIdentities.length > 0) this.events.onSecured();
      return;
    }
    this.refused = true;
    this.gone = true;
    this.ending = Ending.reset;
  }

  /** Whether `step` would do anything. */
  canStep(): boolean {
    return this.accepted && !this.gone && this.nextStep() !== null;
  }

  /** Delivers one thing; of bytes at most `bytesMax`. */
  step(bytesMax: number): void {
    const next = this.nextStep();
    const { events } = this;
    assert(next !== null && events !== null, 'a connection with nothing to deliver was stepped');
    switch (next) {
      case 'close':
        this.gone = true;
        if (this.ending === Ending.open) this.ending = Ending.reset;
        events.onClose();
        break;
      case 'drain':
        this.drainDue = false;
        events.onDrain();
        break;
      case 'flow':
        this.flow(bytesMax);
        break;
      case 'data':
        this.deliver(events, Math.min(bytesMax, READ_BYTES));
        break;
      case 'end':
        this.endDelivered = true;
        events.onEnd();
        break;
      case 'fin':
        this.ending = Ending.fin;
        this.clientEnded = true;
        break;
    }
  }

  private nextStep(): 'close' | 'drain' | 'flow' | 'data' | 'end' | 'fin' | null {
    if (this.closeDue || (this.ending === Ending.fin && this.endDelivered)) return 'close';
    if (this.drainDue) return 'drain';
    if (this.reading && (this.inSystemBytes > 0 || this.queue.length > 0)) return 'flow';
    if (this.toServerBytes > 0 && !this.paused) return 'data';
    if (this.clientEnded && !this.paused && this.toServerBytes === 0 && !this.endDelivered) return 'end';
    if (this.serverEnded && this.reading && this.ending === Ending.open) return 'fin';
    return null;
  }

  private deliver(events: ClientSocketEvents, bytesMax: number): void {
    const first = this.toServer[0] as Uint8Array;
    const count = Math.min(first.length, bytesMax);
    const buffer = new Uint8Array(count);
    buffer.set(first.subarray(0, count));
    if (count === first.length) this.toServer.shift();
    else this.toServer[0] = first.subarray(count);
    this.toServerBytes -= count;
    events.onData(buffer, count);
    buffer.fill(SCRIBBLE);
  }

  private flow(bytesMax: number): void {
    const part = this.inSystem[0];
    if (part !== undefined) {
      const count = Math.min(part.length, bytesMax);
      this.received.push(part.slice(0, count));
      this.inSystemBytes -= count;
      if (count === part.length) this.inSystem.shift();
      else this.inSystem[0] = part.subarray(count);
    }
    this.fillSystem();
  }

  /** The system takes from the server's queue what it has room for. */
  private fillSystem(): void {
    const hadQueue = this.queue.length > 0;
    for (
      let next = this.queue[0];
      next !== undefined && this.inSystemBytes < this.systemBytesMax;
      next = this.queue[0]
    ) {
      const count = Math.min(next.end - next.begin, this.systemBytesMax - this.inSystemBytes);
      this.inSystem.push(next.bytes.slice(next.begin, next.begin + count));
      this.inSystemBytes += count;
      next.begin += count;
      if (next.begin === next.end) this.queue.shift();
    }
    if (hadQueue && this.queue.length === 0) this.drainDue = true;
  }

  // ---- the server's end

  private write(bytes: Uint8Array, length: number): boolean {
    if (this.failsNextWrite) {
      this.failsNextWrite = false;
      throw new Error('a write failed as it never should');
    }
    if (this.serverEnded || this.gone || this.closeDue) {
      this.writesAfterEnd++;
      return true;
    }
    this.onServerWrite?.(bytes, length);
    const wasIdle = this.queue.length === 0;
    this.queue.push({ bytes, begin: 0, end: length });
    if (!wasIdle) return false;
    this.fillSystem();
    this.drainDue = false;
    return this.queue.length === 0;
  }

  private destroyedByServer(): void {
    if (this.gone) return;
    this.queue = [];
    this.serverEnded = true;
    this.ending = Ending.reset;
    this.closeDue = true;
  }
}

/** All connections to one server. */
export class SimClientNetwork {
  /** Set before any connection is made: sees what the server writes to each of them. */
  onServerWrite: ((connection: SimConnection, bytes: Uint8Array, length: number) => void) | null = null;
  private readonly canReusePort: boolean;
  private readonly accepts = new Map<number, Accept>();
  private connections: SimConnection[] = [];
  private later: (() => void)[] = [];
  private nextPort = 40000;

  constructor(canReusePort = true) {
    this.canReusePort = canReusePort;
  }

  /** What the actor of that shard is given. Shard 0 opens the port, the others listen on its descriptor. */
  portOf(shard: number): ClientNetwork {
    return {
      canReusePort: this.canReusePort,
      listen: (options, accept, onListening) => this.listen(shard, options, accept, onListening),
      close: () => {},
    };
  }

  isListening(shard: number): boolean {
    return this.accepts.has(shard);
  }

  connect(shard: number, options: SimConnectionOptions = {}): SimConnection {
    const connection = new SimConnection(shard, this.nextPort++, options);
    const { onServerWrite } = this;
    if (onServerWrite !== null) connection.onServerWrite = (bytes, length) => onServerWrite(connection, bytes, length);
    this.connections.push(connection);
    return connection;
  }

  /** The server's machine has stopped: every client sees its connection reset. */
  reset(): void {
    for (const connection of this.connections) {
      if (connection.gone) continue;
      connection.gone = true;
      connection.ending = Ending.reset;
    }
    this.connections = [];
    this.accepts.clear();
    this.later = [];
  }

  /** Delivers all that can be delivered now; false when that was nothing. */
  deliverAll(): boolean {
    let delivered = false;
    for (;;) {
      const ready = this.ready();
      if (ready.length === 0 && this.later.length === 0) return delivered;
      delivered = true;
      for (const call of this.later.splice(0)) call();
      for (const connection of ready) this.stepOf(connection, Number.MAX_SAFE_INTEGER);
    }
  }

  /** Delivers one thing, chosen by the generator; false when there is none. */
  stepAtRandom(prng: Prng): boolean {
    const call = this.later.shift();
    if (call !== undefined) {
      call();
      return true;
    }
    const ready = this.ready();
    if (ready.length === 0) return false;
    // Mostly whole segments, sometimes a few bytes.
    const bytesMax = prng.below(4) === 0 ? 1 + prng.below(12) : 1 + prng.below(4096);
    this.stepOf(ready[prng.below(ready.length)] as SimConnection, bytesMax);
    return true;
  }

  private ready(): SimConnection[] {
    if (this.connections.some((connection) => connection.gone)) {
      this.connections = this.connections.filter((connection) => !connection.gone);
    }
    return this.connections.filter(
      (connection) => connection.canStep() || (connection.canAccept() && this.accepts.has(connection.shard)),
    );
  }

  private stepOf(connection: SimConnection, bytesMax: number): void {
    if (connection.canAccept()) connection.acceptBy(this.accepts.get(connection.shard) as Accept);
    else if (connection.canStep()) connection.step(bytesMax);
  }

  private listen(
    shard: number,
    options: ListenOptions,
    accept: Accept,
    onListening: (fd: number, port: number) => void,
  ): ClientListener {
    assert(options.fd === undefined || options.fd === FD, 'a shard listens on a descriptor that nobody opened');
    // Nothing of this comes from within the call.
    let open = true;
    this.later.push(() => {
      if (open) this.accepts.set(shard, accept);
      onListening(FD, PORT);
    });
    return {
      close: (onClosed) => {
        open = false;
        if (this.accepts.get(shard) === accept) this.accepts.delete(shard);
        if (onClosed !== undefined) this.later.push(onClosed);
      },
    };
  }
}
