/**
 * What a connection shard and the control side say to each other: records to the supervisor, requests through `onControl`.
 *
 * Cold path only. The records are drawn here; the requests and reports are plain cloneable data.
 */
import type { ConnectionThrottleOptions } from './connection-throttle.js';
import type { LargeRequestOptions } from './request-sender.js';
import type { RequestThrottlerOptions } from './request-throttler.js';

/**
 * What a shard tells the supervisor, and shard 0 the others:
 *   listening   words: the port's index, descriptor, port
 *   failed      word: the port's index; two ustrings: the error's message and its system code, or nothing
 *   word        words: connection, the word's four bytes as an int, length; then what stood behind
 *               the word, then one ustring: the client's address
 *   slowRequest words as in SlowRequestWord; then the path of what was changed, and the client's address
 *   audit       text: lines of the audit log, each behind one byte that says its level (audit-trail.ts)
 */
export const ShardRecord = { listening: 1, failed: 2, word: 3, audit: 4, slowRequest: 5 } as const;

/** heldBack: it waited in front of the line, and nobody knows yet what it is. */
export const SlowRequestKind = { write: 0, read: 1, heldBack: 2 } as const;

export const SlowRequestWord = {
  kind: 0,
  op: 1,
  sessionHi: 2,
  sessionLo: 3,
  zxidHi: 4,
  zxidLo: 5,
  /** When it was answered, in whole monotonic milliseconds. */
  repliedMsHi: 6,
  repliedMsLo: 7,
  /** Since its bytes were read. */
  latencyMs: 8,
  /** Slow requests since the last that was told. */
  untold: 9,
  pathLength: 10,
  count: 11,
} as const;

/** What the control side may ask of a shard (`onControl`). */
export type ShardControl =
  /** A part of the answer; answered with the bytes that its client has still to take, or GONE. */
  | { readonly kind: 'answer-word'; readonly connection: number; readonly text: string; readonly isLast: boolean }
  | { readonly kind: 'drop-word'; readonly connection: number }
  | { readonly kind: 'connections'; readonly isFirst: boolean }
  | { readonly kind: 'watches'; readonly from: number }
  /** What changed-settings.ts holds is in force from now on. */
  | { readonly kind: 'settings-changed' }
  /** Of shard 0 alone: the port of this index goes elsewhere. What comes of it, `listening` or `failed` tell. */
  | { readonly kind: 'move-port'; readonly index: number; readonly host: string | undefined; readonly port: number }
  /** Answered with true where a client of this shard has the session. */
  | {
      readonly kind: 'terminate';
      readonly what: 'session' | 'connection';
      readonly sessionHi: number;
      readonly sessionLo: number;
    }
  | { readonly kind: 'reset-latency'; readonly maxOnly: boolean }
  /** The server ends: see shard-drain.ts. Answered with a DrainReport; asked again until it is done. */
  | { readonly kind: 'drain' }
  | { readonly kind: 'reset-statistics'; readonly ofServer: boolean };

/** The connection that asked the word is not there any more. */
export const GONE = -1;

/** Some connections; the others follow when they are asked for. One listing at a time. */
export interface ConnectionPiece {
  readonly reports: readonly ConnectionReport[];
  readonly isLast: boolean;
}

/** Per watch: session hi, lo and the length of the path (-1: the null path), whose bytes stand one behind the other. */
export interface WatchPiece {
  readonly words: Int32Array;
  readonly paths: Uint8Array;
  /** Where to go on; -1: this was the last one. */
  readonly next: number;
}

export const WATCH_WORDS = 3;

/** What of a shard's options may change while the server runs. */
export interface ShardSettings {
  readonly maxClientCnxns: number;
  readonly maxCnxns: number;
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
  readonly globalOutstandingLimit: number;
  readonly largeRequests: LargeRequestOptions;
  readonly requestThrottler: RequestThrottlerOptions;
  readonly connectionThrottle: ConnectionThrottleOptions;
  readonly slowRequestThresholdMs: number;
}

/** What is left of a shard that has been told to drain. */
export interface DrainReport {
  /** Requests of its clients that have not been answered. */
  readonly unanswered: number;
  /** Connections that have not been told that this is the end, or have not taken it. */
  readonly unflushed: number;
  readonly open: number;
}

/** One connection, for `cons` and `stat`. */
export interface ConnectionReport {
  readonly id: number;
  readonly address: string;
  readonly port: number;
  readonly isAnswering: boolean;
  readonly isEncrypted: boolean;
  /** Monotonic: it is closed then, if nothing comes. */
  readonly expiresMs: number;
  readonly outstanding: number;
  readonly received: number;
  readonly sent: number;
  readonly hasSession: boolean;
  readonly sessionHi: number;
  readonly sessionLo: number;
  readonly timeoutMs: number;
  readonly establishedMs: number;
  readonly lastOp: number;
  readonly lastXid: number;
  readonly lastZxidHi: number;
  readonly lastZxidLo: number;
  readonly lastResponseMs: number;
  readonly lastLatencyMs: number;
  readonly minLatencyMs: number;
  readonly totalLatencyMs: number;
  readonly maxLatencyMs: number;
  readonly latencyCount: number;
}
