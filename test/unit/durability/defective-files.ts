/**
 * File stores with one planted defect each, put between the server and its disk: what a server would do that lacks one of
 * the steps durability rests on. The proofs of this folder have to find every one of them, or they prove nothing.
 */
import { TEMPORARY_PREFIX } from '../../../src/persistence/file-names.js';
import type { FileStore, FileTimes, StoredFile } from '../../../src/persistence/file-store.js';
import { baseNameOf } from '../../../src/persistence/file-store.js';

const CUT_BYTES = 20;

const isLog = (path: string): boolean => baseNameOf(path).startsWith('log.');
const isTemporary = (path: string): boolean => baseNameOf(path).startsWith(TEMPORARY_PREFIX);

/** Everything as the disk behind it does it. */
class PassingFile implements StoredFile {
  readonly inner: StoredFile;

  constructor(inner: StoredFile) {
    this.inner = inner;
  }

  get path(): string {
    return this.inner.path;
  }

  read(bytes: Uint8Array, offset: number, length: number, position: number): number {
    return this.inner.read(bytes, offset, length, position);
  }

  write(bytes: Uint8Array, offset: number, length: number, position: number): void {
    this.inner.write(bytes, offset, length, position);
  }

  truncate(size: number): void {
    this.inner.truncate(size);
  }

  syncData(): void {
    this.inner.syncData();
  }

  sync(): void {
    this.inner.sync();
  }

  size(): number {
    return this.inner.size();
  }

  close(): void {
    this.inner.close();
  }
}

class PassingFiles implements FileStore {
  protected readonly inner: FileStore;

  constructor(inner: FileStore) {
    this.inner = inner;
  }

  protected opened(file: StoredFile): StoredFile {
    return file;
  }

  createNew(path: string): StoredFile {
    return this.opened(this.inner.createNew(path));
  }

  openForWrite(path: string): StoredFile {
    return this.opened(this.inner.openForWrite(path));
  }

  openForRead(path: string): StoredFile {
    return this.inner.openForRead(path);
  }

  list(directory: string): string[] {
    return this.inner.list(directory);
  }

  exists(path: string): boolean {
    return this.inner.exists(path);
  }

  isDirectory(path: string): boolean {
    return this.inner.isDirectory(path);
  }

  sizeOf(path: string): number {
    return this.inner.sizeOf(path);
  }

  identityOf(path: string): string {
    return this.inner.identityOf(path);
  }

  timesOf(path: string): FileTimes {
    return this.inner.timesOf(path);
  }

  link(existing: string, path: string): void {
    this.inner.link(existing, path);
  }

  rename(from: string, to: string): void {
    this.inner.rename(from, to);
  }

  unlink(path: string): void {
    this.inner.unlink(path);
  }

  makeDirectories(path: string): void {
    this.inner.makeDirectories(path);
  }

  canWrite(directory: string): boolean {
    return this.inner.canWrite(directory);
  }

  syncDirectory(directory: string): void {
    this.inner.syncDirectory(directory);
  }
}

/** The log's sync returns, and whoever waited goes on, one sync before the disk has done it. */
class EarlyAcknowledgement extends PassingFiles {
  protected override opened(file: StoredFile): StoredFile {
    if (!isLog(file.path)) return file;
    return new (class extends PassingFile {
      private isOwed = false;

      override write(bytes: Uint8Array, offset: number, length: number, position: number): void {
        this.pay();
        super.write(bytes, offset, length, position);
      }

      override syncData(): void {
        this.isOwed = true;
      }

      override close(): void {
        this.pay();
        super.close();
      }

      private pay(): void {
        if (this.isOwed) this.inner.syncData();
        this.isOwed = false;
      }
    })(file);
  }
}

class NoDirectorySync extends PassingFiles {
  override syncDirectory(): void {}
}

/** The snapshot has its name before it is on the disk. */
class EarlyRename extends PassingFiles {
  private newest: StoredFile | null = null;

  protected override opened(file: StoredFile): StoredFile {
    if (!isTemporary(file.path)) return file;
    this.newest = new (class extends PassingFile {
      override syncData(): void {}
      override sync(): void {}
      // Kept open: what comes too late still comes.
      override close(): void {}
    })(file);
    return this.newest;
  }

  override rename(from: string, to: string): void {
    super.rename(from, to);
    this.inner.syncDirectory(from.slice(0, from.lastIndexOf('/')));
    if (this.newest instanceof PassingFile) this.newest.inner.sync();
  }
}

/** A log that is full gets rid of its padding, and of the end of its last record. */
class CutTooShort extends PassingFiles {
  protected override opened(file: StoredFile): StoredFile {
    if (!isLog(file.path)) return file;
    return new (class extends PassingFile {
      override close(): void {
        const bytes = new Uint8Array(this.size());
        this.read(bytes, 0, bytes.length, 0);
        let end = bytes.length;
        while (end > 0 && bytes[end - 1] === 0) end--;
        this.truncate(Math.max(end - CUT_BYTES, 0));
        this.inner.syncData();
        super.close();
      }
    })(file);
  }
}

export const DEFECTS: Readonly<Record<string, (disk: FileStore) => FileStore>> = {
  'an acknowledgement before the sync': (disk) => new EarlyAcknowledgement(disk),
  'a directory that is not synced': (disk) => new NoDirectorySync(disk),
  'a snapshot renamed before its fsync': (disk) => new EarlyRename(disk),
  'a log cut too short': (disk) => new CutTooShort(disk),
};
