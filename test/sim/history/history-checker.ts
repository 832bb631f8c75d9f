/**
 * The history checker: everything that ZooKeeper promises its clients, held against what they have seen. The zxids are the
 * witness of the order, so nothing has to be guessed of operations that were answered; of the others the transactions of the
 * servers tell (`txns`), or, where only clients were looked at, a search (`unknown-outcomes.ts`).
 */

import type { CommittedTxn, HistoryEntry, HistoryViolation } from './history.js';
import { checkLocalSessions, globalSessions, type LocalSessions } from './local-sessions.js';
import { checkOrder } from './order-checker.js';
import { operationsOf, type Replayed, replay } from './replay.js';
import { findTxns } from './unknown-outcomes.js';
import { checkWatches } from './watch-checker.js';

export interface HistoryVerdict {
  readonly violations: readonly HistoryViolation[];
  /** With the tree as it must be in the end; null when no order was found. */
  readonly replayed: Replayed | null;
}

/** `localSessions`: new sessions are local; only where the transactions are known. */
export function checkHistory(
  entries: readonly HistoryEntry[],
  txns: readonly CommittedTxn[] | null,
  localSessions: LocalSessions | null = null,
): HistoryVerdict {
  const operations = operationsOf(entries);
  const global = localSessions === null || txns === null ? null : globalSessions(txns);
  const violations = checkOrder(entries, global);
  if (localSessions !== null && txns !== null) violations.push(...checkLocalSessions(entries, txns, localSessions));
  const order = txns ?? findTxns(entries, operations);
  if (!Array.isArray(order)) return { violations: [...violations, order as HistoryViolation], replayed: null };
  const replayed = replay(operations, order, txns !== null, global !== null);
  violations.push(...replayed.violations, ...checkWatches(entries, operations, replayed));
  return { violations, replayed };
}
