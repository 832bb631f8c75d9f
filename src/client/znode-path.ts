// The path rules at the client's door: checked before anything is sent, so that a slip of the caller costs no round
// trip. Pure, any thread. Must refuse nothing that a server would take: such nodes could not be reached. The sentences
// are Java's; people search for them.

import { validatePath } from '../protocol/path-validation.js';

/** Thrown, or the reason of a rejected promise, when a path cannot be a znode's. Nothing was sent. */
export class InvalidPathError extends Error {
  override readonly name = 'InvalidPathError';
  readonly path: string;

  constructor(message: string, path: string) {
    super(message);
    this.path = path;
  }
}

/** Throws InvalidPathError; returns the path, for use in an expression. */
export function checkPath(path: string): string {
  const problem = validatePath(path);
  if (problem !== null) throw new InvalidPathError(problem, path);
  return path;
}

/** A sequential node's path is whole only when the server has appended its counter: "/queue/" is fine here. */
export function checkSequentialPath(path: string): string {
  const problem = validatePath(`${path}1`);
  if (problem !== null) throw new InvalidPathError(problem, path);
  return path;
}
