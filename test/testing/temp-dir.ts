/**
 * Temporary directories of tests and benches, on a real disk (fsync must cost what it costs). Each is removed when it is
 * disposed of, and at the latest when the process ends.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const open = new Set<string>();

function removeTree(path: string): void {
  // A server that was killed a moment ago may still be creating its last file in there.
  rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
}

function removeAll(): void {
  for (const path of open) removeTree(path);
  open.clear();
}

export interface TempDir extends Disposable {
  readonly path: string;
  remove(): void;
}

export function makeTempDir(purpose: string): TempDir {
  const path = mkdtempSync(join(tmpdir(), `threadkeeper-${purpose}-`));
  if (open.size === 0) process.once('exit', removeAll);
  open.add(path);
  const remove = (): void => {
    removeTree(path);
    open.delete(path);
    if (open.size === 0) process.removeListener('exit', removeAll);
  };
  return { path, remove, [Symbol.dispose]: remove };
}
