/**
 * Which clients have written something since all was well: each creates a node that tells who it was, and the answer, as the history
 * has it, is the proof.
 */
import type { Operation } from '../history/history.js';
import type { History } from '../history/history-log.js';

const PREFIX = '/probe';

export class WriteProof {
  private readonly history: History;
  private entriesSeen: number;
  /** By operation: which client asked. */
  private readonly askers = new Map<number, number>();
  private readonly proven = new Set<number>();

  /** From this moment on. */
  constructor(history: History) {
    this.history = history;
    this.entriesSeen = history.entries.length;
  }

  get count(): number {
    return this.proven.size;
  }

  has(index: number): boolean {
    return this.proven.has(index);
  }

  probe(index: number): Operation {
    return { kind: 'create', path: `${PREFIX}${index}-`, data: 'p', isEphemeral: false, isSequential: true };
  }

  /** Takes over what was answered meanwhile. */
  update(): void {
    const { entries } = this.history;
    for (let i = this.entriesSeen; i < entries.length; i++) {
      const entry = entries[i];
      if (entry?.kind === 'invoke' && entry.op.kind === 'create' && entry.op.path.startsWith(PREFIX)) {
        this.askers.set(entry.id, Number.parseInt(entry.op.path.slice(PREFIX.length), 10));
      } else if (entry?.kind === 'return' && entry.outcome.err === 0) {
        const index = this.askers.get(entry.id);
        if (index !== undefined) this.proven.add(index);
      }
    }
    this.entriesSeen = entries.length;
  }
}
