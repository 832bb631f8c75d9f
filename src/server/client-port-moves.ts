// Where clients are heard changes with a reconfiguration (ensemble-protocol 9.5, ServerCnxnFactory.reconfigure): the new port is
// opened first, then the old one serves no more; who is connected stays. A port that cannot be had is told in one line, and the old
// one goes on. One move at a time; the last one wanted meanwhile follows.
//
// Main thread; owned by the live server, which asks shard 0 through it and passes on what that tells. The configuration of the
// running server names the new address once it listens.

import type { Logger } from '../actor/logger.js';
import type { ShardControl } from '../net/shard-control.js';
import type { AskActor } from './server-plan.js';

/** The part of the running server's configuration that moves. */
export interface MovingPort {
  clientPort: number | null;
  clientPortAddress: string | null;
}

interface Address {
  readonly host: string;
  readonly port: number;
}

/** The port for clients without TLS comes first, where there is one. */
const INDEX = 0;

export class ClientPortMoves {
  private readonly config: MovingPort;
  private readonly ask: AskActor;
  private readonly log: Logger;
  private moving: Address | null = null;
  private next: Address | null = null;
  /** The server stops: nothing is asked any more, and what fails is no failure. */
  private isClosed = false;

  constructor(config: MovingPort, ask: AskActor, log: Logger) {
    this.config = config;
    this.ask = ask;
    this.log = log;
  }

  close(): void {
    this.isClosed = true;
    this.moving = null;
    this.next = null;
  }

  async move(host: string, port: number): Promise<void> {
    if (this.isClosed) return;
    if (this.moving !== null) {
      this.next = { host, port };
      return;
    }
    const { clientPort, clientPortAddress } = this.config;
    if (clientPort === port && clientPortAddress === host) return;
    // Two sockets cannot share the number; a server without that port has no place to put one.
    if (clientPort === port || clientPort === null) {
      this.log.warn(`Clients are heard on ${host}:${port} from the next start on`);
      return;
    }
    const moving = { host, port };
    this.moving = moving;
    const control: ShardControl = { kind: 'move-port', index: INDEX, host, port };
    try {
      await this.ask('connections.0', control);
    } catch (error) {
      // What came of it may be known by now, though nobody lived to answer.
      if (this.moving === moving) this.failed(error as Error);
    }
  }

  /** False: no move, but the port that the server has begun with, or that a shard made anew has found. */
  tookPlace(index: number, port: number): boolean {
    const { moving } = this;
    if (index !== INDEX || moving === null) return false;
    if (port !== moving.port) {
      this.failed(new Error('the shard was made anew'));
      return false;
    }
    this.config.clientPort = port;
    this.config.clientPortAddress = moving.host;
    this.log.info(`binding to port ${moving.host}:${port}`);
    this.goOn();
    return true;
  }

  tryFail(index: number, error: Error): boolean {
    if (index !== INDEX || this.moving === null) return false;
    this.failed(error);
    return true;
  }

  private failed(error: Error): void {
    const { host, port } = this.moving as Address;
    this.log.error(
      `Error reconfiguring client port to ${host}:${port}: clients are still heard on ${this.config.clientPort}. Free the ` +
        'port, or reconfigure once more',
      { error },
    );
    this.goOn();
  }

  private goOn(): void {
    this.moving = null;
    const { next } = this;
    this.next = null;
    if (next !== null) void this.move(next.host, next.port);
  }
}
