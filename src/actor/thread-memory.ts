/**
 * What one thread knows of its V8 heap, and of the garbage collections there since it was first asked: each thread has a heap of its own
 * and can look at no other. Lives on that thread; asked through its control side, about once per scrape.
 */

import type { PerformanceObserver } from 'node:perf_hooks';

export interface ThreadMemoryFigures {
  readonly heapUsed: number;
  readonly heapTotal: number;
  readonly heapLimit: number;
  readonly external: number;
  /** Shared memory counts with the thread that made it, and in full, though it is taken from the system only where it was touched. */
  readonly arrayBuffers: number;
  readonly collections: Readonly<Record<string, { readonly count: number; readonly ms: number }>>;
}

export class ThreadMemory {
  // Not imported: no start waits for what is needed at the first scrape, if there ever is one.
  private readonly hooks = process.getBuiltinModule('node:perf_hooks');
  private readonly v8 = process.getBuiltinModule('node:v8');
  private readonly names: Readonly<Record<number, string>>;
  private readonly observer: PerformanceObserver;
  private readonly collections: Record<string, { count: number; ms: number }> = {};

  constructor() {
    const { constants } = this.hooks;
    this.names = {
      [constants.NODE_PERFORMANCE_GC_MINOR]: 'scavenge',
      [constants.NODE_PERFORMANCE_GC_MAJOR]: 'mark-sweep-compact',
      [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental-marking',
      [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weak-callbacks',
    };
    this.observer = new this.hooks.PerformanceObserver((list) => {
      for (const entry of list.getEntries() as unknown as readonly GarbageEntry[]) this.count(entry);
    });
    this.observer.observe({ entryTypes: ['gc'] });
  }

  figures(): ThreadMemoryFigures {
    const heap = this.v8.getHeapStatistics();
    const { arrayBuffers } = process.memoryUsage();
    return {
      heapUsed: heap.used_heap_size,
      heapTotal: heap.total_heap_size,
      heapLimit: heap.heap_size_limit,
      external: Math.max(0, heap.external_memory - arrayBuffers),
      arrayBuffers,
      collections: this.collections,
    };
  }

  private count({ detail, duration }: GarbageEntry): void {
    const name = this.names[detail.kind] ?? 'other';
    const counted = this.collections[name] ?? { count: 0, ms: 0 };
    this.collections[name] = { count: counted.count + 1, ms: counted.ms + duration };
  }
}

interface GarbageEntry {
  readonly duration: number;
  readonly detail: { readonly kind: number };
}
