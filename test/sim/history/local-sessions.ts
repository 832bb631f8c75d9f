/**
 * What must hold of local sessions (ensemble-protocol 7.4), seen from the clients' side: which sessions the ensemble knows is told by
 * its transactions, and any other one is its server's alone. Such a session is closed without a transaction and never moves. One that
 * asked for an ephemeral node and was not answered may: whoever leads has proposed to open it, and does not know yet that he is
 * deposed.
 */
import { OpCode } from '../../../src/protocol/op-code.js';
import type { CommittedTxn, HistoryEntry, HistoryViolation, MultiPart, Operation } from './history.js';

export interface LocalSessions {
  readonly mayUpgrade: boolean;
}

/** Opened by a transaction, sooner or later. */
export function globalSessions(txns: readonly CommittedTxn[]): ReadonlySet<bigint> {
  return new Set(txns.filter(({ type }) => type === OpCode.createSession).map(({ session }) => session));
}

export function checkLocalSessions(
  entries: readonly HistoryEntry[],
  txns: readonly CommittedTxn[],
  { mayUpgrade }: LocalSessions,
): HistoryViolation[] {
  const found: HistoryViolation[] = [];
  const global = globalSessions(txns);
  if (!mayUpgrade && global.size > 0) {
    found.push({ rule: 'session', text: `${[...global].map(hex).join(', ')} became global, which no session may` });
  }
  const homes = new Map<bigint, number>();
  const asking = new Map<number, bigint>();
  for (const entry of entries) {
    if (entry.kind === 'invoke' && asksForUpgrade(entry.op)) asking.set(entry.id, entry.session);
    else if (entry.kind === 'return') asking.delete(entry.id);
    if (entry.kind !== 'attached' || global.has(entry.session)) continue;
    const home = homes.get(entry.session);
    if (home === undefined) homes.set(entry.session, entry.server);
    else if (home !== entry.server && ![...asking.values()].includes(entry.session)) {
      const text = `local session ${hex(entry.session)} of server ${home} goes on at server ${entry.server}`;
      found.push({ rule: 'session', text });
    }
  }
  return found;
}

function asksForUpgrade(op: Operation | MultiPart): boolean {
  if (op.kind === 'multi') return op.parts.some((part) => asksForUpgrade(part));
  return op.kind === 'create' && op.isEphemeral;
}

function hex(session: bigint): string {
  return session.toString(16);
}
