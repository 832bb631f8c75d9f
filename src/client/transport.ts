// Ports between the client and the world: connections to servers, time, randomness, and being called again. The client
// proper is a state machine that only reacts to these; net-transport.ts and node-client-ports.ts are the real ones,
// tests and the simulator bring their own. All calls happen on one thread, the one the client lives on.

import type { Clock } from '../base/clock.js';
import type { Prng } from '../base/prng.js';
import type { CreateSaslMechanism } from './sasl-mechanism.js';

/** What a connection tells the client. None of these may be called from inside Transport.connect itself. */
export interface ConnectionHandlers {
  onConnect(): void;
  /** The bytes are valid only during the call. */
  onData(bytes: Uint8Array): void;
  /** The array given to the last send is free again, and send may be called. */
  onDrain(): void;
  /**
   * Once, and the last call of all: could not connect, or broken (the error, which the application is shown), or closed by the peer
   * in good order (null). Not after destroy().
   */
  onClose(error: Error | null): void;
}

export interface Connection {
  /**
   * True: the bytes are on their way and the array is the caller's again. False: the array belongs to the connection
   * until onDrain, and nothing may be sent before that.
   */
  send(bytes: Uint8Array): boolean;
  /** No onData until resume. What the peer sends meanwhile piles up on its side. */
  pause(): void;
  resume(): void;
  /** At once, without a farewell; no handler is called any more. */
  destroy(): void;
}

export interface Transport {
  connect(host: string, port: number, handlers: ConnectionHandlers): Connection;
}

/** How the client is called again. One per client. */
export interface TurnScheduler {
  start(onTurn: () => void): void;
  /** onTurn once, soon, after the code that is running now: what that code asks for goes out in one write. */
  requestTurn(): void;
  /** onTurn at this monotonic time or up to a few milliseconds later; replaces the time asked for before. */
  wakeAtMs(deadlineMs: number): void;
  stop(): void;
}

export interface ClientPorts {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly scheduler: TurnScheduler;
  /** Set: every connection proves who it is before anything else is sent on it. */
  readonly createSaslMechanism?: CreateSaslMechanism;
}
