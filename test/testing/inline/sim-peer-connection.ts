/**
 * A connection of the simulated network (sim-peer-network.ts): its two ends, of which each may know of the other what is no longer
 * true, and how it is made: one attempt per address, the first that finds a listener.
 */
import type { PeerAddress, PeerSocketEvents } from '../../../src/election/peer-network.js';
import { SimPeerEnd } from './sim-peer-end.js';
import type { SimPeerHost } from './sim-peer-host.js';
import type { SimPeerNetwork } from './sim-peer-network.js';

const SYN_RETRY_MS = 1000;

export class SimPeerConnection {
  readonly id: number;
  readonly network: SimPeerNetwork;
  readonly initiator: SimPeerEnd;
  acceptor: SimPeerEnd | null = null;
  /** The listener's: what a cut of one port goes by. */
  port = 0;
  /** Nothing passes in either direction any more, and nobody is told before its system gives up. */
  isBlackHole = false;
  private attemptsLeft: number;

  constructor(
    id: number,
    network: SimPeerNetwork,
    host: SimPeerHost,
    addresses: readonly PeerAddress[],
    timeoutMs: number,
    events: PeerSocketEvents,
  ) {
    this.id = id;
    this.network = network;
    this.initiator = new SimPeerEnd(this, host, events);
    this.attemptsLeft = addresses.length;
    const { initiator } = this;
    if (addresses.length === 0) network.at(network.nowMs(), () => this.attemptFailed('no address'));
    for (const address of addresses) this.attempt(address);
    network.at(network.nowMs() + timeoutMs, () => {
      if (initiator.isMade || this.attemptsLeft <= 0) return;
      this.attemptsLeft = 0;
      initiator.fail('connecting timed out');
    });
  }

  /** Both processes see a reset, whenever they look. */
  reset(): void {
    this.initiator.fail('reset by the network');
    this.acceptor?.fail('reset by the network');
  }

  /** One process sees a reset; the other learns of it when it writes, if ever. */
  resetAt(side: 'initiator' | 'acceptor'): void {
    this[side]?.fail('reset by the network');
  }

  abandonAttempts(end: SimPeerEnd): void {
    if (end === this.initiator) this.attemptsLeft = 0;
  }

  get isOver(): boolean {
    if (this.attemptsLeft > 0 && this.acceptor === null) return false;
    return this.initiator.isOver && (this.acceptor?.isOver ?? true);
  }

  private attempt(address: PeerAddress): void {
    const { network } = this;
    network.at(network.nowMs() + network.latencyMs(), () => this.knock(address));
  }

  private knock(address: PeerAddress): void {
    if (this.acceptor !== null || this.attemptsLeft <= 0) return;
    const { network, initiator } = this;
    const target = network.machineOf(address.host);
    if (target === null) {
      this.attemptFailed(`${address.host} is unknown`);
      return;
    }
    const isOpen =
      network.isOpen(initiator.host, target, address.port) && network.isOpen(target, initiator.host, address.port);
    if (!isOpen || !target.isUp || target.dropsConnections) {
      network.at(network.nowMs() + SYN_RETRY_MS, () => this.knock(address));
      return;
    }
    const listener = target.refusesConnections ? undefined : target.listenerOf(address);
    if (listener === undefined) {
      network.at(network.nowMs() + network.latencyMs(), () => this.attemptFailed('refused'));
      return;
    }
    this.port = address.port;
    const acceptor = new SimPeerEnd(this, target, null);
    acceptor.remoteAddress = initiator.host.name;
    acceptor.remotePort = network.ephemeralPort();
    this.acceptor = acceptor;
    initiator.remoteAddress = address.host;
    initiator.remotePort = address.port;
    acceptor.arriveBy(listener.accept);
  }

  private attemptFailed(reason: string): void {
    if (this.acceptor !== null || this.attemptsLeft <= 0 || --this.attemptsLeft > 0) return;
    this.initiator.fail(reason);
  }
}
