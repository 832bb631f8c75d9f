// The real world for a client: TCP or TLS, the machine's clocks, a seed from the system, and turns from Node's event loop. A
// shell, on the thread of the client it serves; the only place of the client, besides the two transports, that knows
// Node. One set of ports per client, never shared. It must not decide anything: when to act is the client's affair.

import { createHash, randomBytes, randomInt } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { Clock } from '../base/clock.js';
import { Prng } from '../base/prng.js';
import { DigestMd5Mechanism, type SaslCredentials } from './digest-md5-mechanism.js';
import { NetTransport } from './net-transport.js';
import { type TlsOptions, TlsTransport } from './tls-transport.js';
import type { ClientPorts, TurnScheduler } from './transport.js';

class SystemClock implements Clock {
  monotonicMs(): number {
    return performance.now();
  }

  wallMs(): number {
    return Date.now();
  }
}

/**
 * Turns run on process.nextTick: after the callback that is running and all promise reactions it set free, so one read
 * from the socket leads to one write, however many requests the replies in it provoked.
 */
class NodeTurnScheduler implements TurnScheduler {
  private onTurn: (() => void) | null = null;
  private isRequested = false;
  private deadlineMs = Number.POSITIVE_INFINITY;
  private timer: NodeJS.Timeout | null = null;
  private timerAtMs = Number.POSITIVE_INFINITY; // Invariant: finite exactly while a timer is set

  start(onTurn: () => void): void {
    this.onTurn = onTurn;
  }

  requestTurn(): void {
    if (this.isRequested) return;
    this.isRequested = true;
    process.nextTick(() => {
      this.isRequested = false;
      this.onTurn?.();
    });
  }

  /**
   * The deadline moves away with almost every turn, so a set timer that is too early is left alone: it finds, when it
   * fires, that nothing is due, and sets itself anew. A busy client touches its timer a few times a second.
   */
  wakeAtMs(deadlineMs: number): void {
    this.deadlineMs = deadlineMs;
    if (this.timerAtMs <= deadlineMs) return;
    this.setTimer();
  }

  stop(): void {
    this.onTurn = null;
    this.clearTimer();
  }

  private setTimer(): void {
    this.clearTimer();
    if (this.deadlineMs === Number.POSITIVE_INFINITY) return;
    this.timerAtMs = this.deadlineMs;
    this.timer = setTimeout(() => this.onTimer(), Math.max(1, Math.ceil(this.deadlineMs - performance.now())));
  }

  private onTimer(): void {
    this.clearTimer();
    if (this.deadlineMs > performance.now()) this.setTimer();
    else this.onTurn?.();
  }

  private clearTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.timerAtMs = Number.POSITIVE_INFINITY;
  }
}

const CNONCE_BYTES = 24;

export interface NodeClientOptions {
  readonly tls?: TlsOptions | undefined;
  readonly sasl?: SaslCredentials | undefined;
}

export function nodeClientPorts({ tls, sasl }: NodeClientOptions = {}): ClientPorts {
  return {
    transport: tls === undefined ? new NetTransport() : new TlsTransport(tls),
    clock: new SystemClock(),
    prng: new Prng(randomInt(0x1_0000_0000)),
    scheduler: new NodeTurnScheduler(),
    ...(sasl === undefined ? {} : { createSaslMechanism: () => digestMd5(sasl) }),
  };
}

function digestMd5(credentials: SaslCredentials): DigestMd5Mechanism {
  const cnonce = randomBytes(CNONCE_BYTES).toString('base64');
  return new DigestMd5Mechanism(credentials, cnonce, (bytes) => createHash('md5').update(bytes).digest());
}
