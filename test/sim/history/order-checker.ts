/**
 * What must hold of a history whatever the operations mean: replies in the order of requests, zxids that never go back for a
 * session wherever it moves, no two writes with one zxid, writes and syncs in real time. One pass, no tree.
 */
import { type HistoryEntry, type HistoryViolation, type Invocation, isWrite, opText, zxidText } from './history.js';
import { isUnanswered } from './replay.js';

interface Pending extends Invocation {
  /** The greatest zxid of a write that had returned anywhere when this one was sent. */
  readonly floor: bigint;
}

/** `global`: the sessions whose end is a transaction; null: all of them. */
export function checkOrder(
  entries: readonly HistoryEntry[],
  global: ReadonlySet<bigint> | null = null,
): HistoryViolation[] {
  const found: HistoryViolation[] = [];
  const outstanding = new Map<number, Pending[]>();
  const lastOfSession = new Map<bigint, bigint>();
  const writes = new Map<bigint, string>();
  let newestWrite = 0n;

  for (const entry of entries) {
    if (entry.kind === 'invoke') {
      const queue = outstanding.get(entry.connection) ?? [];
      queue.push({ ...entry, floor: newestWrite });
      outstanding.set(entry.connection, queue);
    } else if (entry.kind === 'lost') {
      outstanding.delete(entry.connection);
    } else if (entry.kind === 'event' && entry.zxid >= 0n) {
      const before = lastOfSession.get(entry.session) ?? 0n;
      if (entry.zxid > before) lastOfSession.set(entry.session, entry.zxid);
    } else if (entry.kind === 'return') {
      const pending = takePending(outstanding, entry.id);
      if (pending === null) {
        found.push({ rule: 'session order', text: `a reply to ${entry.id}, which is not the oldest request` });
        continue;
      }
      const { zxid } = entry.outcome;
      const what = `${opText(pending.op)} of session ${pending.session.toString(16)} at server ${pending.server}`;
      const before = lastOfSession.get(pending.session) ?? 0n;
      if (zxid < before) {
        found.push({
          rule: 'session order',
          text: `${what}: ${zxidText(zxid)} after the session has seen ${zxidText(before)}`,
        });
      } else lastOfSession.set(pending.session, zxid);
      const isLocalClose = pending.op.kind === 'closeSession' && global !== null && !global.has(pending.session);
      if (isWrite(pending.op) && !isLocalClose && !isUnanswered(entry.outcome)) {
        const other = writes.get(zxid);
        if (other !== undefined)
          found.push({ rule: 'unique zxid', text: `${zxidText(zxid)} is that of ${other} and of ${what}` });
        writes.set(zxid, what);
        if (zxid <= pending.floor) {
          found.push({
            rule: 'zxid order',
            text: `${what}: ${zxidText(zxid)}, though ${zxidText(pending.floor)} had returned before it was sent`,
          });
        }
        if (zxid > newestWrite) newestWrite = zxid;
      } else if (pending.op.kind === 'sync' && entry.outcome.err === 0 && zxid < pending.floor) {
        found.push({
          rule: 'stale after sync',
          text: `${what}: at ${zxidText(zxid)}, though ${zxidText(pending.floor)} had returned before it was sent`,
        });
      }
    }
  }
  return found;
}

/** Null unless it is the oldest of its connection. */
function takePending(outstanding: Map<number, Pending[]>, id: number): Pending | null {
  for (const queue of outstanding.values()) {
    const at = queue.findIndex((pending) => pending.id === id);
    if (at < 0) continue;
    const [pending] = queue.splice(at, 1);
    return at === 0 ? pending : null;
  }
  return null;
}
