// The real Transport: TCP through node:net. A shell: it moves bytes and translates events, and decides nothing. All
// connections read into one buffer each, which is why onData's bytes are valid only during the call. Host names are
// resolved at every connect.

import { connect, type Socket } from 'node:net';
import { assert } from '../base/assert.js';
import type { Connection, ConnectionHandlers, Transport } from './transport.js';

const READ_BUFFER_BYTES = 64 * 1024;

export class NetTransport implements Transport {
  connect(host: string, port: number, handlers: ConnectionHandlers): Connection {
    return new NetConnection(host, port, handlers);
  }
}

class NetConnection implements Connection {
  private readonly socket: Socket;
  private readonly handlers: ConnectionHandlers;
  private isDestroyed = false;
  private isHolding = false; // the socket still reads from the array of the last send
  private closeReason = 'closed by the server';

  constructor(host: string, port: number, handlers: ConnectionHandlers) {
    this.handlers = handlers;
    this.socket = connect({
      host,
      port,
      noDelay: true,
      onread: {
        buffer: new Uint8Array(READ_BUFFER_BYTES),
        callback: (byteCount, buffer) => {
          if (!this.isDestroyed) handlers.onData(buffer.subarray(0, byteCount));
          return true;
        },
      },
    });
    this.socket.on('connect', () => {
      if (!this.isDestroyed) handlers.onConnect();
    });
    this.socket.on('error', (error) => {
      this.closeReason = error.message;
    });
    this.socket.on('close', () => {
      if (!this.isDestroyed) handlers.onClose(this.closeReason);
    });
  }

  send(bytes: Uint8Array): boolean {
    assert(!this.isHolding, 'send before onDrain');
    this.socket.write(bytes, () => {
      if (!this.isHolding || this.isDestroyed) return;
      if (this.socket.writableLength > 0) return; // an earlier, already finished write reporting late
      this.isHolding = false;
      this.handlers.onDrain();
    });
    // The kernel took everything within the call: the common case, and the array can be used again at once.
    if (this.socket.writableLength === 0) return true;
    this.isHolding = true;
    return false;
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  destroy(): void {
    this.isDestroyed = true;
    this.socket.destroy();
  }
}
