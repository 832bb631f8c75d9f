/**
 * The seqlock around the data tree: one sequence word, one writer, readers on any thread. The writer makes the word
 * odd, changes what it likes with plain stores, and makes it even again; a reader notes an even value, reads with plain
 * loads, and keeps what it read only if the word still has that value. The writer never waits; readers retry.
 *
 * Why it is right. Four orders are needed; x86 gives most of them for nothing (its loads stay in order, its stores stay
 * in order, and every locked instruction is a full fence), ARM64 only those that acquire and release instructions force.
 * In its memory model a load-acquire comes before everything after it in program order, a store-release after everything
 * before it, and a store-release before any later load-acquire, of whatever address. V8 compiles Atomics.load to LDAR
 * (acquire), Atomics.store to STLR (release), and Atomics.add to one instruction or loop with both (LDADDAL, or
 * LDAXR/STLXR); it moves no plain access across any of them.
 *
 *   1. odd before the section's stores. The add of beginWrite releases the odd value; alone, later plain stores could
 *      still pass its store half. The Atomics.load behind it may not come before that store-release, and the section's
 *      stores may not come before that load-acquire. Dropping the load would be a bug that only ARM shows.
 *   2. the section's stores before even: endWrite's Atomics.store is a store-release.
 *   3. the first check before the reader's loads: Atomics.load is a load-acquire.
 *   4. the reader's loads before the second check. An Atomics.load does not hold back plain loads that stand before it.
 *      The reader's loads may not come after a store-release, and a load-acquire may not come before one: so an
 *      Atomics.add of any word stands between. The word is private to the reader: adding 0 to the sequence itself would
 *      be as right, but every reader would take the cache line away from the writer and from all other readers.
 *
 * So when both checks see the same even value, all stores of the section that published it happened before the
 * reader's loads (2, 3), and a load that saw any store of a later section would make the second check see that section's
 * odd value or a later one (1, 4). The word wraps after 2^30 sections; a reader that sleeps through exactly that many
 * inside one check would be deceived, which at a million sections a second takes 18 minutes.
 */

/** About 30 microseconds: longer than a usual section, shorter than waiting for a writer that has lost its core. */
const SPINS_MAX = 1000;

const PARITY_FREE = 0x7fffffff;

export class SeqlockWriter {
  /** True between begin and end. */
  open = true;
  private readonly words: Int32Array;
  private readonly index: number;

  /** The word is odd when the writer takes it over (tree-memory.ts), so the writer starts inside a section. */
  constructor(words: Int32Array, index: number) {
    this.words = words;
    this.index = index;
  }

  begin(): void {
    Atomics.add(this.words, this.index, 1);
    // The order of these two lines is the point of order 1 above.
    Atomics.load(this.words, this.index);
    this.open = true;
  }

  end(): void {
    this.open = false;
    Atomics.store(this.words, this.index, (this.words[this.index] + 1) | 0);
  }
}

export class SeqlockReader {
  private readonly words: Int32Array;
  private readonly index: number;
  /** One word in the middle of 256 bytes nobody else uses: its cache line never leaves this core. */
  private readonly fence = new Int32Array(new SharedArrayBuffer(256));

  constructor(words: Int32Array, index: number) {
    this.words = words;
    this.index = index;
  }

  /** An even, non-negative sequence, or -1 when the writer was inside a section the whole time. */
  begin(): number {
    for (let spin = 0; spin < SPINS_MAX; spin++) {
      const sequence = Atomics.load(this.words, this.index);
      if ((sequence & 1) === 0) return sequence & PARITY_FREE;
    }
    return -1;
  }

  valid(sequence: number): boolean {
    Atomics.add(this.fence, 32, 1);
    return (Atomics.load(this.words, this.index) & PARITY_FREE) === sequence;
  }

  /** A cheap hint for long loops: true proves that valid() would fail; false proves nothing. */
  isStale(sequence: number): boolean {
    return (this.words[this.index] & PARITY_FREE) !== sequence;
  }
}
