// A queue of load records from a thread that reads a snapshot ahead to the one that loads the tree: a few pieces of shared
// memory, filled and emptied in turn. One writer, one reader; each blocks its thread while it has to wait. Numbers of pieces
// are handed over by Atomics, so what was written before is seen behind; what does not fit words (a piece made larger, how
// the file ended) goes through a message port, posted before the number that tells of it.
//
//   control   | FILLED | EMPTIED | CANCELLED | READ_KB | words in piece 0 | words in piece 1 | ...
//   pieces    | records .................. | records ........... | free | being filled |
//               EMPTIED % PIECES ^                                       ^ FILLED % PIECES
//
// READ_KB: how far the writer has read its file; that it grows tells a waiting reader that somebody is there.
// Invariant: 0 <= FILLED - EMPTIED <= PIECES. A piece of END words is the last one and holds nothing.

import { assert } from '../base/assert.js';
import type { LoadRecordOutput } from './load-record-writer.js';

const FILLED = 0;
const EMPTIED = 1;
const CANCELLED = 2;
const READ_KB = 3;
const WORD_COUNTS = 4;

const PIECES = 8;
const PIECE_BYTES = 1 << 19;
const END = -1;

export interface LoadQueueMemory {
  readonly control: SharedArrayBuffer;
  readonly pieces: SharedArrayBuffer[];
}

/** What the writer posts: a piece made larger, for one record that needs it. */
export interface GrownPiece {
  readonly piece: number;
  readonly memory: SharedArrayBuffer;
}

/** The reader has lost interest; thrown in the writer. */
export class LoadCancelled extends Error {
  override readonly name = 'LoadCancelled';
}

/** Nothing came for too long; thrown in the reader. */
export class LoadStalled extends Error {
  override readonly name = 'LoadStalled';
}

export function createLoadQueueMemory(): LoadQueueMemory {
  return {
    control: new SharedArrayBuffer((WORD_COUNTS + PIECES) * 4),
    pieces: Array.from({ length: PIECES }, () => new SharedArrayBuffer(PIECE_BYTES)),
  };
}

export class LoadQueueWriter implements LoadRecordOutput {
  words: Int32Array;
  private readonly control: Int32Array;
  private readonly pieces: Int32Array[];
  private readonly postGrown: (grown: GrownPiece) => void;
  private piece = 0;
  private used = 0; // words of the piece that records have taken

  constructor(memory: LoadQueueMemory, postGrown: (grown: GrownPiece) => void) {
    this.control = new Int32Array(memory.control);
    this.pieces = memory.pieces.map((piece) => new Int32Array(piece));
    this.postGrown = postGrown;
    this.words = this.pieces[0];
  }

  /** Throws LoadCancelled. */
  claim(wordCount: number): number {
    if (this.used + wordCount > this.words.length) {
      if (this.used > 0) this.handOver(this.used);
      if (wordCount > this.words.length) this.grow(wordCount);
    }
    const at = this.used;
    this.used = at + wordCount;
    return at;
  }

  commit(): boolean {
    return true;
  }

  /** After the last record; how the file ended has been posted. */
  end(): void {
    if (this.used > 0) this.handOver(this.used);
    this.handOver(END);
  }

  onRead(position: number): void {
    Atomics.store(this.control, READ_KB, Math.ceil(position / 1024));
  }

  private handOver(wordCount: number): void {
    const { control } = this;
    Atomics.store(control, WORD_COUNTS + this.piece, wordCount);
    const filled = Atomics.add(control, FILLED, 1) + 1;
    Atomics.notify(control, FILLED);
    this.piece = filled % PIECES;
    this.used = 0;
    if (wordCount === END) return;
    for (;;) {
      if (Atomics.load(control, CANCELLED) !== 0) throw new LoadCancelled('the snapshot is not wanted any more');
      const emptied = Atomics.load(control, EMPTIED);
      if (filled - emptied < PIECES) break;
      Atomics.wait(control, EMPTIED, emptied);
    }
    this.words = this.pieces[this.piece];
  }

  private grow(wordCount: number): void {
    const memory = new SharedArrayBuffer(wordCount * 4);
    this.words = new Int32Array(memory);
    this.pieces[this.piece] = this.words;
    this.postGrown({ piece: this.piece, memory });
  }
}

export class LoadQueueReader {
  /** Of the current piece. */
  words: Int32Array;
  bytes: Uint8Array;
  wordCount = 0;
  private readonly control: Int32Array;
  private readonly pieces: SharedArrayBuffer[];
  private readonly receiveGrown: () => GrownPiece | null;
  private emptied = 0;
  private hasPiece = false;

  constructor(memory: LoadQueueMemory, receiveGrown: () => GrownPiece | null) {
    this.control = new Int32Array(memory.control);
    this.pieces = [...memory.pieces];
    this.receiveGrown = receiveGrown;
    this.words = new Int32Array(this.pieces[0]);
    this.bytes = new Uint8Array(this.pieces[0]);
  }

  /** Moves to the next piece, giving back the current one; false behind the last. Throws LoadStalled. */
  next(patienceMs: number): boolean {
    const { control } = this;
    if (this.hasPiece) {
      this.emptied++;
      Atomics.store(control, EMPTIED, this.emptied);
      Atomics.notify(control, EMPTIED);
      this.hasPiece = false;
    }
    this.waitForPiece(patienceMs);
    const piece = this.emptied % PIECES;
    this.wordCount = Atomics.load(control, WORD_COUNTS + piece);
    if (this.wordCount === END) return false;
    for (let grown = this.receiveGrown(); grown !== null; grown = this.receiveGrown()) {
      this.pieces[grown.piece] = grown.memory;
    }
    this.hasPiece = true;
    this.words = new Int32Array(this.pieces[piece]);
    this.bytes = new Uint8Array(this.pieces[piece]);
    assert(this.wordCount > 0 && this.wordCount <= this.words.length, 'a piece of load records leaves its memory');
    return true;
  }

  /** How far the writer has read its file, in bytes; up to a KB too much. */
  get position(): number {
    return Atomics.load(this.control, READ_KB) * 1024;
  }

  cancel(): void {
    Atomics.store(this.control, CANCELLED, 1);
    // A writer that waits for room looks up.
    Atomics.add(this.control, EMPTIED, 1);
    Atomics.notify(this.control, EMPTIED);
  }

  private waitForPiece(patienceMs: number): void {
    const { control } = this;
    for (;;) {
      const filled = Atomics.load(control, FILLED);
      if (filled !== this.emptied) return;
      const readKb = Atomics.load(control, READ_KB);
      const waited = Atomics.wait(control, FILLED, filled, patienceMs);
      if (waited === 'timed-out' && Atomics.load(control, READ_KB) === readKb) {
        throw new LoadStalled(`the thread that reads the snapshot was silent for ${patienceMs} ms`);
      }
    }
  }
}
