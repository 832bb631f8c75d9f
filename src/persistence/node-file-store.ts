// The file store of a real machine: node:fs, synchronous. Lives on any thread that may block (log, snapshot, recovery;
// never one that owns sockets). An instance keeps no state, so every thread makes its own.
// It never swallows an error, and leaves the meaning of each to its caller.

import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { errorCodeOf, type FileStore, type FileTimes, parentOf, type StoredFile } from './file-store.js';

const FILE_MODE = 0o644;
const PERMISSION_BITS = 0o777;
const OWNER_BITS = 0o700;

export class NodeFileStore implements FileStore {
  createNew(path: string, like?: string): StoredFile {
    if (like === undefined) return new NodeStoredFile(path, openSync(path, 'wx+', FILE_MODE));
    // Open to nobody else until it has the right mode: what the umask takes away is given back then.
    const mode = statSync(like).mode & PERMISSION_BITS;
    const descriptor = openSync(path, 'wx+', mode & OWNER_BITS);
    try {
      fchmodSync(descriptor, mode);
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
    return new NodeStoredFile(path, descriptor);
  }

  openForWrite(path: string): StoredFile {
    return new NodeStoredFile(path, openSync(path, 'r+'));
  }

  openForRead(path: string): StoredFile {
    return new NodeStoredFile(path, openSync(path, 'r'));
  }

  list(directory: string): string[] {
    return readdirSync(directory).sort();
  }

  exists(path: string): boolean {
    try {
      return statSync(path, { throwIfNoEntry: false }) !== undefined;
    } catch (error) {
      if (errorCodeOf(error) === 'ENOTDIR') return false;
      throw error;
    }
  }

  isDirectory(path: string): boolean {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  }

  sizeOf(path: string): number {
    return statSync(path).size;
  }

  /** Inode numbers are used again, but not together with the moment at which the file was made. */
  identityOf(path: string): string {
    const { ino, birthtimeNs } = statSync(path, { bigint: true });
    return `${ino}.${birthtimeNs}`;
  }

  timesOf(path: string): FileTimes {
    const { birthtimeMs: bornMs, mtimeMs: writtenMs } = statSync(path);
    return { bornMs, writtenMs };
  }

  link(existing: string, path: string): void {
    linkSync(existing, path);
  }

  rename(from: string, to: string): void {
    renameSync(from, to);
  }

  unlink(path: string): void {
    unlinkSync(path);
  }

  makeDirectories(path: string): void {
    if (this.isDirectory(path)) return;
    const parent = parentOf(path);
    if (parent !== path) this.makeDirectories(parent);
    mkdirSync(path);
    this.syncDirectory(parent);
  }

  canWrite(directory: string): boolean {
    try {
      accessSync(directory, constants.W_OK | constants.X_OK);
      return true;
    } catch {
      return false;
    }
  }

  syncDirectory(directory: string): void {
    const descriptor = openSync(directory, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }
}

class NodeStoredFile implements StoredFile {
  readonly path: string;
  private readonly descriptor: number;

  constructor(path: string, descriptor: number) {
    this.path = path;
    this.descriptor = descriptor;
  }

  read(bytes: Uint8Array, offset: number, length: number, position: number): number {
    let done = 0;
    while (done < length) {
      const count = readSync(this.descriptor, bytes, offset + done, length - done, position + done);
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  write(bytes: Uint8Array, offset: number, length: number, position: number): void {
    let done = 0;
    // A full disk shows as a short write first; going on makes the system say ENOSPC.
    while (done < length) {
      const count = writeSync(this.descriptor, bytes, offset + done, length - done, position + done);
      if (count <= 0) throw Object.assign(new Error(`EIO: nothing was written, write '${this.path}'`), { code: 'EIO' });
      done += count;
    }
  }

  truncate(size: number): void {
    ftruncateSync(this.descriptor, size);
  }

  syncData(): void {
    fdatasyncSync(this.descriptor);
  }

  sync(): void {
    fsyncSync(this.descriptor);
  }

  size(): number {
    return fstatSync(this.descriptor).size;
  }

  close(): void {
    closeSync(this.descriptor);
  }
}
