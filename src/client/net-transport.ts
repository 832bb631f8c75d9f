// The real Transport: TCP through node:net. A shell: it moves bytes and translates events, and decides nothing. Each
// connection reads into one buffer of its own, which is why onData's bytes are valid only during the call. Host names are
// resolved at every connect.

import { connect, type Socket } from 'node:net';
import { assert } from '../base/assert.js';
import type { Connection, ConnectionHandlers, Transport } from './transport.js';

const READ_BUFFER_BYTES = 64 * 1024;

export class NetTransport implements Transport {
  connect(host: string, port: number, handlers: ConnectionHandlers): Connection {
    const connection = new SocketConnection(handlers);
    const socket = connect({
      host,
      port,
      noDelay: true,
      onread: {
        buffer: new Uint8Array(READ_BUFFER_BYTES),
        callback: (byteCount, buffer) => {
          connection.onData(buffer.subarray(0, byteCount));
          return true;
        },
      },
    });
    connection.attach(socket, 'connect');
    return connection;
  }
}

/** A connection over any stream socket, plain or encrypted. */
export class SocketConnection implements Connection {
  private readonly handlers: ConnectionHandlers;
  private socket: Socket | null = null;
  private isDestroyed = false;
  private isHolding = false; // the socket still reads from the array of the last send
  private error: Error | null = null;

  constructor(handlers: ConnectionHandlers) {
    this.handlers = handlers;
  }

  /** Once, before anything else. readyEvent: which event says that bytes may be sent. */
  attach(socket: Socket, readyEvent: 'connect' | 'secureConnect'): void {
    assert(this.socket === null, 'attached twice');
    this.socket = socket;
    socket.on(readyEvent, () => {
      if (!this.isDestroyed) this.handlers.onConnect();
    });
    socket.on('error', (error) => {
      this.error ??= error; // the first one says what happened
    });
    socket.on('close', () => {
      if (!this.isDestroyed) this.handlers.onClose(this.error);
    });
  }

  onData(bytes: Uint8Array): void {
    if (!this.isDestroyed) this.handlers.onData(bytes);
  }

  send(bytes: Uint8Array): boolean {
    assert(!this.isHolding, 'send before onDrain');
    const socket = this.attached;
    socket.write(bytes, () => {
      if (!this.isHolding || this.isDestroyed) return;
      if (socket.writableLength > 0) return; // an earlier, already finished write reporting late
      this.isHolding = false;
      this.handlers.onDrain();
    });
    // The kernel took everything within the call: the common case, and the array can be used again at once.
    if (socket.writableLength === 0) return true;
    this.isHolding = true;
    return false;
  }

  pause(): void {
    this.attached.pause();
  }

  resume(): void {
    this.attached.resume();
  }

  destroy(): void {
    this.isDestroyed = true;
    this.attached.destroy();
  }

  private get attached(): Socket {
    assert(this.socket !== null, 'used before attach');
    return this.socket;
  }
}
