/**
 * What is to happen at later moments of virtual time: a heap by moment, and by the order of adding within one. Of the
 * simulated network and the simulator's world; one thread. It calls nobody: who takes something calls it.
 */
interface Entry {
  readonly dueMs: number;
  readonly order: number;
  readonly call: () => void;
}

export class EventQueue {
  private readonly heap: Entry[] = [];
  private added = 0;

  get length(): number {
    return this.heap.length;
  }

  add(dueMs: number, call: () => void): void {
    const entry: Entry = { dueMs, order: this.added++, call };
    const { heap } = this;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (isBefore(heap[parent] as Entry, entry)) break;
      heap[at] = heap[parent] as Entry;
      at = parent;
    }
    heap[at] = entry;
  }

  /** Infinity when there is nothing. */
  nextMs(): number {
    return this.heap[0]?.dueMs ?? Number.POSITIVE_INFINITY;
  }

  /** The first that is due at that moment, or null. */
  take(nowMs: number): (() => void) | null {
    const { heap } = this;
    const first = heap[0];
    if (first === undefined || first.dueMs > nowMs) return null;
    const last = heap.pop() as Entry;
    if (heap.length > 0) this.sink(last);
    return first.call;
  }

  private sink(entry: Entry): void {
    const { heap } = this;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Entry, heap[child] as Entry)) child++;
      if (isBefore(entry, heap[child] as Entry)) break;
      heap[at] = heap[child] as Entry;
      at = child;
    }
    heap[at] = entry;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}
