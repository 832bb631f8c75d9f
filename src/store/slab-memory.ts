// Slabs: the shared memory below the data tree, and how a 32-bit reference names a place in it.
export const SLAB_BYTES = 64 * 1024 * 1024;
export const SLABS_MAX = 512;

/** Reader's side: hands out the slab with this index, or undefined while it has not arrived (the reader then retries). */
export interface SlabSource {
  load(index: number): SharedArrayBuffer | undefined;
}

/** Writer's side: called with each new slab (never slab 0) before any reference into it is published. */
export type AnnounceSlab = (index: number, slab: SharedArrayBuffer) => void;
