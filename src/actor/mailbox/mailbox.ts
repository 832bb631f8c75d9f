/**
 * The two sides of a mailbox, as actors see them: a sender that claims, fills in and commits records, and a receiver
 * that is drained in batches. Between threads the implementation is a ring in shared memory (`spsc-ring.ts`), within
 * one thread a growing queue (`local-mailbox.ts`); an actor cannot tell which it was given.
 * Each side belongs to exactly one thread. Neither side ever blocks, throws for want of room, or keeps a record's bytes
 * after the handler has returned.
 */

/**
 * Receives one record. The payload is `bytes[offset .. offset + length)`; `offset` is a multiple of 8 and `words`
 * covers the same memory, so the payload's word i is `words[(offset >> 2) + i]`. Valid only during the call: afterwards
 * the producer may write over it.
 */
export type RecordHandler = (
  type: number,
  bytes: Uint8Array,
  words: Int32Array,
  offset: number,
  length: number,
) => void;

/** The producer's side. Use: `claim`, write into `bytes` / `words` at `offset`, `commit`; the runner publishes. */
export interface MailboxSender {
  /** Where the claimed record's payload is to be written. Valid from `claim` to `commit`; re-read after each claim. */
  bytes: Uint8Array;
  words: Int32Array;
  offset: number;

  /**
   * Opens a record of `type` (0 or more) with room for `length` payload bytes. Never refuses: what finds no room goes,
   * in order, to a private spill. Room is asked for before new work is taken, see `hasRoom`.
   */
  claim(type: number, length: number): void;

  /** Closes the claimed record; a `length` below the claimed one gives back what was not written. */
  commit(length?: number): void;

  /**
   * Whether `byteCount` payload bytes of NEW work may be taken. False while anything is spilled. A false answer is
   * counted as a refusal, and makes the runner give the actor a turn once there is room again.
   */
  hasRoom(byteCount: number): boolean;

  /** True while records wait outside the mailbox. The runner does not feed an actor with a spilled outbox. */
  readonly spilled: boolean;

  /**
   * Makes every committed record visible to the consumer and moves what it can of the spill into the mailbox. Done by
   * the runner at the end of a turn; an actor calls it only to order two publications. Wakes nobody: the runner does.
   */
  publish(): void;
}

/** The consumer's side. */
export interface MailboxReceiver {
  /**
   * Hands up to `limit` published records to `handler`, oldest first; returns how many. A record counts as consumed
   * once its handler was called, even if the handler throws.
   */
  drain(handler: RecordHandler, limit: number): number;

  readonly isEmpty: boolean;
}

/** The producer's side as the runner sees it: what actors have no business with. */
export interface LinkSender extends MailboxSender {
  /** Whether `publish` would do anything. */
  readonly hasUnpublished: boolean;

  /** True from a refusal or a spill until `settleRoom` found room again. */
  readonly awaitsRoom: boolean;

  /** Whether what was refused would be taken now. Changes nothing; asked before the thread goes to sleep. */
  roomNow(): boolean;

  /** At the start of a turn: when nothing is spilled and there is room, stops waiting for it and returns true, once. */
  settleRoom(): boolean;

  /** Forgets a claim left open by an actor that failed in the middle of a record. */
  abandon(): void;
}
