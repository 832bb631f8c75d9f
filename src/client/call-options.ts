// What a caller may say about one call, whatever the operation: how long to wait, how to give up early, and what to do
// while there is no connection. Types and their defaults only; ClientCnxn acts on them. Giving up never takes a request
// back that is on the wire: the server may carry it out, only its answer is no longer wanted.

/**
 * What becomes of a request made while no session is open:
 *   fail      rejected at once with ConnectionLoss
 *   attempt   waits for the attempt to connect that is under way (or the next one) and fails with it: ZooKeeper's own rule
 *   queue     waits, in its place, until a session is open, however many attempts that takes; ended only by its own
 *             timeout or signal, or by the end of the session
 * A request that was written to a connection fails with that connection in all three cases.
 */
export type WhileDisconnected = 'fail' | 'attempt' | 'queue';

export interface CallOptions {
  /** Rejects the call with the signal's reason. A call that was not sent yet never will be. */
  readonly signal?: AbortSignal | undefined;
  /** Counted from the call; then RequestTimeout. Unset: the client's `requestTimeoutMs`. 0 or less: no limit. */
  readonly timeoutMs?: number | undefined;
  /** Unset: the client's `whileDisconnected`. */
  readonly whileDisconnected?: WhileDisconnected | undefined;
}

export const NO_CALL_OPTIONS: CallOptions = {};
