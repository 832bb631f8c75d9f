/**
 * Temporary directories of tests and benches, on a real disk (fsync must cost what it costs). Each is removed when it is
 * disposed of, and at the latest when the process ends.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const open = new Set<string>();

function removeAll(): void {
  for (const path of open) rmSync(path, { recursive: true, force: true });
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
    rmSync(path, { recursive: true, force: true });
    open.delete(path);
    if (open.size === 0) process.removeListener('exit', removeAll);
  };
  return { path, remove, [Symbol.dispose]: remove };
}
