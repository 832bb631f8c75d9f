// A data directory as it would be after a repair: some files hidden, one log cut, nothing written. Recovery looks at it and
// says what a start would come to. One instance per look, owned by the planner, on a thread that may block.
// It must never change anything below it.

import { type FileStore, joinPath, type StoredFile } from './file-store.js';
import type { LogCut } from './log-repair.js';
import { ReadOnlyFileStore } from './read-only-file-store.js';

export class RepairView extends ReadOnlyFileStore {
  private readonly keptBytes = new Map<string, number>();

  /** `hidden`: paths. */
  constructor(below: FileStore, logDirectory: string, cuts: readonly LogCut[], hidden: readonly string[]) {
    super(below);
    for (const path of hidden) this.unlink(path);
    for (const { name, keptBytes } of cuts) {
      const path = joinPath(logDirectory, name);
      if (keptBytes === 0) this.unlink(path);
      else this.keptBytes.set(path, keptBytes);
    }
  }

  override openForRead(path: string): StoredFile {
    const file = super.openForRead(path);
    const keptBytes = this.keptBytes.get(path);
    return keptBytes === undefined ? file : new CutFile(file, keptBytes);
  }

  override sizeOf(path: string): number {
    return Math.min(super.sizeOf(path), this.keptBytes.get(path) ?? Number.POSITIVE_INFINITY);
  }
}

/** Only its first bytes; nobody can write through the view. */
class CutFile implements StoredFile {
  readonly path: string;
  private readonly whole: StoredFile;
  private readonly keptBytes: number;

  constructor(whole: StoredFile, keptBytes: number) {
    this.path = whole.path;
    this.whole = whole;
    this.keptBytes = keptBytes;
  }

  read(bytes: Uint8Array, offset: number, length: number, position: number): number {
    const count = Math.max(0, Math.min(length, this.keptBytes - position));
    return this.whole.read(bytes, offset, count, position);
  }

  write(bytes: Uint8Array, offset: number, length: number, position: number): void {
    this.whole.write(bytes, offset, length, position);
  }

  truncate(size: number): void {
    this.whole.truncate(size);
  }

  syncData(): void {
    this.whole.syncData();
  }

  sync(): void {
    this.whole.sync();
  }

  size(): number {
    return Math.min(this.whole.size(), this.keptBytes);
  }

  close(): void {
    this.whole.close();
  }
}
