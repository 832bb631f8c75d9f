// The port through which everything in this layer reaches a disk. All calls are synchronous: the log, snapshot and
// recovery threads have nothing else to do meanwhile. NodeFileStore is the real one, SimFileStore the one that crashes
// and fails on demand. A call that cannot do its work throws an Error whose `code` is the POSIX name (EIO, ENOSPC,
// ENOENT ...); nothing here retries, and a caller must never retry a failed write or sync of the same file.

/** One open file. Belongs to the thread that opened it. */
export interface StoredFile {
  readonly path: string;
  /** Bytes read, fewer than `length` only at the end of the file. */
  read(bytes: Uint8Array, offset: number, length: number, position: number): number;
  /** Writes all of it or throws; after a throw any prefix of it may be in the file. */
  write(bytes: Uint8Array, offset: number, length: number, position: number): void;
  /** Sets the length: growing leaves zeros (no blocks are taken), shrinking cuts. */
  truncate(size: number): void;
  /** fdatasync: content and size are on the disk when it returns. */
  syncData(): void;
  /** fsync: like syncData, with all attributes. */
  sync(): void;
  size(): number;
  close(): void;
}

/** By the clock of the file system. */
export interface FileTimes {
  readonly bornMs: number;
  readonly writtenMs: number;
}

export interface FileStore {
  /**
   * O_CREAT | O_EXCL, for reading and writing; EEXIST when the name is taken. The name is durable only after syncDirectory.
   * `like`: the new file gets the permissions of this one.
   */
  createNew(path: string, like?: string): StoredFile;
  /** An existing file, for reading and writing. */
  openForWrite(path: string): StoredFile;
  openForRead(path: string): StoredFile;
  /** Names in a directory, sorted by their code units. */
  list(directory: string): string[];
  exists(path: string): boolean;
  isDirectory(path: string): boolean;
  sizeOf(path: string): number;
  /** Tells a file from every copy of it and from another one of its name; renames, links and writes leave it as it is. */
  identityOf(path: string): string;
  timesOf(path: string): FileTimes;
  rename(from: string, to: string): void;
  /** A second name for an existing file, in any directory of the same file system; EEXIST when that is taken. */
  link(existing: string, path: string): void;
  unlink(path: string): void;
  /** mkdir -p; every directory it made is durable in its parent when it returns. */
  makeDirectories(path: string): void;
  /** May this process create files in the directory? */
  canWrite(directory: string): boolean;
  /** fsync of the directory: names created, renamed and removed in it so far are durable. */
  syncDirectory(directory: string): void;
}

/** Node has no name for a full quota, and calls it by several; its number is Linux's, or BSD's and macOS's. */
const QUOTA_ERRNOS: readonly unknown[] = [-122, -69];

/** The POSIX name of what went wrong, or '' for errors that are not a file store's. */
export function errorCodeOf(error: unknown): string {
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) return '';
  const isUnnamed = error.code.toLowerCase().startsWith('unknown');
  return isUnnamed && 'errno' in error && QUOTA_ERRNOS.includes(error.errno) ? 'EDQUOT' : error.code;
}

export function joinPath(directory: string, name: string): string {
  return directory.endsWith('/') ? directory + name : `${directory}/${name}`;
}

/** The part before the last slash: 'a/b' -> 'a', '/a' -> '/', 'a' -> '.'. */
export function parentOf(path: string): string {
  const trimmed = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
  const slash = trimmed.lastIndexOf('/');
  if (slash < 0) return '.';
  return slash === 0 ? '/' : trimmed.slice(0, slash);
}

export function baseNameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
