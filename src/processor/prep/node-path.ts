/**
 * What planners ask of a path's bytes before it has been validated (client-protocol 5.4, 6.1): its last slash, its parent,
 * whether it is one of the four system nodes. Pure functions over bytes, on the thread of prep; nothing here allocates or
 * throws, whatever the bytes are.
 */
import { equalBytes } from '../../base/bytes.js';

const SLASH = 0x2f;

/** Offset of the last slash from the path's beginning, or -1; also -1 when the path holds a NUL. */
export function lastSlash(bytes: Uint8Array, offset: number, length: number): number {
  let found = -1;
  for (let i = 0; i < length; i++) {
    const byte = bytes[offset + i];
    if (byte === SLASH) found = i;
    else if (byte === 0) return -1;
  }
  return found;
}

/** Length of the parent's path; the root is written with its one slash. */
export function parentLength(slash: number): number {
  return slash === 0 ? 1 : slash;
}

const PROTECTED: readonly Uint8Array[] = ['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config'].map((path) =>
  Uint8Array.from(path, (c) => c.charCodeAt(0)),
);

/** The four system nodes cannot be deleted. */
export function isProtected(bytes: Uint8Array, offset: number, length: number): boolean {
  for (const path of PROTECTED) {
    if (path.length === length && equalBytes(bytes, offset, path, 0, length)) return true;
  }
  return false;
}
