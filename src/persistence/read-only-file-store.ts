// Shows what recovery would make of a directory without changing it: reads go to another store, a removal or renaming only
// hides the old name from the one who did it, and everything that would write fails with EROFS. For tools that verify; one instance
// per look, on a thread that may block.

import type { FileStore, FileTimes, StoredFile } from './file-store.js';
import { baseNameOf, joinPath, parentOf } from './file-store.js';

class ReadOnlyError extends Error {
  override readonly name = 'ReadOnlyError';
  readonly code = 'EROFS';
}

export class ReadOnlyFileStore implements FileStore {
  private readonly below: FileStore;
  private readonly hidden = new Set<string>();

  constructor(below: FileStore) {
    this.below = below;
  }

  createNew(path: string): StoredFile {
    throw refuse('create', path);
  }

  openForWrite(path: string): StoredFile {
    throw refuse('write to', path);
  }

  openForRead(path: string): StoredFile {
    return this.below.openForRead(path);
  }

  list(directory: string): string[] {
    return this.below.list(directory).filter((name) => !this.hidden.has(joinPath(directory, name)));
  }

  exists(path: string): boolean {
    return !this.isHidden(path) && this.below.exists(path);
  }

  isDirectory(path: string): boolean {
    return this.below.isDirectory(path);
  }

  sizeOf(path: string): number {
    return this.below.sizeOf(path);
  }

  identityOf(path: string): string {
    return this.below.identityOf(path);
  }

  timesOf(path: string): FileTimes {
    return this.below.timesOf(path);
  }

  link(_existing: string, path: string): void {
    throw refuse('link', path);
  }

  rename(from: string): void {
    this.unlink(from);
  }

  unlink(path: string): void {
    this.hidden.add(joinPath(parentOf(path), baseNameOf(path)));
  }

  makeDirectories(path: string): void {
    throw refuse('make', path);
  }

  canWrite(): boolean {
    return true;
  }

  syncDirectory(): void {
    // Nothing was changed in it.
  }

  private isHidden(path: string): boolean {
    return this.hidden.has(joinPath(parentOf(path), baseNameOf(path)));
  }
}

function refuse(what: string, path: string): ReadOnlyError {
  return new ReadOnlyError(`EROFS: will not ${what} ${path}: it is only looked at`);
}
