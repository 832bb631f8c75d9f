/**
 * The ports on which this server hears its peers' election connections: one for each of its addresses, or one for all interfaces
 * (ensemble-protocol 2.4, 3.1). Owned by ElectionActor. A port that cannot be bound, or whose name cannot be looked up, is tried again
 * every second, `bindRetries` times in all (0: for ever); it gives up only when no port is left to listen on.
 */
import type { Logger } from '../actor/logger.js';
import { bracketed } from './member-text.js';
import type { PeerListener, PeerNetwork, PeerSocket, PeerSocketEvents } from './peer-network.js';
import type { QuorumMember } from './quorum-verifier.js';

const RETRY_MS = 1000;

interface Port {
  readonly host: string | undefined;
  readonly port: number;
  listener: PeerListener | null;
  attempts: number;
  /** Infinity: it listens, is about to, or has been given up. */
  retryAtMs: number;
  isGivenUp: boolean;
}

export interface ListenerSettings {
  readonly listenOnAllIps: boolean;
  readonly bindRetries: number;
}

export class ElectionListener {
  private readonly network: PeerNetwork;
  private readonly settings: ListenerSettings;
  private readonly accept: (socket: PeerSocket) => PeerSocketEvents | null;
  private readonly onGivenUp: (reason: string) => void;
  private readonly log: Logger;
  private ports: readonly Port[] = [];
  private sid = 0;
  private nowMs = 0;
  /** Of the set of ports: callbacks of an older one are nobody's. */
  private generation = 0;
  private closing = 0;
  private whenClosed: (() => void) | null = null;

  constructor(
    network: PeerNetwork,
    settings: ListenerSettings,
    accept: (socket: PeerSocket) => PeerSocketEvents | null,
    onGivenUp: (reason: string) => void,
    log: Logger,
  ) {
    this.network = network;
    this.settings = settings;
    this.accept = accept;
    this.onGivenUp = onGivenUp;
    this.log = log;
  }

  /** Listens where `own` says. Ports that are open already and still its own stay open. */
  open(own: QuorumMember, nowMs: number): void {
    this.nowMs = nowMs;
    this.sid = own.sid;
    const wanted = wantedPorts(own, this.settings.listenOnAllIps);
    if (this.ports.length > 0 && samePorts(wanted, this.ports)) return;
    this.close();
    this.ports = wanted;
    const generation = this.generation;
    const begin = (): void => {
      if (generation === this.generation) for (const port of wanted) this.bind(port);
    };
    // The same port may be among them: it is free once the old listener is closed.
    if (this.closing > 0) this.whenClosed = begin;
    else begin();
  }

  tick(nowMs: number): void {
    this.nowMs = nowMs;
    for (const port of this.ports) {
      if (nowMs < port.retryAtMs) continue;
      port.retryAtMs = Number.POSITIVE_INFINITY;
      this.bind(port);
    }
  }

  close(): void {
    this.generation++;
    this.whenClosed = null;
    for (const port of this.ports) if (port.listener !== null) this.closeOne(port.listener);
    this.ports = [];
  }

  private closeOne(listener: PeerListener): void {
    this.closing++;
    listener.close(() => {
      this.closing--;
      if (this.closing > 0 || this.whenClosed === null) return;
      const begin = this.whenClosed;
      this.whenClosed = null;
      begin();
    });
  }

  private bind(port: Port): void {
    const generation = this.generation;
    port.attempts++;
    port.listener = this.network.listen(
      port.host,
      port.port,
      (socket) => (generation === this.generation ? this.accept(socket) : null),
      (boundPort) => {
        if (generation !== this.generation) return;
        port.attempts = 0;
        const where = `${shown(port.host)}:${boundPort}`;
        this.log.info(`${this.sid} is accepting connections now, my election bind port: ${where}`);
      },
      (error) => {
        if (generation === this.generation) this.onError(port, error);
      },
    );
  }

  private onError(port: Port, error: Error): void {
    port.listener?.close();
    port.listener = null;
    const { bindRetries } = this.settings;
    const where = `${shown(port.host)}:${port.port}`;
    this.log.error(`Exception while listening to address ${where}: ${error.message}`);
    if (bindRetries === 0 || port.attempts < bindRetries) {
      port.retryAtMs = this.nowMs + RETRY_MS;
      return;
    }
    port.isGivenUp = true;
    this.log.error(
      `As I'm leaving the listener thread, I won't be able to participate in leader election any longer: ${where}`,
    );
    if (this.ports.every((other) => other.isGivenUp)) {
      this.onGivenUp(`cannot listen for elections on ${where} after ${port.attempts} attempts: ${error.message}`);
    }
  }
}

function wantedPorts(own: QuorumMember, listenOnAllIps: boolean): readonly Port[] {
  const ports: Port[] = [];
  for (const { host, electionPort } of own.addresses) {
    const boundHost = listenOnAllIps ? undefined : host;
    if (ports.some((port) => port.host === boundHost && port.port === electionPort)) continue;
    ports.push({
      host: boundHost,
      port: electionPort,
      listener: null,
      attempts: 0,
      retryAtMs: Number.POSITIVE_INFINITY,
      isGivenUp: false,
    });
  }
  return ports;
}

function samePorts(a: readonly Port[], b: readonly Port[]): boolean {
  return a.length === b.length && a.every((port, i) => port.host === b[i].host && port.port === b[i].port);
}

function shown(host: string | undefined): string {
  return host === undefined ? '0.0.0.0' : bracketed(host);
}
