/**
 * Which connections of a shard have been silent for too long: those that never became sessions (client-protocol 2.7), and those
 * that are being closed and whose clients neither take their last bytes nor close their own half.
 *
 * Owned by the shard, on its thread; asked once per tick. Sessions expire elsewhere, and take their connections along.
 */
import type { ShardConnections } from './shard-connections.js';
import { ShardCounter, type ShardCounters } from './shard-counters.js';

/** A closing connection that does not take its last bytes and close its own half is cut off after this. */
const CLOSING_MAX_MS = 15_000;

export class IdleConnections {
  private readonly connections: ShardConnections;
  private readonly counters: ShardCounters;
  private readonly sessionlessTimeoutMs: number;

  constructor(connections: ShardConnections, counters: ShardCounters, sessionlessTimeoutMs: number) {
    this.connections = connections;
    this.counters = counters;
    this.sessionlessTimeoutMs = sessionlessTimeoutMs;
  }

  drop(nowMs: number): void {
    for (const cnxn of this.connections.sessionless) {
      if (nowMs < idleUntilMs(cnxn.activeMs, this.sessionlessTimeoutMs)) continue;
      this.counters.add(ShardCounter.sessionlessExpired, 1);
      cnxn.socket.destroy();
    }
    for (const cnxn of this.connections.closing) {
      if (nowMs - cnxn.closingMs >= CLOSING_MAX_MS) cnxn.socket.destroy();
    }
  }
}

/** Buckets as wide as the time itself, so that idleness is noticed after one to two of them (client-protocol 2.7). */
function idleUntilMs(activeMs: number, timeoutMs: number): number {
  const widthMs = Math.max(timeoutMs, 1);
  return (Math.floor((activeMs + timeoutMs) / widthMs) + 1) * widthMs;
}
