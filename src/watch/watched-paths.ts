/**
 * The paths that somebody watches, each once: path -> block, by a keyed hash of its bytes.
 *
 *   word  0      1             2        3            4             5 ...
 *        +------+-------------+--------+------------+-------------+---------------------------+
 *        | hash | next in the | length | data table | child table | the path, as PathHash     |
 *        |      | bucket      | or -1  | first entry| first entry | packs it                  |
 *        +------+-------------+--------+------------+-------------+---------------------------+
 *
 * Length -1 is the null path, which addWatch accepts and nothing ever triggers. A block lives as long as one of its tables
 * has an entry; WatchManager fills the lists and says when it goes. No strings are made.
 */
import type { PathHash } from '../store/path-hash.js';
import type { BlockMemory } from './block-memory.js';
import { BucketDirectory } from './bucket-directory.js';

const HASH = 0;
const NEXT = 1;
const LENGTH = 2;
/** The first entry of each table: `FIRST_ENTRY + WatchTable`. */
export const FIRST_ENTRY = 3;
const PATH = 5;
const NULL_LENGTH = -1;

export class WatchedPaths {
  private readonly memory: BlockMemory;
  private readonly hash: PathHash;
  private readonly directory: BucketDirectory;

  constructor(memory: BlockMemory, hash: PathHash) {
    this.memory = memory;
    this.hash = hash;
    this.directory = new BucketDirectory(memory, NEXT, (ref) => memory.get(ref, HASH));
  }

  /** 0 when nobody watches it. */
  find(bytes: Uint8Array, offset: number, length: number): number {
    return this.findHashed(this.hashOf(bytes, offset, length), length);
  }

  findOrAdd(bytes: Uint8Array, offset: number, length: number): number {
    const { memory } = this;
    const hash = this.hashOf(bytes, offset, length);
    const found = this.findHashed(hash, length);
    if (found !== 0) return found;
    const ref = memory.allocate(wordCountOf(length));
    memory.set(ref, HASH, hash);
    memory.set(ref, LENGTH, length);
    memory.set(ref, FIRST_ENTRY, 0);
    memory.set(ref, FIRST_ENTRY + 1, 0);
    const packed = this.hash.$words;
    for (let i = wordCountOf(length) - PATH - 1; i >= 0; i--) memory.set(ref, PATH + i, packed[i] as number);
    this.directory.insert(hash, ref);
    return ref;
  }

  /** In bytes; -1 for the null path. */
  lengthOf(ref: number): number {
    return this.memory.get(ref, LENGTH);
  }

  /** Its bytes to `out`, where there must be room for whole words. */
  copyPath(ref: number, out: Uint8Array, offset: number): void {
    const { memory } = this;
    const words = wordCountOf(memory.get(ref, LENGTH)) - PATH;
    for (let i = 0, at = offset; i < words; i++, at += 4) {
      const word = memory.get(ref, PATH + i);
      out[at] = word;
      out[at + 1] = word >>> 8;
      out[at + 2] = word >>> 16;
      out[at + 3] = word >>> 24;
    }
  }

  /** Forgets the path if nothing is left in its lists. */
  releaseIfEmpty(ref: number): void {
    const { memory } = this;
    if (memory.get(ref, FIRST_ENTRY) !== 0 || memory.get(ref, FIRST_ENTRY + 1) !== 0) return;
    this.directory.remove(memory.get(ref, HASH), ref);
    memory.free(ref, wordCountOf(memory.get(ref, LENGTH)));
  }

  private hashOf(bytes: Uint8Array, offset: number, length: number): number {
    return length === NULL_LENGTH ? 0 : this.hash.hash(bytes, offset, length);
  }

  private findHashed(hash: number, length: number): number {
    const { memory } = this;
    for (let ref = this.directory.first(hash); ref !== 0; ref = memory.get(ref, NEXT)) {
      if (memory.get(ref, HASH) === hash && memory.get(ref, LENGTH) === length && this.hasPath(ref, length)) return ref;
    }
    return 0;
  }

  /** Compares with the path hashed last. */
  private hasPath(ref: number, length: number): boolean {
    const packed = this.hash.$words;
    for (let i = wordCountOf(length) - PATH - 1; i >= 0; i--) {
      if (this.memory.get(ref, PATH + i) !== packed[i]) return false;
    }
    return true;
  }
}

function wordCountOf(length: number): number {
  return PATH + ((Math.max(length, 0) + 3) >>> 2);
}
