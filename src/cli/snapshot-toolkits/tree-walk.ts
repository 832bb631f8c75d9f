// Goes through a loaded tree in the order of Apache's tools: a node, then its children, each with all below it, siblings as
// a Java HashSet of their names shows them. Owned by one tool; nothing may change the tree meanwhile.
//
//   stack   one level per ancestor: | refs of its children, in order | how many of them are done |

import type { TreeReader } from '../../store/tree-reader.js';
import { CHILDREN_CAPACITY, javaHashOrder, javaStringHash } from '../offline/java-hash-order.js';
import { javaUtf8 } from '../offline/java-utf8.js';

interface Level {
  readonly path: string;
  readonly refs: Int32Array;
  done: number;
}

export class TreeWalk {
  /** Of the current node; the root's path and name are empty. */
  ref = 0;
  path = '';
  name = '';
  /** 0 at the node where the walk began. */
  level = 0;
  private readonly tree: TreeReader;
  private readonly stack: Level[] = [];
  private begun = false;
  private $name = Buffer.alloc(256);

  constructor(tree: TreeReader, ref: number, path: string) {
    this.tree = tree;
    this.ref = ref;
    this.path = path;
  }

  get childCount(): number {
    return this.tree.childCount(this.ref);
  }

  /** How many levels end with the current node: with it its parent's children are done, and so on upwards. */
  get endedLevels(): number {
    let ended = 0;
    if (this.childCount > 0) return 0;
    for (let i = this.stack.length - 1; i >= 0 && this.stack[i].done === this.stack[i].refs.length; i--) ended++;
    return ended;
  }

  /** Moves to the next node, the first time to the one where the walk begins; false behind the last. */
  next(): boolean {
    if (!this.begun) {
      this.begun = true;
      return true;
    }
    if (this.childCount > 0) this.stack.push({ path: this.path, refs: this.orderedChildren(), done: 0 });
    for (;;) {
      const top = this.stack.at(-1);
      if (top === undefined) return false;
      if (top.done < top.refs.length) {
        this.ref = top.refs[top.done++];
        this.name = javaUtf8(this.nameBytes(this.ref));
        this.path = `${top.path}/${this.name}`;
        this.level = this.stack.length;
        return true;
      }
      this.stack.pop();
    }
  }

  private orderedChildren(): Int32Array {
    const refs = new Int32Array(this.childCount);
    this.tree.copyChildRefs(this.ref, refs);
    if (refs.length === 1) return refs;
    const hashes = refs.map((ref) => javaStringHash(javaUtf8(this.nameBytes(ref))));
    return javaHashOrder(hashes, CHILDREN_CAPACITY).map((place) => refs[place]);
  }

  /** Valid until the next call. */
  private nameBytes(ref: number): Uint8Array {
    const length = this.tree.nameLength(ref);
    if (length > this.$name.length) this.$name = Buffer.alloc(length * 2);
    this.tree.copyName(ref, this.$name, 0, length);
    return this.$name.subarray(0, length);
  }
}

const NO_PATH = new Uint8Array(0);

export function rootOf(tree: TreeReader): number {
  return tree.find(NO_PATH, 0, 0);
}
