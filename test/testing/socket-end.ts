/**
 * A client's end on a real socket, with the face that WireClient wants: what arrives is kept until somebody takes it. Used by the
 * system and interop tests that put the workload of the inline tests to real processes.
 */
import { connect, type Socket } from 'node:net';
import { type ClientEnd, Ending } from './inline/sim-client-network.js';

export class SocketEnd implements ClientEnd {
  ending: Ending = Ending.open;
  private readonly socket: Socket;
  private received: Buffer[] = [];

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (chunk: Buffer) => this.received.push(chunk));
    this.socket.on('end', () => this.end(Ending.fin));
    this.socket.on('error', () => this.end(Ending.reset));
    this.socket.on('close', () => this.end(Ending.reset));
  }

  send(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  takeReceived(): Uint8Array {
    const all = Buffer.concat(this.received);
    this.received = [];
    return all;
  }

  destroy(): void {
    this.end(Ending.reset);
    this.socket.destroy();
  }

  private end(how: Ending): void {
    if (this.ending === Ending.open) this.ending = how;
  }
}
