/**
 * Opens one connection to a server that has several addresses: all of them are tried side by side, the first that gets through
 * wins, the others are destroyed. Lives on the thread of its socket, until somebody has won, all have lost, or time is over.
 *
 * Names are looked up anew each time, since members move. A name that stands for several addresses is gone through one after the
 * other, the next one when its predecessor fails or says nothing for a moment: a server must not be connected to twice because
 * it can be reached by IPv4 and IPv6.
 */
import { lookup } from 'node:dns';
import type { Socket } from 'node:net';
import type { PeerAddress } from '../election/peer-network.js';

/** Until the next address of one name is tried as well. */
const NEXT_ADDRESS_MS = 250;
/** A name with more addresses than that is not a server's. */
const ADDRESSES_MAX = 8;

/**
 * Makes the connection to an address of the server `host`, calls back once with the socket or what is wrong, and returns how to
 * stop it.
 */
export type Attempt = (
  address: string,
  port: number,
  host: string,
  onOpen: (socket: Socket) => void,
  onFailed: (reason: string) => void,
) => () => void;

/** All addresses of a name, the ones to be tried first in front; calls back later. */
export type LookUp = (
  host: string,
  onFound: (error: NodeJS.ErrnoException | null, addresses: string[]) => void,
) => void;

const lookUpAnew: LookUp = (host, onFound) => {
  lookup(host, { all: true, order: 'ipv4first' } as { all: true }, (error, found) => {
    onFound(error, error === null ? found.map(({ address }) => address) : []);
  });
};

export class ConnectionRace {
  private readonly attempt: Attempt;
  private readonly onWon: (socket: Socket) => void;
  private readonly onLost: (reason: string) => void;
  private readonly lookUp: LookUp;
  private readonly running = new Set<() => void>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly reasons = new Set<string>();
  /** Names whose addresses are not all tried yet. */
  private unfinished: number;
  private isOver = false;

  constructor(
    addresses: readonly PeerAddress[],
    timeoutMs: number,
    attempt: Attempt,
    onWon: (socket: Socket) => void,
    onLost: (reason: string) => void,
    lookUp: LookUp = lookUpAnew,
  ) {
    this.lookUp = lookUp;
    this.attempt = attempt;
    this.onWon = onWon;
    this.onLost = onLost;
    this.unfinished = addresses.length;
    if (addresses.length === 0) process.nextTick(() => this.lose('it has no address'));
    this.after(Math.max(timeoutMs, 1), () => this.lose(`no connection after ${timeoutMs} ms`));
    for (const { host, port } of addresses) this.enter(host, port);
  }

  /** Nobody is told anything any more. */
  cancel(): void {
    if (this.isOver) return;
    this.isOver = true;
    for (const timer of this.timers) clearTimeout(timer);
    for (const stop of this.running) stop();
    this.running.clear();
  }

  private enter(host: string, port: number): void {
    this.lookUp(host, (error, addresses) => {
      if (this.isOver) return;
      if (error !== null) this.reasons.add(`${host}: ${error.code ?? error.message}`);
      this.tryNext(addresses.slice(0, ADDRESSES_MAX), port, host);
    });
  }

  private tryNext(addresses: readonly string[], port: number, host: string): void {
    const [address, ...others] = addresses;
    if (address === undefined) {
      this.unfinished--;
      this.loseIfAllHave();
      return;
    }
    // Whichever comes first, its failure or the moment of silence, brings up the next one.
    let hasNext = false;
    const next = (): void => {
      if (hasNext || this.isOver) return;
      hasNext = true;
      this.tryNext(others, port, host);
    };
    const stop = this.attempt(
      address,
      port,
      host,
      (socket) => {
        this.running.delete(stop);
        if (this.isOver) return;
        this.cancel();
        this.onWon(socket);
      },
      (reason) => {
        this.running.delete(stop);
        if (this.isOver) return;
        this.reasons.add(reason);
        next();
        this.loseIfAllHave();
      },
    );
    this.running.add(stop);
    if (others.length > 0) this.after(NEXT_ADDRESS_MS, next);
    else next();
  }

  private loseIfAllHave(): void {
    if (this.unfinished === 0 && this.running.size === 0) this.lose([...this.reasons].join('; '));
  }

  private lose(reason: string): void {
    if (this.isOver) return;
    this.cancel();
    this.onLost(reason);
  }

  private after(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      act();
    }, ms);
    this.timers.add(timer);
  }
}

/** A plain connection. `made` makes the socket. */
export function attemptPlain(made: () => Socket): Attempt {
  return (address, port, host, onOpen, onFailed) => {
    const socket = made();
    const onError = (error: Error): void => {
      socket.destroy();
      onFailed(host === address ? error.message : `${host}: ${error.message}`);
    };
    socket.once('error', onError);
    socket.once('connect', () => {
      if (isToItself(socket)) {
        onError(new Error(`connect ECONNREFUSED ${address}:${port}`));
        return;
      }
      socket.removeListener('error', onError);
      onOpen(socket);
    });
    socket.connect({ host: address, port });
    return () => {
      socket.removeListener('error', onError);
      socket.on('error', () => socket.destroy());
      socket.destroy();
    };
  };
}

/**
 * On one machine the system may choose the very port that is called as the caller's own, when nobody listens there: the
 * connection is then one with itself, and nobody can listen on that port until it ends.
 */
function isToItself(socket: Socket): boolean {
  return socket.localPort === socket.remotePort && socket.localAddress === socket.remoteAddress;
}
