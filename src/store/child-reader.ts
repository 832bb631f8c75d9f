/**
 * Reads the children of a node: the list of references that child-list.ts writes, and the names behind them. The third
 * floor of TreeReader, on the same thread and under the same rules (tree-reader.ts): a count may be garbage, so it is cut
 * to the number of all nodes, and a long loop looks now and then whether what it reads is torn already.
 */
import { writeInt32 } from '../base/bytes.js';
import { CHILDREN, NodeKind, POSITION, STAT_CHILD_COUNT } from './node-layout.js';
import { NodeReader } from './node-reader.js';
import { UNIT_MASK } from './slab-memory.js';

/** Long loops over children look at the sequence word every so often, to drop a torn read early. */
const CHILDREN_PER_LOOK = 1024;

export class ChildReader extends NodeReader {
  childCount(ref: number): number {
    return this.boundedByNodes(this.statWord(ref, STAT_CHILD_COUNT));
  }

  /** 0 when there is no such child. */
  childAt(ref: number, index: number): number {
    if (index < 0 || index >= this.childCount(ref) || this.kind(ref) === NodeKind.ephemeral) return 0;
    const children = this.word(ref, CHILDREN);
    return this.slab(children)[((children & UNIT_MASK) << 1) + index] | 0;
  }

  /** Whether a reference to whatever is one of the children. */
  isChild(ref: number, child: number): boolean {
    return child !== 0 && this.childAt(ref, this.word(child, POSITION)) === child;
  }

  /** Up to out.length references, from the first child on; returns how many. */
  copyChildRefs(ref: number, out: Int32Array): number {
    return this.copyChildRefsFrom(ref, 0, out, 0, out.length);
  }

  /** References of children first .. first + count to out[pos ..]; returns how many there were. */
  copyChildRefsFrom(ref: number, first: number, out: Int32Array, pos: number, count: number): number {
    if (this.kind(ref) === NodeKind.ephemeral) return 0;
    const room = Math.max(0, Math.min(this.childCount(ref) - first, count, out.length - pos));
    const children = this.word(ref, CHILDREN);
    const words = this.slab(children);
    const from = ((children & UNIT_MASK) << 1) + first;
    if (room > 64) out.set(words.subarray(from, from + room), pos);
    else for (let i = 0; i < room; i++) out[pos + i] = words[from + i];
    return room;
  }

  /** Bytes of the children's names as the elements of a jute vector<ustring>, without its count. */
  childNamesLength(ref: number): number {
    if (this.kind(ref) === NodeKind.ephemeral) return 0;
    const count = this.childCount(ref);
    const children = this.word(ref, CHILDREN);
    const words = this.slab(children);
    const from = (children & UNIT_MASK) << 1;
    const started = this.hint();
    let length = 0;
    for (let i = 0; i < count; i++) {
      length += 4 + this.nameLength(words[from + i] | 0);
      if (i % CHILDREN_PER_LOOK === CHILDREN_PER_LOOK - 1 && this.isStale(started)) return 0;
    }
    return length;
  }

  /** Those elements, as many as fit in out[pos .. end); returns the bytes written. */
  copyChildNames(ref: number, out: Uint8Array, pos: number, end: number = out.length): number {
    if (this.kind(ref) === NodeKind.ephemeral) return 0;
    const count = this.childCount(ref);
    const children = this.word(ref, CHILDREN);
    const words = this.slab(children);
    const from = (children & UNIT_MASK) << 1;
    const started = this.hint();
    const limit = Math.min(end, out.length);
    let to = pos;
    for (let i = 0; i < count; i++) {
      const child = words[from + i] | 0;
      const length = this.nameLength(child);
      if (to + 4 + length > limit) break;
      writeInt32(out, to, length);
      this.copyNameBytes(child, out, to + 4, length);
      to += 4 + length;
      if (i % CHILDREN_PER_LOOK === CHILDREN_PER_LOOK - 1 && this.isStale(started)) break;
    }
    return to - pos;
  }
}
