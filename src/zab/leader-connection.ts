/**
 * A learner's connection to its leader: the attempts to make it (ensemble-protocol 5.2), packets in and out, how long the other
 * side may be silent, and the pause while there is no room for what it sends.
 *
 * Owned by the learner, on the quorum peer's thread. It decides nothing about what the packets say.
 */
import type { Logger } from '../actor/logger.js';
import type { PeerAddress, PeerNetwork, PeerSocket, PeerSocketEvents } from '../election/peer-network.js';
import { PacketBuffer } from './packet-buffer.js';
import { type PacketHandler, PacketReader, PacketResult } from './packet-reader.js';

const ATTEMPTS_MIN = 5;
/** A leader that was just elected opens its port before anything else, but a busy machine may take its time with that. */
const PATIENCE_MS = 1000;
/** Ticks come many times more often. */
const STALL_MS = 1000;

export interface LeaderConnectionOptions {
  /** Whom to try in turn: the leader, or observer masters; each with all of its addresses. */
  readonly targets: readonly (readonly PeerAddress[])[];
  /** For all attempts. */
  readonly connectMsMax: number;
  readonly retryMs: number;
  /** Before the targets are tried again from the first. */
  readonly roundMs: number;
  readonly silenceMsMax: number;
  readonly partBytesMax: number;
}

export interface LeaderConnectionEvents extends PacketHandler {
  onConnected(): void;
  /** There is no connection any more, or none was made; nothing follows. */
  onLost(reason: string): void;
  /** Something has come. */
  onInput(): void;
}

export class LeaderConnection implements PeerSocketEvents {
  readonly out = new PacketBuffer();
  /** How long the leader may say nothing. */
  silenceMsMax: number;
  private readonly network: PeerNetwork;
  private readonly log: Logger;
  private readonly options: LeaderConnectionOptions;
  private readonly events: LeaderConnectionEvents;
  private readonly reader: PacketReader;
  private socket: PeerSocket | null = null;
  private state: 'waiting' | 'connecting' | 'open' | 'closed' = 'waiting';
  private nowMs = 0;
  private attempts = 0;
  private nextAttemptMs = 0;
  private startedMs = 0;
  private deadlineMs = 0;
  private heardMs = 0;
  private isPaused = false;

  constructor(network: PeerNetwork, log: Logger, options: LeaderConnectionOptions, events: LeaderConnectionEvents) {
    this.network = network;
    this.log = log;
    this.options = options;
    this.events = events;
    this.silenceMsMax = options.silenceMsMax;
    this.reader = new PacketReader(options.partBytesMax);
  }

  get isOpen(): boolean {
    return this.state === 'open';
  }

  /** Not yet taken by the system: the leader may not read. */
  get queuedBytes(): number {
    return this.out.length + (this.socket?.queuedBytes ?? 0);
  }

  start(nowMs: number): void {
    this.nowMs = nowMs;
    this.startedMs = nowMs;
    this.deadlineMs = nowMs + this.options.connectMsMax;
    this.attempt();
  }

  onTick(nowMs: number): void {
    const passedMs = nowMs - this.nowMs;
    this.nowMs = nowMs;
    // Who is not read is not silent, be it that there is no room, or that this process stood still.
    if (this.isPaused) this.heardMs = nowMs;
    else if (passedMs > STALL_MS) this.heardMs += passedMs;
    if (this.state === 'waiting' && nowMs >= this.nextAttemptMs) this.attempt();
    if (this.state === 'open' && nowMs - this.heardMs > this.silenceMsMax) {
      this.lose(`the leader said nothing for ${this.silenceMsMax} ms`);
    }
  }

  /** Goes on with what was put off, if anything was. */
  resume(): void {
    if (!this.isPaused || this.socket === null) return;
    const result = this.reader.resume(this.events);
    if (result === PacketResult.drained) {
      this.isPaused = false;
      this.socket.resume();
    } else {
      this.settle(result);
    }
  }

  /** Behind bytes that were no packets. */
  packetsFollow(): void {
    this.reader.packetsFollow();
  }

  flush(): void {
    if (this.state === 'open' && this.socket !== null) this.out.flush(this.socket);
  }

  close(): void {
    this.state = 'closed';
    this.out.clear();
    this.socket?.destroy();
    this.socket = null;
  }

  onOpen(): void {
    this.state = 'open';
    this.heardMs = this.nowMs;
    this.events.onConnected();
    this.events.onInput();
  }

  onData(bytes: Uint8Array, length: number): void {
    if (this.state !== 'open') return;
    this.heardMs = this.nowMs;
    const result = this.reader.push(bytes, length, this.events);
    if (result !== PacketResult.drained) this.settle(result);
    this.events.onInput();
  }

  onDrain(): void {}

  onClose(reason: string): void {
    this.socket = null;
    if (this.state === 'open') this.lose(reason);
    else if (this.state === 'connecting') this.retry(reason);
  }

  /** Which of the targets was tried last: the one it is connected to, if to any. */
  get targetIndex(): number {
    return Math.max(0, this.attempts - 1) % this.options.targets.length;
  }

  private retry(reason: string): void {
    const { targets, retryMs, roundMs } = this.options;
    this.state = 'waiting';
    this.nextAttemptMs = this.nowMs + (this.attempts % targets.length === 0 ? Math.max(retryMs, roundMs) : retryMs);
    const wasPatient = this.nextAttemptMs - this.startedMs >= PATIENCE_MS;
    const hasTried = wasPatient && this.attempts >= Math.max(ATTEMPTS_MIN, targets.length);
    if (hasTried || this.nextAttemptMs >= this.deadlineMs) {
      this.lose(`no connection to the leader after ${this.attempts} attempts: ${reason}`);
    } else {
      this.log.info(`No connection to the leader yet: ${reason}`);
    }
  }

  private attempt(): void {
    const { targets } = this.options;
    const addresses = targets[this.attempts % targets.length];
    // Somebody who does not answer at all must leave the others their share of the time.
    const shares = Math.max(targets.length - this.attempts, 1);
    this.attempts++;
    this.state = 'connecting';
    this.socket = this.network.connect(addresses, Math.max((this.deadlineMs - this.nowMs) / shares, 1), this);
  }

  private settle(result: PacketResult): void {
    if (result === PacketResult.later && !this.isPaused) {
      this.isPaused = true;
      this.socket?.pause();
    } else if (result === PacketResult.malformed) {
      this.lose(`the leader sent ${this.reader.fault}`);
    }
  }

  private lose(reason: string): void {
    this.close();
    this.events.onLost(reason);
  }
}
