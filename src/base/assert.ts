// Assertions that stay on in production. A failed assertion is a bug in this program, never bad input: input that
// does not decode has its own error classes. Any thread. Must never be caught to carry on; the thread that sees an
// AssertionError is over.

export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

export function assert(cond: unknown, message: string): asserts cond {
  if (!cond) throw new AssertionError(message);
}

/** The default branch of a switch that handles every case: the compiler proves it, the throw guards it. */
export function unreachable(x: never): never {
  throw new AssertionError(`unreachable: ${String(x)}`);
}
