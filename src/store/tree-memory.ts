/**
 * What all threads of one server share about the tree from the start: the control block and slab 0. Made once, by
 * whoever starts the threads; further slabs are created by the writer and announced. The sequence word begins odd, so
 * readers built before the writer find "a write in progress" until the writer has put the initial tree in place.
 */
import { CONTROL_BYTES, HASH_KEY_HI, HASH_KEY_LO, SEQUENCE, SLAB_COUNT } from './control-layout.js';
import { SLAB_BYTES } from './slab-memory.js';

export interface TreeMemory {
  readonly control: SharedArrayBuffer;
  readonly slab0: SharedArrayBuffer;
}

/** The two key words are random and secret: they key the path hash, so that no client can choose paths that collide. */
export function createTreeMemory(hashKeyHi: number, hashKeyLo: number): TreeMemory {
  const control = new SharedArrayBuffer(CONTROL_BYTES);
  const words = new Int32Array(control);
  words[HASH_KEY_HI] = hashKeyHi;
  words[HASH_KEY_LO] = hashKeyLo;
  words[SLAB_COUNT] = 1;
  Atomics.store(words, SEQUENCE, 1);
  return { control, slab0: new SharedArrayBuffer(SLAB_BYTES) };
}
