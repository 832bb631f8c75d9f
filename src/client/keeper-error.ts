// What a rejected promise of this library carries: the server's error code (or one that the client made, such as
// ConnectionLoss), its name and the path it is about. Expected outcomes all come as KeeperError; any other class is a
// bug of the caller (InvalidPathError) or of this library.

import { ErrorCode, errorName } from '../protocol/error-code.js';

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(ErrorCode).map(([name, code]) => [code, name]));

export class KeeperError extends Error {
  /** The name of the code: 'NoNode', 'BadVersion', …; 'Unknown' for a number this release does not know. */
  override readonly name: string;
  readonly code: number;
  /** As the caller wrote it, without chroot; null where no single path is meant. */
  readonly path: string | null;

  constructor(code: number, path: string | null = null) {
    super(`KeeperErrorCode = ${errorName(code)}${path === null ? '' : ` for ${path}`}`);
    this.name = NAMES.get(code) ?? 'Unknown';
    this.code = code;
    this.path = path;
  }
}

/** True when the error is a KeeperError with this code: `if (isKeeperError(e, ErrorCode.NoNode)) …`. */
export function isKeeperError(error: unknown, code: number): error is KeeperError {
  return error instanceof KeeperError && error.code === code;
}
