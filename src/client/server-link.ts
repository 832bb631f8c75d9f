// The one connection of a client, if there is one: frames in, frames out, and when either happened last. Owned by one
// ClientCnxn, which is told what the connection says and decides what follows; it outlives connections. What a connection
// says that was dropped or replaced meanwhile must never reach the client.

import { assert } from '../base/assert.js';
import type { Clock } from '../base/clock.js';
import { JuteError } from '../jute/jute-error.js';
import type { ServerAddress } from './connect-string.js';
import { IncomingFrames } from './incoming-frames.js';
import { OutgoingFrames } from './outgoing-frames.js';
import type { ClientPorts, Connection, Transport } from './transport.js';

export interface LinkHandlers {
  onDialed(): void;
  /** The bytes are valid only during the call. May throw JuteError: no server sends such a frame. */
  onFrame(bytes: Uint8Array, start: number, end: number): void;
  onDrain(): void;
  /** The stream makes no sense any more: where the next frame begins is anyone's guess. The connection is still there. */
  onGarbage(error: JuteError): void;
  /** Could not connect, or broken (the error), or closed by the server in good order (null). */
  onClose(error: Error | null): void;
}

export class ServerLink {
  readonly outgoing = new OutgoingFrames();
  lastHeardMs: number; // any byte of a server
  lastSentMs = 0;
  private readonly transport: Transport;
  private readonly clock: Clock;
  private readonly frameBytesMax: number;
  private readonly handlers: LinkHandlers;
  // Exactly one connection at a time; null while waiting and when over.
  private connection: Connection | null = null;
  private isDialed = false;
  private incoming: IncomingFrames;

  constructor({ transport, clock }: ClientPorts, frameBytesMax: number, handlers: LinkHandlers) {
    this.transport = transport;
    this.clock = clock;
    this.frameBytesMax = frameBytesMax;
    this.handlers = handlers;
    this.incoming = new IncomingFrames(frameBytesMax);
    this.lastHeardMs = clock.monotonicMs();
  }

  dial({ host, port }: ServerAddress): void {
    this.incoming = new IncomingFrames(this.frameBytesMax);
    const connection = this.transport.connect(host, port, {
      onConnect: () => {
        if (this.connection !== connection) return;
        assert(!this.isDialed, 'dialed twice');
        this.isDialed = true;
        this.handlers.onDialed();
      },
      onData: (bytes) => {
        if (this.connection === connection) this.onData(bytes);
      },
      onDrain: () => {
        if (this.connection !== connection) return;
        this.outgoing.onDrain();
        this.handlers.onDrain();
      },
      onClose: (error) => {
        if (this.connection === connection) this.handlers.onClose(error);
      },
    });
    this.connection = connection;
  }

  /** Nothing more is heard of the connection, and what was to be sent on it is forgotten. */
  drop(): void {
    this.connection?.destroy();
    this.connection = null;
    this.isDialed = false;
    this.outgoing.discard();
  }

  pause(): void {
    this.connection?.pause();
  }

  resume(): void {
    this.connection?.resume();
  }

  /** All that was written since the last time, in one write; nothing while the connection still has that. */
  flush(nowMs: number): void {
    if (this.outgoing.isEmpty || this.outgoing.isBlocked) return;
    assert(this.connection !== null && this.isDialed, 'something to send, but nowhere to');
    this.lastSentMs = nowMs;
    this.outgoing.send(this.connection);
  }

  private onData(bytes: Uint8Array): void {
    this.lastHeardMs = this.clock.monotonicMs();
    try {
      this.incoming.accept(bytes, this.onFrame);
    } catch (error) {
      if (!(error instanceof JuteError)) throw error;
      this.handlers.onGarbage(error);
    }
  }

  /** The frame may be the last of its connection: what stands behind it is nobody's then. */
  private readonly onFrame = (bytes: Uint8Array, start: number, end: number): boolean => {
    this.handlers.onFrame(bytes, start, end);
    return this.connection !== null;
  };
}
