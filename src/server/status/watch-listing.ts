/**
 * The data watches of a server as they were told by its shards, kept as they came: bytes, and one number per watch. Sorted in short
 * pieces and turned into text one by one while somebody takes it, so that a listing of many costs little memory and nobody waits
 * for a large map to grow. One object per answer, on the main thread; it is over with the answer.
 *
 *   ref of a watch = index of its piece << 16 | its index in the piece, unsigned
 */
import { assert } from '../../base/assert.js';
import { int64FromHalves } from '../../base/int64.js';
import { decodeUtf8 } from '../../base/utf8.js';
import { WATCH_WORDS, type WatchPiece } from '../../net/shard-control.js';
import type { WatchCounts, WatchesByPath, WatchesBySession } from './server-status.js';
import type { TurnSharing } from './turn-sharing.js';

/** Java's word for the null path. */
const NULL_PATH = 'null';
const PIECE_SHIFT = 16;
const INDEX_MASK = 0xffff;

interface KeptPiece extends WatchPiece {
  /** Of each path, in the bytes. */
  readonly offsets: Int32Array;
}

export class WatchListing {
  private readonly turns: TurnSharing;
  private readonly pieces: KeptPiece[] = [];
  private readonly orderBySession = (a: number, b: number): number =>
    this.compareSessions(a, b) || this.comparePaths(a, b);
  private readonly orderByPath = (a: number, b: number): number =>
    this.comparePaths(a, b) || this.compareSessions(a, b);

  constructor(turns: TurnSharing) {
    this.turns = turns;
  }

  add(piece: WatchPiece): void {
    const { words } = piece;
    const count = words.length / WATCH_WORDS;
    assert(count <= INDEX_MASK && this.pieces.length <= INDEX_MASK, 'a shard tells a few hundred watches at once');
    const offsets = new Int32Array(count);
    for (let i = 0, at = 0; i < count; i++) {
      offsets[i] = at;
      at += Math.max(words[i * WATCH_WORDS + 2] as number, 0);
    }
    this.pieces.push({ ...piece, offsets });
  }

  async bySession(): Promise<WatchesBySession> {
    const refs = await this.turns.sortedNumbers(this.refs(), this.orderBySession);
    const isSame = (a: number, b: number): boolean => this.compareSessions(a, b) === 0;
    return groups(
      refs,
      isSame,
      (a, b) => this.orderBySession(a, b) === 0,
      (ref) => this.session(ref),
      (ref) => this.path(ref),
    );
  }

  async byPath(): Promise<WatchesByPath> {
    const refs = await this.turns.sortedNumbers(this.refs(), this.orderByPath);
    const isSame = (a: number, b: number): boolean => this.comparePaths(a, b) === 0;
    return groups(
      refs,
      isSame,
      (a, b) => this.orderByPath(a, b) === 0,
      (ref) => this.path(ref),
      (ref) => this.session(ref),
    );
  }

  async counts(): Promise<WatchCounts> {
    const byPath = await this.turns.sortedNumbers(this.refs(), this.orderByPath);
    const paths = await this.distinct(byPath, (a, b) => this.comparePaths(a, b));
    const watches = await this.distinct(byPath, this.orderByPath);
    const compareSessions = (a: number, b: number): number => this.compareSessions(a, b);
    const bySession = await this.turns.sortedNumbers(byPath, compareSessions);
    return { connections: await this.distinct(bySession, compareSessions), paths, watches };
  }

  private refs(): Uint32Array {
    const refs = new Uint32Array(this.pieces.reduce((count, { offsets }) => count + offsets.length, 0));
    let at = 0;
    for (const [index, { offsets }] of this.pieces.entries()) {
      for (let i = 0; i < offsets.length; i++) refs[at++] = (index << PIECE_SHIFT) | i;
    }
    return refs;
  }

  private async distinct(sorted: Uint32Array, compare: (a: number, b: number) => number): Promise<number> {
    let count = 0;
    for (let i = 0; i < sorted.length; i++) {
      if (i === 0 || compare(sorted[i - 1] as number, sorted[i] as number) !== 0) count++;
      if ((i & 255) === 255 && this.turns.isDue) await this.turns.pause();
    }
    return count;
  }

  private piece(ref: number): KeptPiece {
    return this.pieces[ref >>> PIECE_SHIFT] as KeptPiece;
  }

  private session(ref: number): bigint {
    const { words } = this.piece(ref);
    const at = (ref & INDEX_MASK) * WATCH_WORDS;
    return int64FromHalves(words[at] as number, words[at + 1] as number);
  }

  private path(ref: number): string {
    const { words, paths, offsets } = this.piece(ref);
    const index = ref & INDEX_MASK;
    const length = words[index * WATCH_WORDS + 2] as number;
    return length < 0 ? NULL_PATH : decodeUtf8(paths, offsets[index] as number, length);
  }

  private compareSessions(a: number, b: number): number {
    const ofA = this.piece(a).words;
    const ofB = this.piece(b).words;
    const atA = (a & INDEX_MASK) * WATCH_WORDS;
    const atB = (b & INDEX_MASK) * WATCH_WORDS;
    return (ofA[atA] as number) - (ofB[atB] as number) || (ofA[atA + 1] as number) - (ofB[atB + 1] as number);
  }

  /** The shorter first, then from their last bytes on: the first ones are mostly the same. */
  private comparePaths(a: number, b: number): number {
    const pieceA = this.piece(a);
    const pieceB = this.piece(b);
    const indexA = a & INDEX_MASK;
    const indexB = b & INDEX_MASK;
    const length = pieceA.words[indexA * WATCH_WORDS + 2] as number;
    const otherLength = pieceB.words[indexB * WATCH_WORDS + 2] as number;
    if (length !== otherLength) return length - otherLength;
    const atA = pieceA.offsets[indexA] as number;
    const atB = pieceB.offsets[indexB] as number;
    for (let i = length - 1; i >= 0; i--) {
      const difference = (pieceA.paths[atA + i] as number) - (pieceB.paths[atB + i] as number);
      if (difference !== 0) return difference;
    }
    return 0;
  }
}

/** Of sorted refs, one group behind the other; what comes twice is shown once. Each group is to be taken before the next. */
function* groups<K, V>(
  refs: Uint32Array,
  isSameGroup: (a: number, b: number) => boolean,
  isSame: (a: number, b: number) => boolean,
  keyOf: (ref: number) => K,
  memberOf: (ref: number) => V,
): Generator<readonly [K, Iterable<V>]> {
  let at = 0;
  function* members(first: number): Generator<V> {
    for (; at < refs.length; at++) {
      const ref = refs[at] as number;
      if (!isSameGroup(first, ref)) return;
      if (ref === first || !isSame(refs[at - 1] as number, ref)) yield memberOf(ref);
    }
  }
  while (at < refs.length) {
    const first = refs[at] as number;
    const begin = at;
    yield [keyOf(first), members(first)];
    assert(at > begin, 'a group is taken before the next');
  }
}
