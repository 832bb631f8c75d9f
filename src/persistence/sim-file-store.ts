// A disk in memory that behaves no better than a real one: what was not synced may be lost or torn when the machine
// stops, names not synced with their directory may be gone, and any call can be made to fail. For tests and the
// simulator; one thread, one seed, no clock. It must never be kinder than POSIX is where our code could come to rely on it.
//
// Its parts: SimMachine (what becomes of a call), SimContent and SimDirectory (what a crash leaves of a file and of the
// names in a directory), SimStoredFile (an open file). Directories themselves are durable when made, as the port promises.
// `fork` copies the whole disk, so that every crash of one run can be tried without running it again; a CrashFate says what
// a crash leaves where chance would otherwise.

import type { Prng } from '../base/prng.js';
import { baseNameOf, type FileStore, type FileTimes, parentOf, type StoredFile } from './file-store.js';
import { SimContent } from './sim-content.js';
import { SimDirectory } from './sim-directory.js';
import { type SimCall, SimFileError, SimMachine, type SimVerdict } from './sim-machine.js';
import { SimStoredFile } from './sim-stored-file.js';

export { type SimCall, SimCrashError, type SimVerdict } from './sim-machine.js';

export interface SimFileStoreOptions {
  /** Unsynced writes lose sectors in any order at a crash, not only from the end. */
  readonly loseSectors?: boolean;
}

/** What is left of the unsynced things when the machine stops; without one the disk's own generator decides. */
export interface CrashFate {
  /** So many of a directory's changes of names have happened, the oldest first. */
  namesKept(directory: string, count: number): number;
  /** So much of a file's changes is on the disk, the oldest first: a write counts its bytes, a truncate 1. */
  unitsKept(path: string, changes: readonly number[]): number;
}

/** A file with changes that are not synced: the units of each, and of the last one those up to its last byte that is not zero. */
export interface UnsyncedFile {
  readonly path: string;
  readonly changes: readonly number[];
  readonly lastUnits: number;
}

export class SimFileStore implements FileStore {
  hasLinks = true; // some file systems have none
  private readonly machine: SimMachine;
  private filesMade = 0;
  private readonly directories = new Map<string, SimDirectory>([['/', new SimDirectory()]]);
  private readonly loseSectors: boolean;

  constructor(prng: Prng, options: SimFileStoreOptions = {}) {
    this.machine = new SimMachine(prng);
    this.loseSectors = options.loseSectors ?? false;
  }

  /** Asked before every call; replaced by tests. */
  get onCall(): (call: SimCall) => SimVerdict {
    return this.machine.onCall;
  }

  set onCall(onCall: (call: SimCall) => SimVerdict) {
    this.machine.onCall = onCall;
  }

  get callCount(): number {
    return this.machine.callCount;
  }

  createNew(path: string): StoredFile {
    const directory = this.directoryOf(path);
    const isTorn = this.machine.begin('create', path, true);
    const name = baseNameOf(path);
    if (directory.names.has(name) || this.directories.has(path)) throw new SimFileError('EEXIST', 'open', path);
    const content = this.newContent();
    if (!isTorn || this.machine.prng.below(2) === 0) directory.add(name, content);
    if (isTorn) this.machine.stop();
    return new SimStoredFile(this.machine, content, path);
  }

  openForWrite(path: string): StoredFile {
    this.machine.begin('open', path, false);
    return new SimStoredFile(this.machine, this.contentOf(path), path);
  }

  openForRead(path: string): StoredFile {
    return this.openForWrite(path);
  }

  list(directory: string): string[] {
    this.machine.begin('list', directory, false);
    const names = [...this.directoryAt(directory).names.keys()];
    const prefix = directory === '/' ? '/' : `${directory}/`;
    for (const path of this.directories.keys()) {
      if (path.startsWith(prefix) && path !== directory && !path.slice(prefix.length).includes('/')) {
        names.push(path.slice(prefix.length));
      }
    }
    return names.sort();
  }

  exists(path: string): boolean {
    if (this.directories.has(path)) return true;
    return this.directories.get(parentOf(path))?.names.has(baseNameOf(path)) ?? false;
  }

  isDirectory(path: string): boolean {
    return this.directories.has(path);
  }

  sizeOf(path: string): number {
    return this.contentOf(path).current.length;
  }

  identityOf(path: string): string {
    return `${this.contentOf(path).number}`;
  }

  timesOf(path: string): FileTimes {
    const { bornMs, writtenMs } = this.contentOf(path);
    return { bornMs, writtenMs };
  }

  link(existing: string, path: string): void {
    const content = this.contentOf(existing);
    const directory = this.directoryOf(path);
    const isTorn = this.machine.begin('link', path, true);
    if (!this.hasLinks) throw new SimFileError('EPERM', 'link', path);
    const name = baseNameOf(path);
    if (directory.names.has(name) || this.directories.has(path)) throw new SimFileError('EEXIST', 'link', path);
    if (!isTorn || this.machine.prng.below(2) === 0) directory.add(name, content);
    if (isTorn) this.machine.stop();
  }

  /** Between two directories the two changes become durable with their own directory, so a crash may keep either alone. */
  rename(from: string, to: string): void {
    const content = this.contentOf(from);
    const source = this.directoryOf(from);
    const target = this.directoryOf(to);
    const isTorn = this.machine.begin('rename', from, true);
    if (!isTorn || this.machine.prng.below(2) === 0) {
      if (source === target) {
        source.rename(baseNameOf(from), baseNameOf(to));
      } else {
        target.add(baseNameOf(to), content);
        source.remove(baseNameOf(from));
      }
    }
    if (isTorn) this.machine.stop();
  }

  unlink(path: string): void {
    this.contentOf(path);
    const isTorn = this.machine.begin('unlink', path, true);
    if (!isTorn || this.machine.prng.below(2) === 0) this.directoryOf(path).remove(baseNameOf(path));
    if (isTorn) this.machine.stop();
  }

  makeDirectories(path: string): void {
    if (this.directories.has(path)) return;
    if (this.exists(path)) throw new SimFileError('EEXIST', 'mkdir', path);
    this.makeDirectories(parentOf(path));
    this.machine.begin('mkdir', path, false);
    this.directories.set(path, new SimDirectory());
  }

  canWrite(directory: string): boolean {
    return this.directories.has(directory);
  }

  syncDirectory(path: string): void {
    const directory = this.directoryAt(path);
    this.machine.begin('syncDirectory', path, false);
    directory.sync();
  }

  /** Another disk that holds the same, what is not synced included; nobody has a file open on it. */
  fork(prng: Prng, options: SimFileStoreOptions = { loseSectors: this.loseSectors }): SimFileStore {
    const copy = new SimFileStore(prng, options);
    copy.machine.nowMs = this.machine.nowMs;
    copy.filesMade = this.filesMade;
    const copies = new Map<SimContent, SimContent>();
    const cloneOf = (content: SimContent): SimContent => {
      const known = copies.get(content) ?? content.clone();
      copies.set(content, known);
      return known;
    };
    for (const [path, directory] of this.directories) copy.directories.set(path, directory.clone(cloneOf));
    return copy;
  }

  /** What is not synced, file by file: the units of each change, as CrashFate counts them. */
  unsynced(): UnsyncedFile[] {
    const found: UnsyncedFile[] = [];
    for (const [path, directory] of this.directories) {
      for (const [name, content] of directory.names) {
        const changes = content.pendingUnits();
        if (changes.length === 0) continue;
        found.push({ path: `${path}/${name}`, changes, lastUnits: content.lastPendingUnits() });
      }
    }
    return found;
  }

  /** The machine stops now and starts again: only what the disk kept is left. */
  crash(fate: CrashFate | null = null): void {
    for (const [path, directory] of this.directories) {
      const count = directory.pendingCount;
      directory.crash(fate === null ? this.machine.prng.below(count + 1) : fate.namesKept(path, count));
    }
    for (const [path, directory] of this.directories) {
      for (const [name, content] of directory.names) {
        if (fate === null) content.loseUnsynced(this.machine.prng, this.loseSectors);
        else content.keepUnits(fate.unitsKept(`${path}/${name}`, content.pendingUnits()));
        content.forgetVolatile();
      }
    }
    this.machine.restart();
  }

  /** A call has stopped the machine, whatever became of the error that said so. */
  get hasStopped(): boolean {
    return this.machine.isOff;
  }

  /** The process ends and the machine goes on: what was written is there, synced or not, but no handle of before may be used. */
  killProcess(): void {
    this.machine.restart();
  }

  /** Puts a file there, durable: how tests bring a data directory in. */
  place(path: string, bytes: Uint8Array): void {
    this.makeDirectories(parentOf(path));
    const content = this.newContent();
    content.replace(bytes);
    this.directoryOf(path).place(baseNameOf(path), content);
  }

  /** The names and contents that a crash cannot take away any more. */
  durableFiles(directory: string): Map<string, Uint8Array> {
    const files = new Map<string, Uint8Array>();
    for (const [name, { durable }] of this.directoryAt(directory).durableNames) {
      files.set(name, durable.bytes.subarray(0, durable.length));
    }
    return files;
  }

  /** Of one of them, not copied; null when there is none of that name, or no such directory. */
  durableBytes(directory: string, name: string): Uint8Array | null {
    const content = this.directories.get(directory)?.durableNames.get(name);
    return content === undefined ? null : content.durable.bytes.subarray(0, content.durable.length);
  }

  /** Changes what a file holds behind everybody's back, on the disk too; it stays the same file. */
  alter(path: string, bytes: Uint8Array): void {
    this.contentOf(path).replace(bytes);
  }

  contentsOf(path: string): Uint8Array {
    const { current } = this.contentOf(path);
    return current.bytes.slice(0, current.length);
  }

  private newContent(): SimContent {
    return new SimContent(++this.filesMade, ++this.machine.nowMs);
  }

  private directoryAt(path: string): SimDirectory {
    const directory = this.directories.get(path);
    if (directory === undefined) throw new SimFileError('ENOENT', 'opendir', path);
    return directory;
  }

  private directoryOf(path: string): SimDirectory {
    return this.directoryAt(parentOf(path));
  }

  private contentOf(path: string): SimContent {
    const content = this.directoryOf(path).names.get(baseNameOf(path));
    if (content === undefined) throw new SimFileError('ENOENT', 'open', path);
    return content;
  }
}
