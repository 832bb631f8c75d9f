/**
 * One machine of the simulated network (sim-peer-network.ts): what its process is given as its network, and what may happen to it: no
 * power, a process that ends or stands still, callers that are refused or not heard.
 */
import type { Prng } from '../../../src/base/prng.js';
import type {
  PeerAddress,
  PeerListener,
  PeerNetwork,
  PeerSocket,
  PeerSocketEvents,
} from '../../../src/election/peer-network.js';
import type { Accept, SimPeerEnd } from './sim-peer-end.js';
import type { SimPeerNetwork } from './sim-peer-network.js';

const WILDCARDS: readonly (string | undefined)[] = [undefined, '', '0.0.0.0', '::'];

interface Listener {
  readonly accept: Accept;
}

export class SimPeerHost implements PeerNetwork {
  readonly network: SimPeerNetwork;
  readonly name: string;
  /** False: no power; nothing is answered. */
  isUp = true;
  /** Everybody who connects is refused; or hears nothing. */
  refusesConnections = false;
  dropsConnections = false;
  private isPaused = false;
  private readonly listeners = new Map<string, Listener>();
  private later: (() => void)[] = [];
  private readonly ready: SimPeerEnd[] = [];

  constructor(network: SimPeerNetwork, name: string) {
    this.network = network;
    this.name = name;
  }

  // ---- PeerNetwork

  listen(
    host: string | undefined,
    port: number,
    accept: Accept,
    onListening: (port: number) => void,
    onError: (error: Error) => void,
  ): PeerListener {
    const actualPort = port === 0 ? this.network.ephemeralPort() : port;
    const key = keyOf(host, actualPort);
    const listener: Listener = { accept };
    if (this.listeners.has(key)) {
      const error = Object.assign(new Error(`listen EADDRINUSE: ${key}`), { code: 'EADDRINUSE' });
      this.later.push(() => onError(error));
    } else {
      this.listeners.set(key, listener);
      this.later.push(() => {
        if (this.listeners.get(key) === listener) onListening(actualPort);
      });
    }
    return {
      close: (onClosed) => {
        if (this.listeners.get(key) === listener) this.listeners.delete(key);
        if (onClosed !== undefined) this.later.push(onClosed);
      },
    };
  }

  connect(addresses: readonly PeerAddress[], timeoutMs: number, events: PeerSocketEvents): PeerSocket {
    return this.network.connectFrom(this, addresses, timeoutMs, events);
  }

  close(): void {
    this.listeners.clear();
  }

  // ---- what may happen to it

  /** The process stands still, and the system goes on. */
  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  /** The process is gone at once; the system closes what it had. */
  kill(): void {
    this.forget(true);
  }

  /** The machine is gone; nobody is told, and nobody answers until `powerOn`. */
  powerOff(): void {
    this.forget(false);
    this.isUp = false;
  }

  powerOn(): void {
    this.isUp = true;
    this.network.retryAll();
  }

  private forget(tellsPeers: boolean): void {
    this.listeners.clear();
    this.later = [];
    this.ready.length = 0;
    this.isPaused = false;
    this.network.forgetEndsOf(this, tellsPeers);
  }

  // ---- steps

  listenerOf(address: PeerAddress): Listener | undefined {
    return this.listeners.get(keyOf(address.host, address.port)) ?? this.listeners.get(keyOf(undefined, address.port));
  }

  noteReady(end: SimPeerEnd): void {
    if (!this.ready.includes(end) && end.canStep()) this.ready.push(end);
  }

  hasSomething(): boolean {
    return !this.isPaused && (this.later.length > 0 || this.ready.length > 0);
  }

  /** Tells the process one thing; of bytes at most so many. False when there is nothing to tell. */
  step(chosen: number, bytesMax: number): boolean {
    if (!this.hasSomething()) return false;
    const call = this.later.shift();
    if (call !== undefined) {
      call();
      return true;
    }
    const index = chosen % this.ready.length;
    const end = this.ready[index] as SimPeerEnd;
    if (end.canStep()) end.step(bytesMax);
    const at = this.ready.indexOf(end); // the call may have changed the list
    if (at >= 0 && !end.canStep()) this.ready.splice(at, 1);
    return true;
  }

  stepAtRandom(prng: Prng): boolean {
    if (!this.hasSomething()) return false;
    const chosen = prng.below(0x1_0000);
    const kind = prng.below(8);
    // Mostly all that is there, sometimes some of it, sometimes a few bytes.
    const bytesMax = kind === 0 ? 1 + prng.below(12) : kind === 1 ? 1 + prng.below(1024) : Number.MAX_SAFE_INTEGER;
    return this.step(chosen, bytesMax);
  }
}

function keyOf(host: string | undefined, port: number): string {
  return `${WILDCARDS.includes(host) ? '*' : host}:${port}`;
}
