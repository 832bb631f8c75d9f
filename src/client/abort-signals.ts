// Listens to the AbortSignals of a client's calls: once per signal, however many calls share it, and only as long as one
// of them waits. (One listener per call would be a leak in Node's eyes from the eleventh on.) Owned by one ClientCnxn. It
// must never keep a signal, or a call, alive that nobody else wants.

export class AbortSignals {
  // Invariant: no Set is empty, and every signal here has exactly one listener of ours.
  private readonly waiting = new Map<AbortSignal, Set<() => void>>();
  private readonly listeners = new Map<AbortSignal, () => void>();

  /** The signal must not be aborted yet. Returns what takes the callback off again. */
  add(signal: AbortSignal, onAbort: () => void): () => void {
    const callbacks = this.waiting.get(signal) ?? this.listenTo(signal);
    callbacks.add(onAbort);
    return () => {
      if (callbacks.delete(onAbort) && callbacks.size === 0) this.forget(signal);
    };
  }

  private listenTo(signal: AbortSignal): Set<() => void> {
    const callbacks = new Set<() => void>();
    // Each callback takes itself off when its call is settled: iterate over a copy.
    const listener = (): void => {
      for (const onAbort of [...callbacks]) onAbort();
    };
    this.waiting.set(signal, callbacks);
    this.listeners.set(signal, listener);
    signal.addEventListener('abort', listener);
    return callbacks;
  }

  private forget(signal: AbortSignal): void {
    const listener = this.listeners.get(signal);
    if (listener !== undefined) signal.removeEventListener('abort', listener);
    this.listeners.delete(signal);
    this.waiting.delete(signal);
  }
}
