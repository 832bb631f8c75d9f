/**
 * WatchManager: who wants to hear of which path, in both directions, for the connections of one shard.
 *
 * A path (watched-paths.ts) has a list of entries per table; an entry is what one watcher wants of that path, and stands in
 * the list of its watcher too. All of them lie in blocks of words (block-memory.ts):
 *
 *   entry  0      1                     2       3         4          5            6             7
 *         +------+---------------------+-------+---------+----------+------------+-------------+-----------+
 *         | path | watcher << 1 | table| modes | next of | previous | next of    | previous of | next in   |
 *         |      |                     |       | path    | of path  | watcher    | watcher     | bucket    |
 *         +------+---------------------+-------+---------+----------+------------+-------------+-----------+
 *
 *   path list     recursive entries first, so that looking for them at an ancestor ends at the first other one; among equals
 *                 in the order in which they came. `previous` of the first is the last; `next` of the last is 0.
 *   watcher list  in no order; `previous` of the first is 0.
 *
 * A watcher that goes is forgotten at once, but its entries are taken away little by little (`purge`), so that a session
 * with a hundred thousand watches does not hold up the others when it dies. Owned by the shard that owns the connections;
 * never asks the tree anything, never calls anybody.
 */
import { assert } from '../base/assert.js';
import type { PathHash } from '../store/path-hash.js';
import { BlockMemory } from './block-memory.js';
import { BucketDirectory } from './bucket-directory.js';
import { WatchMode, WatchTable } from './watch-mode.js';
import { FIRST_ENTRY, WatchedPaths } from './watched-paths.js';

const PATH = 0;
const OWNER = 1;
const MODES = 2;
const NEXT_OF_PATH = 3;
const PREVIOUS_OF_PATH = 4;
const NEXT_OF_WATCHER = 5;
const PREVIOUS_OF_WATCHER = 6;
const NEXT_IN_BUCKET = 7;
const ENTRY_WORDS = 8;
const WATCHERS_INITIAL = 64;
const SLASH = 0x2f;
const LENGTH_PLACES = 1024;
const LENGTH_MASK = LENGTH_PLACES - 1;
const SERIAL_MAX = 0x7fffffff;

export class WatchManager<Watcher extends object> {
  private readonly memory = new BlockMemory();
  private readonly paths: WatchedPaths;
  private readonly entries: BucketDirectory;
  private readonly numbers = new Map<Watcher, number>();
  // By the watcher's number. Null: nobody, or one that is gone and whose entries are being taken away.
  private readonly watchers: (Watcher | null)[] = [];
  private firstEntries = new Int32Array(WATCHERS_INITIAL);
  private entryCounts = new Int32Array(WATCHERS_INITIAL);
  /** The serial of the trigger that addressed the watcher last. */
  private addressedBy = new Int32Array(WATCHERS_INITIAL);
  private readonly freeNumbers: number[] = [];
  /** Numbers of watchers that are gone and had entries. */
  private readonly leaving: number[] = [];
  private serial = 0;
  private watchCount = 0;
  private recursiveCount = 0;
  /**
   * Recursive entries by the length of their path, modulo the number of places: an ancestor of a length that nobody watches
   * need not be looked for, and a node a thousand levels deep has a thousand ancestors.
   */
  private readonly recursiveOfLength = new Int32Array(LENGTH_PLACES);

  constructor(hash: PathHash) {
    const { memory } = this;
    this.paths = new WatchedPaths(memory, hash);
    this.entries = new BucketDirectory(memory, NEXT_IN_BUCKET, (ref) =>
      hashOfEntry(memory.get(ref, PATH), memory.get(ref, OWNER)),
    );
  }

  /** Pairs of path and watcher in both tables; several modes of one pair are one watch. */
  get count(): number {
    return this.watchCount;
  }

  get isEmpty(): boolean {
    return this.watchCount === 0;
  }

  /** Whether `purge` has something to do. */
  get isLeaving(): boolean {
    return this.leaving.length > 0;
  }

  add(table: WatchTable, mode: WatchMode, bytes: Uint8Array, offset: number, length: number, watcher: Watcher): void {
    assert(mode !== WatchMode.recursive || table === WatchTable.data, 'recursive watches are data watches');
    const { memory } = this;
    const number = this.numbers.get(watcher) ?? this.numberOf(watcher);
    const path = this.paths.findOrAdd(bytes, offset, length);
    const known = this.find(path, (number << 1) | table);
    const entry = known === 0 ? this.addEntry(path, number, table) : known;
    const modes = memory.get(entry, MODES);
    if ((modes & mode) === 0) this.changeModes(path, table, entry, modes, modes | mode);
  }

  /** Whether the watcher has a watch of one of these modes at exactly this path. */
  has(table: WatchTable, modes: number, bytes: Uint8Array, offset: number, length: number, watcher: Watcher): boolean {
    const entry = this.lookUp(table, bytes, offset, length, watcher);
    return entry !== 0 && (this.memory.get(entry, MODES) & modes) !== 0;
  }

  /** Takes these modes away; false when there was none of them. */
  remove(
    table: WatchTable,
    modes: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    watcher: Watcher,
  ): boolean {
    const entry = this.lookUp(table, bytes, offset, length, watcher);
    if (entry === 0) return false;
    const before = this.memory.get(entry, MODES);
    if ((before & modes) === 0) return false;
    const path = this.memory.get(entry, PATH);
    this.changeModes(path, table, entry, before, before & ~modes);
    this.paths.releaseIfEmpty(path);
    return true;
  }

  /** Something happened to the path: appends everybody who is addressed, once, and uses up the standard watches. */
  trigger(table: WatchTable, bytes: Uint8Array, offset: number, length: number, addressed: Watcher[]): void {
    if (this.serial === SERIAL_MAX) {
      this.addressedBy.fill(0);
      this.serial = 0;
    }
    this.serial++;
    this.triggerAlso(table, bytes, offset, length, addressed);
  }

  /** The same for another table of the same change: without those whom it has addressed already. */
  triggerAlso(table: WatchTable, bytes: Uint8Array, offset: number, length: number, addressed: Watcher[]): void {
    const path = this.paths.find(bytes, offset, length);
    if (path !== 0) this.triggerExact(table, path, addressed);
    if (this.recursiveCount === 0 || table !== WatchTable.data) return;
    for (let i = length - 1; i >= 0; i--) {
      if (bytes[offset + i] !== SLASH) continue;
      const ancestorLength = i === 0 ? 1 : i;
      if (ancestorLength === length || this.recursiveOfLength[ancestorLength & LENGTH_MASK] === 0) continue;
      const ancestor = this.paths.find(bytes, offset, ancestorLength);
      if (ancestor !== 0) this.addressRecursive(ancestor, addressed);
    }
  }

  /** The watcher is gone, and with it its watches. */
  removeWatcher(watcher: Watcher): void {
    const number = this.numbers.get(watcher);
    if (number === undefined) return;
    this.numbers.delete(watcher);
    this.watchers[number] = null;
    const entryCount = this.entryCounts[number] as number;
    this.watchCount -= entryCount;
    (entryCount === 0 ? this.freeNumbers : this.leaving).push(number);
  }

  /** Takes away up to so many entries of watchers that are gone; the time is for the caller to choose. */
  purge(entriesMax: number): void {
    const { leaving, memory } = this;
    let left = entriesMax;
    for (let number = leaving.at(-1); number !== undefined && left > 0; number = leaving.at(-1)) {
      for (; left > 0; left--) {
        const entry = this.firstEntries[number] as number;
        if (entry === 0) break;
        const path = memory.get(entry, PATH);
        const table = (memory.get(entry, OWNER) & 1) as WatchTable;
        this.changeModes(path, table, entry, memory.get(entry, MODES), 0);
        this.paths.releaseIfEmpty(path);
      }
      if (this.firstEntries[number] !== 0) return;
      leaving.pop();
      this.freeNumbers.push(number);
    }
  }

  /**
   * For listings in pieces: visits the watches of one table from bucket `from` on, until `wantsMore` says no between two buckets.
   * Returns where to go on, -1 at the end. Watches may come and go between two pieces: what is there all the time is visited, and
   * perhaps twice. `visit` gets the watcher and what `pathLength` and `copyPath` take.
   */
  visitFrom(
    table: WatchTable,
    from: number,
    wantsMore: () => boolean,
    visit: (watcher: Watcher, path: number) => void,
  ): number {
    const { memory, entries } = this;
    for (let bucket = from; bucket < entries.bucketCount; bucket++) {
      if (!wantsMore()) return bucket;
      for (let entry = entries.firstOf(bucket); entry !== 0; entry = memory.get(entry, NEXT_IN_BUCKET)) {
        const owner = memory.get(entry, OWNER);
        const watcher = this.watchers[owner >>> 1] as Watcher | null;
        if ((owner & 1) === table && watcher !== null) visit(watcher, memory.get(entry, PATH));
      }
    }
    return -1;
  }

  /** In bytes; -1 for the null path. */
  pathLength(path: number): number {
    return this.paths.lengthOf(path);
  }

  /** Where there must be room for whole words. */
  copyPath(path: number, out: Uint8Array, offset: number): void {
    this.paths.copyPath(path, out, offset);
  }

  // ---- triggering

  private triggerExact(table: WatchTable, path: number, addressed: Watcher[]): void {
    const { memory } = this;
    let entry = memory.get(path, FIRST_ENTRY + table);
    while (entry !== 0) {
      const next = memory.get(entry, NEXT_OF_PATH);
      this.address(entry, addressed);
      const modes = memory.get(entry, MODES);
      if ((modes & WatchMode.standard) !== 0) {
        this.changeModes(path, table, entry, modes, modes & ~WatchMode.standard);
      }
      entry = next;
    }
    this.paths.releaseIfEmpty(path);
  }

  private addressRecursive(path: number, addressed: Watcher[]): void {
    const { memory } = this;
    let entry = memory.get(path, FIRST_ENTRY + WatchTable.data);
    while (entry !== 0 && (memory.get(entry, MODES) & WatchMode.recursive) !== 0) {
      this.address(entry, addressed);
      entry = memory.get(entry, NEXT_OF_PATH);
    }
  }

  private address(entry: number, addressed: Watcher[]): void {
    const number = this.memory.get(entry, OWNER) >>> 1;
    if (this.addressedBy[number] === this.serial) return;
    this.addressedBy[number] = this.serial;
    const watcher = this.watchers[number] as Watcher | null;
    if (watcher !== null) addressed.push(watcher);
  }

  // ---- entries

  private lookUp(table: WatchTable, bytes: Uint8Array, offset: number, length: number, watcher: Watcher): number {
    const number = this.numbers.get(watcher);
    if (number === undefined) return 0;
    const path = this.paths.find(bytes, offset, length);
    return path === 0 ? 0 : this.find(path, (number << 1) | table);
  }

  private find(path: number, owner: number): number {
    const { memory } = this;
    let entry = this.entries.first(hashOfEntry(path, owner));
    while (entry !== 0 && (memory.get(entry, PATH) !== path || memory.get(entry, OWNER) !== owner)) {
      entry = memory.get(entry, NEXT_IN_BUCKET);
    }
    return entry;
  }

  /** Without modes yet, and not in the list of its path. */
  private addEntry(path: number, number: number, table: WatchTable): number {
    const { memory } = this;
    const owner = (number << 1) | table;
    const entry = memory.allocate(ENTRY_WORDS);
    memory.set(entry, PATH, path);
    memory.set(entry, OWNER, owner);
    memory.set(entry, MODES, 0);
    const first = this.firstEntries[number] as number;
    memory.set(entry, NEXT_OF_WATCHER, first);
    memory.set(entry, PREVIOUS_OF_WATCHER, 0);
    if (first !== 0) memory.set(first, PREVIOUS_OF_WATCHER, entry);
    this.firstEntries[number] = entry;
    this.entries.insert(hashOfEntry(path, owner), entry);
    this.entryCounts[number] = (this.entryCounts[number] as number) + 1;
    this.watchCount++;
    return entry;
  }

  /** With no modes left the entry goes; the path's block stays, even if its lists are empty. */
  private changeModes(path: number, table: WatchTable, entry: number, before: number, modes: number): void {
    const { memory } = this;
    memory.set(entry, MODES, modes);
    if (before !== 0) {
      if (modes !== 0 && ((before ^ modes) & WatchMode.recursive) === 0) return;
      this.unlinkFromPath(path, table, entry);
    }
    if (((before ^ modes) & WatchMode.recursive) !== 0) {
      this.countRecursive(path, (modes & WatchMode.recursive) === 0 ? -1 : 1);
    }
    if (modes === 0) this.freeEntry(path, entry);
    else this.linkToPath(path, table, entry, (modes & WatchMode.recursive) !== 0);
  }

  private countRecursive(path: number, amount: number): void {
    const place = this.paths.lengthOf(path) & LENGTH_MASK;
    this.recursiveOfLength[place] = (this.recursiveOfLength[place] as number) + amount;
    this.recursiveCount += amount;
  }

  private freeEntry(path: number, entry: number): void {
    const { memory } = this;
    const owner = memory.get(entry, OWNER);
    const number = owner >>> 1;
    this.entries.remove(hashOfEntry(path, owner), entry);
    const next = memory.get(entry, NEXT_OF_WATCHER);
    const previous = memory.get(entry, PREVIOUS_OF_WATCHER);
    if (previous === 0) this.firstEntries[number] = next;
    else memory.set(previous, NEXT_OF_WATCHER, next);
    if (next !== 0) memory.set(next, PREVIOUS_OF_WATCHER, previous);
    memory.free(entry, ENTRY_WORDS);
    this.entryCounts[number] = (this.entryCounts[number] as number) - 1;
    // The watches of one that is gone were taken off the count when it went.
    if (this.watchers[number] !== null) this.watchCount--;
  }

  private linkToPath(path: number, table: WatchTable, entry: number, isRecursive: boolean): void {
    const { memory } = this;
    const head = FIRST_ENTRY + table;
    const first = memory.get(path, head);
    if (first === 0) {
      memory.set(path, head, entry);
      memory.set(entry, NEXT_OF_PATH, 0);
      memory.set(entry, PREVIOUS_OF_PATH, entry);
      return;
    }
    const last = memory.get(first, PREVIOUS_OF_PATH);
    memory.set(entry, PREVIOUS_OF_PATH, last);
    memory.set(first, PREVIOUS_OF_PATH, entry);
    if (isRecursive) {
      memory.set(entry, NEXT_OF_PATH, first);
      memory.set(path, head, entry);
    } else {
      memory.set(entry, NEXT_OF_PATH, 0);
      memory.set(last, NEXT_OF_PATH, entry);
    }
  }

  private unlinkFromPath(path: number, table: WatchTable, entry: number): void {
    const { memory } = this;
    const head = FIRST_ENTRY + table;
    const first = memory.get(path, head);
    const next = memory.get(entry, NEXT_OF_PATH);
    const previous = memory.get(entry, PREVIOUS_OF_PATH);
    if (entry === first) {
      memory.set(path, head, next);
      if (next !== 0) memory.set(next, PREVIOUS_OF_PATH, previous);
      return;
    }
    memory.set(previous, NEXT_OF_PATH, next);
    memory.set(next === 0 ? first : next, PREVIOUS_OF_PATH, previous);
  }

  // ---- watchers

  private numberOf(watcher: Watcher): number {
    let number = this.freeNumbers.pop();
    if (number === undefined) {
      number = this.watchers.length;
      if (number === this.firstEntries.length) this.growWatchers();
    }
    this.watchers[number] = watcher;
    this.numbers.set(watcher, number);
    return number;
  }

  private growWatchers(): void {
    this.firstEntries = grown(this.firstEntries);
    this.entryCounts = grown(this.entryCounts);
    this.addressedBy = grown(this.addressedBy);
  }
}

function grown(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}

/** Both are numbers of our own making that no client chooses; mixing them well is enough. */
function hashOfEntry(path: number, owner: number): number {
  let hash = Math.imul(path, 0x9e3779b1) ^ Math.imul(owner, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}
