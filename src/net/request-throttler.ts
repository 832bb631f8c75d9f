/**
 * RequestThrottler (client-protocol 9.2): how many requests the pipeline may hold, and what becomes of those that waited.
 *
 * A request that has to wait stays where it is, in its connection's input, and the socket is not read on; the connections
 * that wait come again in the order in which they stopped. So nothing is copied, and what waits is bounded by what a socket
 * delivers at once. Bytes that stand behind a waiting request have been there as long as it has, since nothing was read in
 * between: one time per connection tells how long each of its requests has waited. One per connection shard, on its thread.
 */
import { OpCode } from '../protocol/op-code.js';
import type { ServerCnxn } from './server-cnxn.js';

export interface RequestThrottlerOptions {
  /** Requests in the pipeline of the whole server; 0 = no throttler. */
  readonly requestsMax: number;
  /** The longest wait between two looks whether there is room. */
  readonly stallMs: number;
  readonly dropStale: boolean;
  /** Stale = older than the session timeout of its connection. That of a closed connection always is. */
  readonly checkLatency: boolean;
  /** A request that waited longer is answered ThrottledOp instead of executed; 0 = never. */
  readonly opWaitMs: number;
}

export const ThrottleVerdict = { pass: 0, wait: 1, drop: 2, throttled: 3 } as const;
export type ThrottleVerdict = (typeof ThrottleVerdict)[keyof typeof ThrottleVerdict];

export class RequestThrottler {
  private options: RequestThrottlerOptions;
  /** Connections whose first request waits. */
  private waiting = 0;
  /** Those that wait are being asked again, oldest first. */
  private resuming = false;

  constructor(options: RequestThrottlerOptions) {
    this.options = options;
  }

  configure(options: RequestThrottlerOptions): void {
    this.options = options;
  }

  get isOn(): boolean {
    return this.options.requestsMax > 0;
  }

  get hasWaiting(): boolean {
    return this.waiting > 0;
  }

  /** Brackets a round over the connections that wait. */
  setResuming(resuming: boolean): void {
    this.resuming = resuming;
  }

  /** What happens to the connection's next request while `inFlight` others are in the pipeline. */
  judge(cnxn: ServerCnxn, op: number, inFlight: number, nowMs: number): ThrottleVerdict {
    const { requestsMax, dropStale, opWaitMs } = this.options;
    const waitedMs = cnxn.throttledSinceMs < 0 ? 0 : nowMs - cnxn.throttledSinceMs;
    if (dropStale && this.isStale(cnxn, op, waitedMs)) return ThrottleVerdict.drop;
    const overtakes = this.waiting > 0 && !this.resuming;
    if (overtakes || inFlight >= requestsMax) {
      if (cnxn.throttledSinceMs < 0) {
        cnxn.throttledSinceMs = nowMs;
        this.waiting++;
      }
      return ThrottleVerdict.wait;
    }
    return opWaitMs > 0 && waitedMs > opWaitMs && mayBeThrottled(op) ? ThrottleVerdict.throttled : ThrottleVerdict.pass;
  }

  /** Older than its connection's session may be silent. */
  isStale(cnxn: ServerCnxn, op: number, waitedMs: number): boolean {
    return this.options.checkLatency && op !== OpCode.closeSession && waitedMs > cnxn.timeoutMs;
  }

  /** Nothing of the connection waits any more: all was taken, or it is gone. */
  forget(cnxn: ServerCnxn): void {
    if (cnxn.throttledSinceMs < 0) return;
    cnxn.throttledSinceMs = -1;
    this.waiting--;
  }
}

/** Nor is the opening of a session, which is no request of an open connection. */
function mayBeThrottled(op: number): boolean {
  return op !== OpCode.ping && op !== OpCode.closeSession;
}
