/**
 * Interned ACL lists (ZooKeeper's ReferenceCountedACLCache): each distinct list is kept once, as the bytes of its jute
 * vector<ACL>, and counted by the nodes that have it. Owned by the tree's writer; readers on any thread copy the bytes.
 *
 *            +-----------+-----------+-----------+-----------+-----------+-----------+----------------------+
 *   word 0   | SERIAL    | REF_COUNT | HASH      | LENGTH    | NEXT ref  | 0         | bytes, zero-padded   |
 *            +-----------+-----------+-----------+-----------+-----------+-----------+----------------------+
 *
 * SERIAL   grows by one with each new list and is never used again: what a permission check found out about a serial
 *          stays true. Never 0.
 * LENGTH   in bytes. 0 = "unresolved": a snapshot named an ACL number it does not list (persistence 4.2).
 * NEXT     the next list with the same hash (buckets live in the writer's heap).
 *
 * "No list" and exactly world:anyone with all permissions are reference 0 and have no block.
 */
import { assert } from '../base/assert.js';
import type { Allocator } from './allocator.js';
import { ACL_BYTES_MAX } from './control-layout.js';
import type { PathHash } from './path-hash.js';
import type { SlabCopier } from './slab-copier.js';
import type { SlabMemory } from './slab-memory.js';
import { SLAB_SHIFT, UNIT_MASK } from './slab-memory.js';

export const ACL_SERIAL = 0;
export const ACL_REF_COUNT = 1;
export const ACL_HASH = 2;
export const ACL_LENGTH = 3;
export const ACL_NEXT = 4;
export const ACL_BYTES = 6;

/** vector of one: perms 31, scheme "world", id "anyone". */
export const OPEN_ACL: Uint8Array = new Uint8Array([
  0, 0, 0, 1, 0, 0, 0, 31, 0, 0, 0, 5, 0x77, 0x6f, 0x72, 0x6c, 0x64, 0, 0, 0, 6, 0x61, 0x6e, 0x79, 0x6f, 0x6e, 0x65,
]);

export class AclCache {
  private readonly memory: SlabMemory;
  private readonly allocator: Allocator;
  private readonly control: Int32Array;
  private readonly hash: PathHash;
  private readonly copier: SlabCopier;
  private readonly buckets = new Map<number, number>();
  private serialLast = 0;
  private unresolved = 0;
  private listCount = 0;
  private forgottenCount = 0;

  constructor(memory: SlabMemory, allocator: Allocator, control: Int32Array, hash: PathHash, copier: SlabCopier) {
    this.memory = memory;
    this.allocator = allocator;
    this.control = control;
    this.hash = hash;
    this.copier = copier;
  }

  get count(): number {
    return this.listCount;
  }

  /** Grows whenever a list goes: references kept outside may be wrong then. */
  get forgotten(): number {
    return this.forgottenCount;
  }

  /** How many nodes wait for replay to tell their ACL. */
  get unresolvedCount(): number {
    return this.unresolved === 0
      ? 0
      : this.memory.words[this.unresolved >>> SLAB_SHIFT][at(this.unresolved) + ACL_REF_COUNT];
  }

  /** Forgets everything; the allocator is cleared by the caller. Serials go on. */
  clear(): void {
    this.buckets.clear();
    this.unresolved = 0;
    this.listCount = 0;
    this.forgottenCount++;
  }

  /** One node more has this list. */
  retain(ref: number): void {
    this.memory.words[ref >>> SLAB_SHIFT][at(ref) + ACL_REF_COUNT]++;
  }

  /** The list's reference, counted once more for the caller. null, length -1 or a null vector: 0. Length 0: unresolved. */
  intern(bytes: Uint8Array | null, offset: number, length: number): number {
    if (bytes === null || length < 0 || isOpen(bytes, offset, length)) return 0;
    const hash = this.hash.hash(bytes, offset, length);
    const packed = this.hash.$words;
    const first = this.buckets.get(hash) ?? 0;
    for (let ref = first; ref !== 0; ) {
      const words = this.memory.words[ref >>> SLAB_SHIFT];
      const block = at(ref);
      if (words[block + ACL_LENGTH] === length && equalWords(words, block + ACL_BYTES, packed, (length + 3) >>> 2)) {
        words[block + ACL_REF_COUNT]++;
        return ref;
      }
      ref = words[block + ACL_NEXT];
    }
    const ref = this.allocator.allocate(ACL_BYTES * 4 + length);
    const words = this.memory.words[ref >>> SLAB_SHIFT];
    const block = at(ref);
    assert(this.serialLast < 0x7fffffff, 'out of ACL serials');
    words[block + ACL_SERIAL] = ++this.serialLast;
    words[block + ACL_REF_COUNT] = 1;
    words[block + ACL_HASH] = hash;
    words[block + ACL_LENGTH] = length;
    words[block + ACL_NEXT] = first;
    this.copier.copyIn(bytes, offset, length, words, this.memory.bytes[ref >>> SLAB_SHIFT], block + ACL_BYTES);
    this.buckets.set(hash, ref);
    this.listCount++;
    if (length === 0) this.unresolved = ref;
    if (length > this.control[ACL_BYTES_MAX]) this.control[ACL_BYTES_MAX] = length;
    return ref;
  }

  /** One node less has this list. */
  release(ref: number): void {
    if (ref === 0) return;
    const words = this.memory.words[ref >>> SLAB_SHIFT];
    const block = at(ref);
    const count = words[block + ACL_REF_COUNT] - 1;
    assert(count >= 0, 'an ACL list was released once too often');
    words[block + ACL_REF_COUNT] = count;
    if (count > 0) return;
    const hash = words[block + ACL_HASH];
    const next = words[block + ACL_NEXT];
    let link = this.buckets.get(hash) ?? 0;
    if (link === ref) {
      if (next === 0) this.buckets.delete(hash);
      else this.buckets.set(hash, next);
    } else {
      while (link !== 0) {
        const linkWords = this.memory.words[link >>> SLAB_SHIFT];
        const after = linkWords[at(link) + ACL_NEXT];
        if (after === ref) linkWords[at(link) + ACL_NEXT] = next;
        link = after === ref ? 0 : after;
      }
    }
    if (ref === this.unresolved) this.unresolved = 0;
    this.listCount--;
    this.forgottenCount++;
    this.allocator.free(ref, ACL_BYTES * 4 + words[block + ACL_LENGTH]);
  }
}

function at(ref: number): number {
  return (ref & UNIT_MASK) << 1;
}

function equalWords(words: Int32Array, from: number, packed: Int32Array, count: number): boolean {
  for (let i = 0; i < count; i++) if (words[from + i] !== packed[i]) return false;
  return true;
}

function isOpen(bytes: Uint8Array, offset: number, length: number): boolean {
  if (length === 4) return (bytes[offset] & bytes[offset + 1] & bytes[offset + 2] & bytes[offset + 3]) === 0xff;
  if (length !== OPEN_ACL.length) return false;
  for (let i = 0; i < length; i++) if (bytes[offset + i] !== OPEN_ACL[i]) return false;
  return true;
}
