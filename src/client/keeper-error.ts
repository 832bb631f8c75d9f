// What a rejected promise of this library carries: the server's error code (or one that the client made: ConnectionLoss,
// SessionExpired, AuthFailed, RequestTimeout), its name and the path it is about; of a ConnectionLoss, and of a RequestTimeout
// without a session, `error.cause` is why there was no connection. Expected outcomes all come as
// KeeperError; any other class is a bug of the caller (InvalidPathError), the reason of the caller's own AbortSignal, or
// a bug of this library. Code and name say the same: `switch (error.name)` is checked by the compiler.

import { ErrorCode, errorName } from '../protocol/error-code.js';

/** 'NoNode', 'BadVersion', …; 'Unknown' for a number that this release does not know. */
export type KeeperErrorName = keyof typeof ErrorCode | 'Unknown';

const NAMES: ReadonlyMap<number, KeeperErrorName> = new Map(
  Object.entries(ErrorCode).map(([name, code]) => [code, name as keyof typeof ErrorCode]),
);

export class KeeperError extends Error {
  override readonly name: KeeperErrorName;
  /** An ErrorCode, unless the name is 'Unknown'. */
  readonly code: number;
  /** As the caller wrote it, without chroot; null where no single path is meant. */
  readonly path: string | null;

  /** `cause`: of what happened to a connection, the socket's own error, or a sentence. */
  constructor(code: number, path: string | null = null, cause: Error | null = null) {
    const message = `KeeperErrorCode = ${errorName(code)}${path === null ? '' : ` for ${path}`}`;
    super(message, cause === null ? undefined : { cause });
    this.name = NAMES.get(code) ?? 'Unknown';
    this.code = code;
    this.path = path;
  }
}

/** True when the error is a KeeperError with this code: `if (isKeeperError(e, ErrorCode.NoNode)) …`. */
export function isKeeperError<Code extends ErrorCode>(
  error: unknown,
  code: Code,
): error is KeeperError & { readonly code: Code } {
  return error instanceof KeeperError && error.code === code;
}
