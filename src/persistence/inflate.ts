// Inflates a deflate stream (RFC 1951) a piece at a time: whoever owns it pulls bytes and gets them, in memory of a fixed
// size, whatever the stream claims. Any thread; it never waits and touches no file but through its input.
//
// Why not node:zlib: it inflates either a whole buffer at once, so that a snapshot would lie in memory twice and a file of a
// few kilobytes could ask for gigabytes, or asynchronously, while recovery is one synchronous run. Held against zlib
// byte by byte, on broken streams too, in inflate.test.ts.
//
//   window   [ the last 32 KB that were handed out | inflated | room for one longest match ]
//                                  readAt ---^     ^--- writtenTo
//
// Invariant: readAt <= writtenTo; a match reaches back no further than `written`, the bytes of this stream so far.

import { CompressedDataError } from './compressed-data-error.js';

/** Compressed bytes in order. */
export interface PackedInput {
  /** Fills bytes[0..) and says how much; 0 at the end. */
  read(bytes: Uint8Array): number;
}

const HISTORY_BYTES = 32768;
const PIECE_BYTES = 65536;
const MATCH_BYTES_MAX = 258;
const INPUT_BYTES = 65536;
const CODE_BITS_MAX = 15;
const FAST_BITS = 10;
const FAST_MASK = (1 << FAST_BITS) - 1;
const LITERALS_MAX = 286;
const DISTANCES_MAX = 30;
const END_OF_BLOCK = 256;

// The tables of RFC 1951, 3.2.5: how many bits are behind a length's or distance's word, and the least value it can have.
const LENGTH_EXTRA = Uint8Array.from({ length: 29 }, (_, i) => (i < 8 || i === 28 ? 0 : (i - 4) >> 2));
const LENGTH_BASE = leastValues(LENGTH_EXTRA, 3).fill(MATCH_BYTES_MAX, 28);
const DISTANCE_EXTRA = Uint8Array.from({ length: DISTANCES_MAX }, (_, i) => (i < 4 ? 0 : (i - 2) >> 1));
const DISTANCE_BASE = leastValues(DISTANCE_EXTRA, 1);
/** The order in which the lengths of the code of code lengths are stored. */
const LENGTH_ORDER = Uint8Array.of(16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15);

/** The input ended within the stream; the owner decides what that means. Told apart by identity. */
const CUT = Symbol('cut');

/** One canonical Huffman code: short codes by one look into a table, longer ones bit by bit. */
class HuffmanCode {
  /** By the next FAST_BITS bits: symbol << 4 | length of its code; 0: longer, or none. */
  readonly fast = new Uint16Array(1 << FAST_BITS);
  /** How many codes have each length. */
  readonly count = new Uint16Array(CODE_BITS_MAX + 1);
  /** In the order of their codes. */
  readonly symbols: Uint16Array;
  private readonly starts = new Uint16Array(CODE_BITS_MAX + 2);

  constructor(symbolsMax: number) {
    this.symbols = new Uint16Array(symbolsMax);
  }

  /** Lengths of the codes of symbols 0.., 0 for none. Refuses what is no code, as zlib does. */
  build(lengths: Uint8Array, offset: number, symbolCount: number, mayLack: boolean): void {
    const { count, symbols, starts, fast } = this;
    count.fill(0);
    for (let i = 0; i < symbolCount; i++) count[lengths[offset + i]]++;
    this.checkComplete(symbolCount, mayLack);
    starts[1] = 0;
    for (let length = 1; length <= CODE_BITS_MAX; length++) starts[length + 1] = starts[length] + count[length];
    for (let i = 0; i < symbolCount; i++) {
      const length = lengths[offset + i];
      if (length !== 0) symbols[starts[length]++] = i;
    }
    fast.fill(0);
    let code = 0;
    let index = 0;
    for (let length = 1; length <= FAST_BITS; length++) {
      for (let i = 0; i < count[length]; i++) {
        const entry = (symbols[index++] << 4) | length;
        for (let at = reversed(code, length); at <= FAST_MASK; at += 1 << length) fast[at] = entry;
        code++;
      }
      code <<= 1;
    }
  }

  private checkComplete(symbolCount: number, mayLack: boolean): void {
    const { count } = this;
    let left = 1;
    for (let length = 1; length <= CODE_BITS_MAX; length++) {
      left = (left << 1) - count[length];
      if (left < 0) throw new CompressedDataError('a Huffman code has too many words');
    }
    const used = symbolCount - count[0];
    // A code of one word has one bit and lacks the other; distances may have no code at all.
    const isAllowed = mayLack && (used === 0 || (used === 1 && count[1] === 1));
    if (left > 0 && !isAllowed) throw new CompressedDataError('a Huffman code lacks words');
  }
}

function leastValues(extra: Uint8Array, first: number): Uint16Array {
  const values = new Uint16Array(extra.length).fill(first);
  for (let i = 1; i < extra.length; i++) values[i] = values[i - 1] + (1 << extra[i - 1]);
  return values;
}

function reversed(code: number, length: number): number {
  let bits = 0;
  for (let i = 0; i < length; i++) bits |= ((code >> i) & 1) << (length - 1 - i);
  return bits;
}

type Part = 'header' | 'stored' | 'codes' | 'end';

export class Inflate {
  /** True when the input ended within the stream. */
  isCut = false;
  private readonly input: PackedInput;
  private readonly packed = new Uint8Array(INPUT_BYTES);
  private packedAt = 0;
  private packedEnd = 0;
  private bits = 0; // not yet used, lowest first
  private bitCount = 0;
  private readonly window = new Uint8Array(HISTORY_BYTES + PIECE_BYTES + MATCH_BYTES_MAX);
  private readAt = 0;
  private writtenTo = 0;
  private reach = 0; // bytes of this stream within the window, up to writtenTo
  private part: Part = 'end';
  private isLastBlock = false;
  private storedLeft = 0;
  private readonly literals = new HuffmanCode(LITERALS_MAX + 2);
  private readonly distances = new HuffmanCode(DISTANCES_MAX + 2);
  private readonly lengths = new Uint8Array(LITERALS_MAX + DISTANCES_MAX + 4);

  constructor(input: PackedInput) {
    this.input = input;
  }

  /** A stream begins at the next byte of the input. */
  begin(): void {
    this.part = 'header';
    this.isLastBlock = false;
    this.reach = 0;
  }

  /**
   * Up to `length` inflated bytes; 0 at the end of the stream, or where the input ends (`isCut`). Throws
   * CompressedDataError.
   */
  read(bytes: Uint8Array, offset: number, length: number): number {
    if (this.readAt === this.writtenTo) this.inflatePiece();
    const count = Math.min(length, this.writtenTo - this.readAt);
    bytes.set(this.window.subarray(this.readAt, this.readAt + count), offset);
    this.readAt += count;
    return count;
  }

  /** The next whole byte of the input, for what stands around a stream; -1 at its end. */
  takeByte(): number {
    this.bits >>>= this.bitCount & 7;
    this.bitCount -= this.bitCount & 7;
    if (this.bitCount === 0 && !this.pull()) return -1;
    const byte = this.bits & 0xff;
    this.bits >>>= 8;
    this.bitCount -= 8;
    return byte;
  }

  private inflatePiece(): void {
    if (this.writtenTo > HISTORY_BYTES) {
      this.window.copyWithin(0, this.writtenTo - HISTORY_BYTES, this.writtenTo);
      this.writtenTo = HISTORY_BYTES;
      this.reach = Math.min(this.reach, HISTORY_BYTES);
    }
    this.readAt = this.writtenTo;
    try {
      while (this.part !== 'end' && this.writtenTo < HISTORY_BYTES + PIECE_BYTES) this.inflateSome();
    } catch (error) {
      if (error !== CUT) throw error;
      this.isCut = true;
      this.part = 'end';
    }
  }

  private inflateSome(): void {
    if (this.part === 'stored') this.copyStored();
    else if (this.part === 'codes') this.inflateCodes();
    else if (this.isLastBlock) this.part = 'end';
    else this.readBlockHeader();
  }

  private readBlockHeader(): void {
    this.isLastBlock = this.take(1) === 1;
    const type = this.take(2);
    if (type === 0) this.beginStored();
    else if (type === 1) this.buildFixed();
    else if (type === 2) this.readDynamic();
    else throw new CompressedDataError('a block has a type that does not exist');
  }

  private beginStored(): void {
    this.take(this.bitCount & 7);
    const length = this.take(16);
    if (this.take(16) !== (~length & 0xffff)) throw new CompressedDataError('a stored block has no length');
    this.storedLeft = length;
    this.part = 'stored';
  }

  private copyStored(): void {
    while (this.storedLeft > 0 && this.writtenTo < HISTORY_BYTES + PIECE_BYTES) {
      if (this.bitCount > 0) {
        this.window[this.writtenTo++] = this.take(8);
        this.storedLeft--;
        this.reach++;
        continue;
      }
      if (this.packedAt === this.packedEnd && !this.refill()) throw CUT;
      const room = HISTORY_BYTES + PIECE_BYTES - this.writtenTo;
      const count = Math.min(this.storedLeft, room, this.packedEnd - this.packedAt);
      this.window.set(this.packed.subarray(this.packedAt, this.packedAt + count), this.writtenTo);
      this.packedAt += count;
      this.writtenTo += count;
      this.storedLeft -= count;
      this.reach += count;
    }
    if (this.storedLeft === 0) this.part = 'header';
  }

  private buildFixed(): void {
    const { lengths } = this;
    const wide = new Uint8Array(LITERALS_MAX + 2).fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280);
    this.literals.build(wide, 0, wide.length, false);
    lengths.fill(5, 0, DISTANCES_MAX + 2);
    this.distances.build(lengths, 0, DISTANCES_MAX + 2, false);
    this.part = 'codes';
  }

  private readDynamic(): void {
    const { lengths } = this;
    const literalCount = this.take(5) + 257;
    const distanceCount = this.take(5) + 1;
    const lengthCount = this.take(4) + 4;
    if (literalCount > LITERALS_MAX || distanceCount > DISTANCES_MAX) {
      throw new CompressedDataError('a block names too many symbols');
    }
    lengths.fill(0, 0, LENGTH_ORDER.length);
    for (let i = 0; i < lengthCount; i++) lengths[LENGTH_ORDER[i]] = this.take(3);
    this.literals.build(lengths, 0, LENGTH_ORDER.length, false);
    this.readLengths(literalCount + distanceCount);
    if (lengths[END_OF_BLOCK] === 0) throw new CompressedDataError('a block has no code for its end');
    this.literals.build(lengths, 0, literalCount, true);
    this.distances.build(lengths, literalCount, distanceCount, true);
    this.part = 'codes';
  }

  /** Into `lengths`, by the code of code lengths that `literals` holds for the moment. */
  private readLengths(total: number): void {
    const { lengths } = this;
    for (let index = 0; index < total; ) {
      const symbol = this.decode(this.literals);
      if (symbol < 16) {
        lengths[index++] = symbol;
        continue;
      }
      if (symbol === 16 && index === 0) throw new CompressedDataError('a length to be repeated is missing');
      const value = symbol === 16 ? lengths[index - 1] : 0;
      const repeat = symbol === 16 ? 3 + this.take(2) : symbol === 17 ? 3 + this.take(3) : 11 + this.take(7);
      if (index + repeat > total) throw new CompressedDataError('more lengths than symbols');
      lengths.fill(value, index, index + repeat);
      index += repeat;
    }
  }

  /** The hot loop: until the piece is full or the block ends. */
  private inflateCodes(): void {
    const { window, literals, distances } = this;
    const pieceEnd = HISTORY_BYTES + PIECE_BYTES;
    let at = this.writtenTo;
    const startedAt = at;
    const reachBefore = this.reach;
    try {
      while (at < pieceEnd) {
        const symbol = this.decode(literals);
        if (symbol < END_OF_BLOCK) {
          window[at++] = symbol;
          continue;
        }
        if (symbol === END_OF_BLOCK) {
          this.part = 'header';
          return;
        }
        if (symbol >= LITERALS_MAX) throw new CompressedDataError('a length has a code that does not exist');
        const length = LENGTH_BASE[symbol - 257] + this.take(LENGTH_EXTRA[symbol - 257]);
        const distanceSymbol = this.decode(distances);
        if (distanceSymbol >= DISTANCES_MAX) throw new CompressedDataError('a distance has a code that does not exist');
        const distance = DISTANCE_BASE[distanceSymbol] + this.take(DISTANCE_EXTRA[distanceSymbol]);
        if (distance > reachBefore + (at - startedAt)) throw new CompressedDataError('a distance leads too far back');
        // Byte by byte where the match overlaps what it makes.
        if (distance >= length && length > 16) window.copyWithin(at, at - distance, at - distance + length);
        else for (let i = 0; i < length; i++) window[at + i] = window[at + i - distance];
        at += length;
      }
    } finally {
      this.reach += at - startedAt;
      this.writtenTo = at;
    }
  }

  private decode(code: HuffmanCode): number {
    while (this.bitCount < CODE_BITS_MAX && this.pull());
    const entry = code.fast[this.bits & FAST_MASK];
    if (entry === 0) return this.decodeLong(code);
    const length = entry & 15;
    if (length > this.bitCount) throw CUT;
    this.bits >>>= length;
    this.bitCount -= length;
    return entry >> 4;
  }

  private decodeLong(code: HuffmanCode): number {
    const { count } = code;
    let word = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length <= CODE_BITS_MAX; length++) {
      if (length > this.bitCount) throw CUT;
      word |= (this.bits >>> (length - 1)) & 1;
      const here = count[length];
      if (word - first < here) {
        this.bits >>>= length;
        this.bitCount -= length;
        return code.symbols[index + word - first];
      }
      index += here;
      first = (first + here) << 1;
      word <<= 1;
    }
    throw new CompressedDataError('a word that no Huffman code has');
  }

  private take(count: number): number {
    while (this.bitCount < count) if (!this.pull()) throw CUT;
    const value = this.bits & ((1 << count) - 1);
    this.bits >>>= count;
    this.bitCount -= count;
    return value;
  }

  /** One more byte into `bits`, which holds no more than 23 before; false at the end of the input. */
  private pull(): boolean {
    if (this.packedAt === this.packedEnd && !this.refill()) return false;
    this.bits |= this.packed[this.packedAt++] << this.bitCount;
    this.bitCount += 8;
    return true;
  }

  private refill(): boolean {
    this.packedAt = 0;
    this.packedEnd = this.input.read(this.packed);
    return this.packedEnd > 0;
  }
}
