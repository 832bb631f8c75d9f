// A disk in memory that behaves no better than a real one: what was not synced may be lost or torn when the machine
// stops, names not synced with their directory may be gone, and any call can be made to fail. For tests and the
// simulator; one thread, one seed, no clock. It must never be kinder than POSIX is where our code could come to rely on it.
//
// What a crash leaves of one file (of a directory: the same, with names in place of bytes):
//
//   durable content  <- everything up to the last successful sync
//   pending          <- writes and truncates since, in order:  [w][w][t][w][w]
//                        a prefix of them survives, the next one torn  ---^ at any byte; with `loseSectors`
//                        any subset of the 512-byte sectors of any of them instead (a disk without ordering)
//
// Directories themselves are durable when made, as the port promises. `fork` copies the whole disk, so that every crash of
// one run can be tried without running it again; a CrashFate says what a crash leaves where chance would otherwise.

import { assert } from '../base/assert.js';
import type { Prng } from '../base/prng.js';
import { baseNameOf, type FileStore, type FileTimes, parentOf, type StoredFile } from './file-store.js';

const SECTOR_BYTES = 512;

export type SimCallName =
  | 'create'
  | 'open'
  | 'list'
  | 'read'
  | 'write'
  | 'truncate'
  | 'syncData'
  | 'sync'
  | 'rename'
  | 'link'
  | 'unlink'
  | 'mkdir'
  | 'syncDirectory'
  | 'close';

export interface SimCall {
  /** Counts calls of every name, from 0. */
  readonly index: number;
  readonly name: SimCallName;
  readonly path: string;
}

/** What becomes of a call: it works, it fails with this code, or the machine stops in the middle of it. */
export type SimVerdict = 'ok' | 'crash' | 'EIO' | 'ENOSPC' | 'EDQUOT' | 'EMFILE' | 'EACCES' | 'EROFS';

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

/** A call that failed; `code` is the POSIX name. */
export class SimFileError extends Error {
  override readonly name = 'SimFileError';
  readonly code: string;

  constructor(code: string, call: string, path: string) {
    super(`${code}: ${call} '${path}'`);
    this.code = code;
  }
}

/** The machine is off: every call until crash() has been called. */
export class SimCrashError extends Error {
  override readonly name = 'SimCrashError';
}

type PendingChange =
  | { readonly kind: 'write'; readonly position: number; readonly bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly size: number };

type PendingName =
  | { readonly kind: 'add'; readonly name: string; readonly content: SimContent }
  | { readonly kind: 'remove'; readonly name: string }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string };

/** A byte array that grows; bytes behind `length` are zero. */
class GrowingBytes {
  bytes = new Uint8Array(0);
  length = 0;

  write(source: Uint8Array, position: number): void {
    this.extend(Math.max(this.length, position + source.length));
    this.bytes.set(source, position);
  }

  truncate(size: number): void {
    if (size < this.length) this.bytes.fill(0, size, this.length);
    this.extend(size);
  }

  copyFrom(other: GrowingBytes): void {
    this.bytes = other.bytes.slice(0, other.length);
    this.length = other.length;
  }

  private extend(size: number): void {
    if (size > this.bytes.length) {
      const bigger = new Uint8Array(Math.max(size, this.bytes.length * 2));
      bigger.set(this.bytes.subarray(0, this.length));
      this.bytes = bigger;
    }
    this.length = size;
  }
}

function unitsOf(change: PendingChange): number {
  return change.kind === 'write' ? change.bytes.length : 1;
}

/** Zeros at the end of a write are mostly written over zeros: torn there, it is as if it were whole. */
function unitsThatTell(change: PendingChange): number {
  if (change.kind === 'truncate') return 1;
  let end = change.bytes.length;
  while (end > 0 && change.bytes[end - 1] === 0) end--;
  return Math.min(end + 2, change.bytes.length);
}

class SimContent {
  readonly number: number; // another one for every file ever made
  readonly bornMs: number;
  writtenMs: number;
  readonly current = new GrowingBytes(); // what readers see
  readonly durable = new GrowingBytes(); // Invariant: durable + pending = current, unless a sync has failed
  pending: PendingChange[] = [];

  constructor(number: number, nowMs: number) {
    this.number = number;
    this.bornMs = nowMs;
    this.writtenMs = nowMs;
  }

  applyToDurable(change: PendingChange): void {
    if (change.kind === 'write') this.durable.write(change.bytes, change.position);
    else this.durable.truncate(change.size);
  }

  becomeDurable(): void {
    for (const change of this.pending) this.applyToDurable(change);
    this.pending = [];
  }

  clone(): SimContent {
    const copy = new SimContent(this.number, this.bornMs);
    copy.writtenMs = this.writtenMs;
    copy.current.copyFrom(this.current);
    copy.durable.copyFrom(this.durable);
    copy.pending = [...this.pending];
    return copy;
  }

  forgetVolatile(): void {
    this.pending = [];
    this.current.truncate(0);
    this.current.write(this.durable.bytes.subarray(0, this.durable.length), 0);
  }
}

class SimDirectory {
  readonly names = new Map<string, SimContent>();
  readonly durableNames = new Map<string, SimContent>();
  pending: PendingName[] = [];
}

function applyName(names: Map<string, SimContent>, change: PendingName): void {
  if (change.kind === 'add') {
    names.set(change.name, change.content);
  } else if (change.kind === 'remove') {
    names.delete(change.name);
  } else {
    const content = names.get(change.from);
    names.delete(change.from);
    if (content !== undefined) names.set(change.to, content);
  }
}

export class SimFileStore implements FileStore {
  /** Asked before every call; replaced by tests. */
  onCall: (call: SimCall) => SimVerdict = () => 'ok';
  callCount = 0;
  hasLinks = true; // some file systems have none
  private nowMs = 0; // passes with every change to a file
  private filesMade = 0;
  generation = 0; // of handles: those of before a crash are dead
  private readonly directories = new Map<string, SimDirectory>([['/', new SimDirectory()]]);
  private isOff = false;
  private readonly prng: Prng;
  private readonly loseSectors: boolean;

  constructor(prng: Prng, options: SimFileStoreOptions = {}) {
    this.prng = prng;
    this.loseSectors = options.loseSectors ?? false;
  }

  createNew(path: string): StoredFile {
    const directory = this.directoryOf(path);
    const isTorn = this.begin('create', path, true);
    const name = baseNameOf(path);
    if (directory.names.has(name) || this.directories.has(path)) throw new SimFileError('EEXIST', 'open', path);
    const content = this.newContent();
    if (!isTorn || this.prng.below(2) === 0) this.changeName(directory, { kind: 'add', name, content });
    if (isTorn) this.stop();
    return new SimStoredFile(this, content, path);
  }

  openForWrite(path: string): StoredFile {
    this.begin('open', path, false);
    return new SimStoredFile(this, this.contentOf(path), path);
  }

  openForRead(path: string): StoredFile {
    return this.openForWrite(path);
  }

  list(directory: string): string[] {
    this.begin('list', directory, false);
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
    const isTorn = this.begin('link', path, true);
    if (!this.hasLinks) throw new SimFileError('EPERM', 'link', path);
    const name = baseNameOf(path);
    if (directory.names.has(name) || this.directories.has(path)) throw new SimFileError('EEXIST', 'link', path);
    if (!isTorn || this.prng.below(2) === 0) this.changeName(directory, { kind: 'add', name, content });
    if (isTorn) this.stop();
  }

  /** Between two directories the two changes become durable with their own directory, so a crash may keep either alone. */
  rename(from: string, to: string): void {
    const content = this.contentOf(from);
    const source = this.directoryOf(from);
    const target = this.directoryOf(to);
    const isTorn = this.begin('rename', from, true);
    if (!isTorn || this.prng.below(2) === 0) {
      if (source === target) {
        this.changeName(source, { kind: 'rename', from: baseNameOf(from), to: baseNameOf(to) });
      } else {
        this.changeName(target, { kind: 'add', name: baseNameOf(to), content });
        this.changeName(source, { kind: 'remove', name: baseNameOf(from) });
      }
    }
    if (isTorn) this.stop();
  }

  unlink(path: string): void {
    this.contentOf(path);
    const isTorn = this.begin('unlink', path, true);
    if (!isTorn || this.prng.below(2) === 0) {
      this.changeName(this.directoryOf(path), { kind: 'remove', name: baseNameOf(path) });
    }
    if (isTorn) this.stop();
  }

  makeDirectories(path: string): void {
    if (this.directories.has(path)) return;
    if (this.exists(path)) throw new SimFileError('EEXIST', 'mkdir', path);
    this.makeDirectories(parentOf(path));
    this.begin('mkdir', path, false);
    this.directories.set(path, new SimDirectory());
  }

  canWrite(directory: string): boolean {
    return this.directories.has(directory);
  }

  syncDirectory(path: string): void {
    const directory = this.directoryAt(path);
    this.begin('syncDirectory', path, false);
    for (const change of directory.pending) applyName(directory.durableNames, change);
    directory.pending = [];
  }

  /** Another disk that holds the same, what is not synced included; nobody has a file open on it. */
  fork(prng: Prng, options: SimFileStoreOptions = { loseSectors: this.loseSectors }): SimFileStore {
    const copy = new SimFileStore(prng, options);
    copy.nowMs = this.nowMs;
    copy.filesMade = this.filesMade;
    const copies = new Map<SimContent, SimContent>();
    const cloneOf = (content: SimContent): SimContent => {
      const known = copies.get(content) ?? content.clone();
      copies.set(content, known);
      return known;
    };
    for (const [path, directory] of this.directories) {
      const clone = new SimDirectory();
      for (const [name, content] of directory.names) clone.names.set(name, cloneOf(content));
      for (const [name, content] of directory.durableNames) clone.durableNames.set(name, cloneOf(content));
      clone.pending = directory.pending.map((change) =>
        change.kind === 'add' ? { ...change, content: cloneOf(change.content) } : change,
      );
      copy.directories.set(path, clone);
    }
    return copy;
  }

  /** What is not synced, file by file: the units of each change, as CrashFate counts them. */
  unsynced(): UnsyncedFile[] {
    const found: UnsyncedFile[] = [];
    for (const [path, directory] of this.directories) {
      for (const [name, { pending }] of directory.names) {
        const last = pending.at(-1);
        if (last === undefined) continue;
        found.push({ path: `${path}/${name}`, changes: pending.map(unitsOf), lastUnits: unitsThatTell(last) });
      }
    }
    return found;
  }

  /** The machine stops now and starts again: only what the disk kept is left. */
  crash(fate: CrashFate | null = null): void {
    for (const [path, directory] of this.directories) {
      const count = directory.pending.length;
      const kept = fate === null ? this.prng.below(count + 1) : fate.namesKept(path, count);
      for (let i = 0; i < kept; i++) applyName(directory.durableNames, directory.pending[i]);
      directory.pending = [];
      directory.names.clear();
      for (const [name, content] of directory.durableNames) directory.names.set(name, content);
    }
    for (const [path, directory] of this.directories) {
      for (const [name, content] of directory.names) {
        if (fate === null) this.loseUnsynced(content);
        else this.keepUnits(content, fate.unitsKept(`${path}/${name}`, content.pending.map(unitsOf)));
        content.forgetVolatile();
      }
    }
    this.generation++;
    this.isOff = false;
  }

  /** A call has stopped the machine, whatever became of the error that said so. */
  get hasStopped(): boolean {
    return this.isOff;
  }

  /** The process is gone and the machine goes on: what was written is there, synced or not. */
  closeHandles(): void {
    this.generation++;
    this.isOff = false;
  }

  /** Puts a file there, durable: how tests bring a data directory in. */
  place(path: string, bytes: Uint8Array): void {
    this.makeDirectories(parentOf(path));
    const content = this.newContent();
    content.current.write(bytes, 0);
    content.durable.write(bytes, 0);
    this.directoryOf(path).names.set(baseNameOf(path), content);
    this.directoryOf(path).durableNames.set(baseNameOf(path), content);
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
    const content = this.contentOf(path);
    for (const copy of [content.current, content.durable]) {
      copy.truncate(0);
      copy.write(bytes, 0);
    }
    content.pending = [];
  }

  /** The process ends and the machine goes on: nothing is lost, but no handle of before may be used. */
  killProcess(): void {
    this.generation++;
    this.isOff = false;
  }

  contentsOf(path: string): Uint8Array {
    const { current } = this.contentOf(path);
    return current.bytes.slice(0, current.length);
  }

  /**
   * Counts the call and asks what becomes of it. True: the machine stops in the middle, and the caller, having said
   * that it can stand that, does part of its work and then calls stop().
   */
  begin(name: SimCallName, path: string, canTear: boolean): boolean {
    if (this.isOff) throw new SimCrashError('the machine is off');
    const verdict = this.onCall({ index: this.callCount++, name, path });
    if (verdict === 'ok') return false;
    if (verdict === 'crash') {
      if (!canTear) this.stop();
      return true;
    }
    throw new SimFileError(verdict, name, path);
  }

  stop(): never {
    this.isOff = true;
    throw new SimCrashError('the machine stopped');
  }

  write(content: SimContent, path: string, bytes: Uint8Array, position: number): void {
    let isTorn = false;
    try {
      isTorn = this.begin('write', path, true);
    } catch (error) {
      if (error instanceof SimFileError) this.writeSome(content, bytes, position);
      throw error;
    }
    if (isTorn) {
      this.writeSome(content, bytes, position);
      this.stop();
    }
    content.current.write(bytes, position);
    content.writtenMs = ++this.nowMs;
    content.pending.push({ kind: 'write', position, bytes });
  }

  truncate(content: SimContent, path: string, size: number): void {
    this.begin('truncate', path, false);
    content.current.truncate(size);
    content.writtenMs = ++this.nowMs;
    content.pending.push({ kind: 'truncate', size });
  }

  /** A failed sync leaves each unsynced write on the disk or not, and the system forgets that it ever was unsynced. */
  syncContent(content: SimContent, path: string, name: 'sync' | 'syncData'): void {
    try {
      this.begin(name, path, false);
    } catch (error) {
      if (error instanceof SimFileError) {
        for (const change of content.pending) if (this.prng.below(2) === 0) content.applyToDurable(change);
        content.pending = [];
      }
      throw error;
    }
    content.becomeDurable();
  }

  private newContent(): SimContent {
    return new SimContent(++this.filesMade, ++this.nowMs);
  }

  private writeSome(content: SimContent, bytes: Uint8Array, position: number): void {
    const part = bytes.slice(0, this.prng.below(bytes.length + 1));
    content.current.write(part, position);
    content.pending.push({ kind: 'write', position, bytes: part });
  }

  private loseUnsynced(content: SimContent): void {
    if (this.loseSectors) {
      for (const change of content.pending) {
        if (change.kind === 'truncate') content.applyToDurable(change);
        else this.keepSomeSectors(content, change.bytes, change.position);
      }
      return;
    }
    const kept = this.prng.below(content.pending.length + 1);
    for (let i = 0; i < kept; i++) content.applyToDurable(content.pending[i]);
    const torn = content.pending[kept];
    if (torn?.kind === 'write') {
      content.durable.write(torn.bytes.subarray(0, this.prng.below(torn.bytes.length + 1)), torn.position);
    }
  }

  private keepUnits(content: SimContent, units: number): void {
    let left = units;
    for (const change of content.pending) {
      if (left <= 0) return;
      if (change.kind === 'truncate' || left >= change.bytes.length) content.applyToDurable(change);
      else content.durable.write(change.bytes.subarray(0, left), change.position);
      left -= unitsOf(change);
    }
  }

  private keepSomeSectors(content: SimContent, bytes: Uint8Array, position: number): void {
    let start = 0;
    while (start < bytes.length) {
      const end = Math.min(bytes.length, start + SECTOR_BYTES - ((position + start) % SECTOR_BYTES));
      if (this.prng.below(2) === 0) content.durable.write(bytes.subarray(start, end), position + start);
      start = end;
    }
  }

  private changeName(directory: SimDirectory, change: PendingName): void {
    applyName(directory.names, change);
    directory.pending.push(change);
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

class SimStoredFile implements StoredFile {
  readonly path: string;
  private readonly store: SimFileStore;
  private readonly content: SimContent;
  private readonly generation: number;
  private isOpen = true;

  constructor(store: SimFileStore, content: SimContent, path: string) {
    this.store = store;
    this.content = content;
    this.path = path;
    this.generation = store.generation;
  }

  read(bytes: Uint8Array, offset: number, length: number, position: number): number {
    this.assertUsable();
    this.store.begin('read', this.path, false);
    const { current } = this.content;
    const count = Math.max(0, Math.min(length, current.length - position));
    bytes.set(current.bytes.subarray(position, position + count), offset);
    return count;
  }

  write(bytes: Uint8Array, offset: number, length: number, position: number): void {
    this.assertUsable();
    this.store.write(this.content, this.path, bytes.slice(offset, offset + length), position);
  }

  truncate(size: number): void {
    this.assertUsable();
    this.store.truncate(this.content, this.path, size);
  }

  syncData(): void {
    this.assertUsable();
    this.store.syncContent(this.content, this.path, 'syncData');
  }

  sync(): void {
    this.assertUsable();
    this.store.syncContent(this.content, this.path, 'sync');
  }

  size(): number {
    this.assertUsable();
    return this.content.current.length;
  }

  close(): void {
    assert(this.isOpen, 'a file is closed once');
    this.isOpen = false;
    this.store.begin('close', this.path, false);
  }

  private assertUsable(): void {
    assert(this.isOpen, `use of a closed file: ${this.path}`);
    assert(this.generation === this.store.generation, `use of a file opened before the crash: ${this.path}`);
  }
}
