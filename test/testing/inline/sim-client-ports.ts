/**
 * The client library on the simulated network of an inline server: same clock, connections that are cut by hand, turns that
 * run when the test says so. One per client. Nothing moves by itself: `pump` takes over what has arrived, `turn` lets the
 * client act.
 */
import { Prng } from '../../../src/base/prng.js';
import type {
  ClientPorts,
  Connection,
  ConnectionHandlers,
  Transport,
  TurnScheduler,
} from '../../../src/client/transport.js';
import type { InlineServer } from '../inline-server.js';
import { Ending, type SimConnection } from './sim-client-network.js';

class SimLink implements Connection {
  readonly sim: SimConnection;
  private readonly handlers: ConnectionHandlers;
  private isConnected = false;
  private isOver = false;

  constructor(sim: SimConnection, handlers: ConnectionHandlers) {
    this.sim = sim;
    this.handlers = handlers;
  }

  send(bytes: Uint8Array): boolean {
    if (this.sim.ending === Ending.open) this.sim.send(bytes); // else it is lost, as in a dead socket
    return true;
  }

  pause(): void {
    this.sim.reading = false;
  }

  resume(): void {
    this.sim.reading = true;
  }

  destroy(): void {
    this.isOver = true;
    if (!this.sim.gone) this.sim.destroy();
  }

  /** False: nothing has come. */
  pump(): boolean {
    if (this.isOver) return false;
    if (!this.isConnected && !this.sim.canAccept() && this.sim.ending === Ending.open) {
      this.isConnected = true;
      this.handlers.onConnect();
      return true;
    }
    const bytes = this.sim.takeReceived();
    if (bytes.length > 0) {
      this.handlers.onData(bytes);
      return true;
    }
    if (this.sim.ending === Ending.open) return false;
    this.isOver = true;
    this.handlers.onClose(new Error('cut'));
    return true;
  }
}

export class SimClientPorts {
  readonly ports: ClientPorts;
  private readonly server: InlineServer;
  private link: SimLink | null = null;
  private onTurn: (() => void) | null = null;
  private isTurnRequested = false;
  private deadlineMs = Number.POSITIVE_INFINITY;

  constructor(server: InlineServer, seed: number) {
    this.server = server;
    const transport: Transport = { connect: (_host, _port, handlers) => this.connect(handlers) };
    const scheduler: TurnScheduler = {
      start: (onTurn) => {
        this.onTurn = onTurn;
      },
      requestTurn: () => {
        this.isTurnRequested = true;
      },
      wakeAtMs: (deadlineMs) => {
        this.deadlineMs = deadlineMs;
      },
      stop: () => {
        this.onTurn = null;
      },
    };
    this.ports = { transport, clock: server.clock, prng: new Prng(seed), scheduler };
  }

  /** The connection breaks, in both directions at once; what was under way is lost. */
  cut(): void {
    if (this.link !== null && !this.link.sim.gone && this.link.sim.ending === Ending.open) this.link.sim.destroy();
  }

  /** False: there was nothing to take over and nothing to do. */
  pumpAndTurn(): boolean {
    const hasPumped = this.link?.pump() === true;
    const isDue = this.isTurnRequested || this.server.clock.monotonicMs() >= this.deadlineMs;
    if (!isDue || this.onTurn === null) return hasPumped;
    this.isTurnRequested = false;
    this.deadlineMs = Number.POSITIVE_INFINITY;
    this.onTurn();
    return true;
  }

  private connect(handlers: ConnectionHandlers): Connection {
    this.link = new SimLink(this.server.network.connect(0), handlers);
    return this.link;
  }
}
