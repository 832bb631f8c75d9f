/**
 * What a connection shard and the control side say to each other: records to the supervisor, requests through `onControl`.
 *
 * Cold path only. The records are drawn here; the requests and reports are plain cloneable data.
 */
/**
 * What a shard tells the supervisor, and shard 0 the others:
 *   listening   words: the port's index, descriptor, port
 *   failed      word: the port's index; two ustrings: the error's message and its system code, or nothing
 *   word        words: connection, the word's four bytes as an int, length; then what stood behind
 *               the word, then one ustring: the client's address
 *   audit       text: lines of the audit log, each behind one byte that says its level (audit-trail.ts)
 */
export const ShardRecord = { listening: 1, failed: 2, word: 3, audit: 4 } as const;

/** What the control side may ask of a shard (`onControl`). */
export type ShardControl =
  | { readonly kind: 'answer-word'; readonly connection: number; readonly text: string | null }
  | { readonly kind: 'connections' }
  /** The server ends: see shard-drain.ts. Answered with a DrainReport; asked again until it is done. */
  | { readonly kind: 'drain' }
  | { readonly kind: 'reset-statistics'; readonly ofServer: boolean };

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
