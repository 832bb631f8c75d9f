/**
 * Invariant 11, where it shows in one member: no ephemeral node without a session, and what stands at one zxid in words, so that
 * two members can be compared (13).
 */
import { Invariant, type OnViolation } from './invariant.js';

export interface NodeState {
  readonly path: string;
  readonly owner: bigint;
  /** Everything else of it. */
  readonly text: string;
}

export function checkEphemeralOwners(
  sid: number,
  nodes: readonly NodeState[],
  sessions: ReadonlySet<bigint>,
  onViolation: OnViolation,
): void {
  for (const { path, owner } of nodes) {
    if (owner === 0n || sessions.has(owner)) continue;
    const text = `${sid} has ${path}, an ephemeral of session ${owner.toString(16)}, which it does not know`;
    onViolation({ invariant: Invariant.sessions, text });
  }
}

/** By path, and by session. */
export function stateText(nodes: readonly NodeState[], sessions: Iterable<bigint>): string {
  const lines = nodes.map(({ path, owner, text }) => `${path} ${owner.toString(16)} ${text}`).sort();
  const ids = [...sessions].map((id) => id.toString(16)).sort();
  return [...lines, `sessions ${ids.join(' ')}`].join('\n');
}
