// The ways of a rolling file: `name` is written, `name.1` is the newest of the older ones.
// Synchronous, on whichever thread owns the file at that moment; it opens and closes nothing.
// A step that fails is told by what it throws, and leaves every file under one name or another.

import { renameSync, rmSync } from 'node:fs';

/** Makes room for a new file of this name; of the older ones `backupCount` stay. */
export function rotateFiles(path: string, backupCount: number): void {
  if (backupCount <= 0) {
    rmSync(path, { force: true });
    return;
  }
  rmSync(`${path}.${backupCount}`, { force: true });
  for (let number = backupCount - 1; number >= 1; number--) moveIfThere(`${path}.${number}`, `${path}.${number + 1}`);
  moveIfThere(path, `${path}.1`);
}

function moveIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
