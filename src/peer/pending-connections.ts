/**
 * Accepted sockets that have not shown yet what they speak: bounded in time and number, over all listeners of one network, so
 * that thousands of silent connections cost a fixed amount of memory and keep nobody out. A server that means it sends at once;
 * so when there are too many, it is the oldest that goes. Lives on the thread of its network.
 */
import type { Socket } from 'node:net';
import type { SeldomLogger } from '../actor/seldom-logger.js';

export class PendingConnections {
  private readonly countMax: number;
  private readonly timeMsMax: number;
  private readonly log: SeldomLogger;
  /** Oldest first. */
  private readonly sockets = new Map<Socket, NodeJS.Timeout>();

  constructor(countMax: number, timeMsMax: number, log: SeldomLogger) {
    this.countMax = countMax;
    this.timeMsMax = timeMsMax;
    this.log = log;
  }

  get size(): number {
    return this.sockets.size;
  }

  /** Until `remove`, or until the socket is closed by whomever. */
  add(socket: Socket, address: string): void {
    if (this.sockets.size >= this.countMax) {
      const [oldest] = this.sockets.keys();
      this.log.warn('too many', `Too many connections from servers that say nothing; the oldest one is closed`);
      oldest?.destroy();
      if (oldest !== undefined) this.remove(oldest);
    }
    const timer = setTimeout(() => {
      this.log.warn('silent', `A connection from ${address} did not say what it is in ${this.timeMsMax} ms; closed`);
      socket.destroy();
    }, this.timeMsMax).unref();
    this.sockets.set(socket, timer);
    socket.once('close', () => this.remove(socket));
  }

  remove(socket: Socket): void {
    clearTimeout(this.sockets.get(socket));
    this.sockets.delete(socket);
  }

  close(): void {
    for (const socket of [...this.sockets.keys()]) {
      this.remove(socket);
      socket.destroy();
    }
  }
}
