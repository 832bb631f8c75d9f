// What all threads of one server share about the tree from the start: the control block and slab 0.
export interface TreeMemory {
  readonly control: SharedArrayBuffer;
  readonly slab0: SharedArrayBuffer;
}

/** Creates the memory; the two key words (random, secret) key the path hash. Readers may be built before the DataTree is. */
export declare function createTreeMemory(hashKeyHi: number, hashKeyLo: number): TreeMemory;
