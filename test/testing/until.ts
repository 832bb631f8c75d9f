/**
 * Waiting for real processes and sockets: always for a condition, always with a deadline, never for a length of time.
 * Used by system and interop tests and by the benches; the deterministic layers move a clock instead.
 */
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 3;

export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
}

/** Polls until `condition` gives something else than undefined or false. What it throws ends the wait. */
export async function until<T>(
  what: string,
  deadlineMs: number,
  condition: () => T | Promise<T>,
): Promise<Exclude<T, undefined | false>> {
  const giveUpAt = performance.now() + deadlineMs;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== false) return value as Exclude<T, undefined | false>;
    if (performance.now() > giveUpAt) throw new DeadlineError(`${what}: not within ${deadlineMs} ms`);
    await delay(POLL_MS);
  }
}

/** The promise, or a DeadlineError that says what was waited for. */
export async function within<T>(what: string, deadlineMs: number, promise: Promise<T>): Promise<T> {
  const cancel = new AbortController();
  const late = delay(deadlineMs, undefined, { signal: cancel.signal }).then((): never => {
    throw new DeadlineError(`${what}: not within ${deadlineMs} ms`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    cancel.abort();
    late.catch(() => {});
  }
}
