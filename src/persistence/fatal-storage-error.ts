// The disk did not do what it was told while the server was running. Whoever sees this stops serving: nothing after
// the last good sync may be acknowledged, and neither the write nor the sync may be tried again on that file (a second
// fdatasync can succeed although the data of the first is gone). The next start recovers what was acknowledged.

import { errorCodeOf } from './file-store.js';

export class FatalStorageError extends Error {
  override readonly name = 'FatalStorageError';
  readonly path: string;
  /** POSIX name of the first failure, '' when the system gave none. */
  readonly code: string;

  constructor(action: string, path: string, cause: unknown) {
    const code = errorCodeOf(cause);
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`cannot ${action} ${path}: ${reason}`, { cause });
    this.path = path;
    this.code = code;
  }
}
