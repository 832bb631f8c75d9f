// The rules a znode path must keep (spec: path validation), checked before anything is sent, so that a slip of the
// caller costs no round trip. Pure functions, any thread. Must accept exactly what a server accepts: a stricter client
// could not reach some nodes. The sentences are Java's; people search for them.

/** Thrown, or the reason of a rejected promise, when a path cannot be a znode's. Nothing was sent. */
export class InvalidPathError extends Error {
  override readonly name = 'InvalidPathError';
  readonly path: string;

  constructor(message: string, path: string) {
    super(message);
    this.path = path;
  }
}

const SLASH = 0x2f;
const DOT = 0x2e;

/** What is wrong with the path, null when nothing is. */
export function pathProblem(path: string): string | null {
  if (path.length === 0) return 'Path length must be > 0';
  if (path.charCodeAt(0) !== SLASH) return 'Path must start with / character';
  if (path.length === 1) return null;
  if (path.charCodeAt(path.length - 1) === SLASH) return 'Path must not end with / character';
  let partStart = 1;
  for (let i = 1; i <= path.length; i++) {
    const unit = i === path.length ? SLASH : path.charCodeAt(i);
    if (unit === SLASH) {
      if (i === partStart) return invalid(path, 'empty node name specified', i);
      if (isRelative(path, partStart, i)) return invalid(path, 'relative paths not allowed', i - 1);
      partStart = i + 1;
    } else if (unit < 0x20 || unit > 0x7e) {
      if (unit === 0) return invalid(path, 'null character not allowed', i);
      if (isForbidden(unit)) return invalid(path, 'invalid character', i);
    }
  }
  return null;
}

/** Throws InvalidPathError; returns the path, for use in an expression. */
export function checkPath(path: string): string {
  const problem = pathProblem(path);
  if (problem !== null) throw new InvalidPathError(problem, path);
  return path;
}

/** A sequential node's path is whole only when the server has appended its counter: "/queue/" is fine here. */
export function checkSequentialPath(path: string): string {
  const problem = pathProblem(`${path}1`);
  if (problem !== null) throw new InvalidPathError(problem, path);
  return path;
}

/** A component that is "." or "..". */
function isRelative(path: string, start: number, end: number): boolean {
  const length = end - start;
  if (length > 2 || path.charCodeAt(start) !== DOT) return false;
  return length === 1 || path.charCodeAt(start + 1) === DOT;
}

/** Controls, surrogates and private use, specials. */
function isForbidden(unit: number): boolean {
  return unit <= 0x1f || (unit >= 0x7f && unit <= 0x9f) || (unit >= 0xd800 && unit <= 0xf8ff) || unit >= 0xfff0;
}

function invalid(path: string, reason: string, at: number): string {
  return `Invalid path string "${path}" caused by ${reason} @${at}`;
}
