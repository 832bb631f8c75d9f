/**
 * Counts the nodes below one node by walking the children lists, for getAllChildrenNumber. One per thread that answers reads,
 * over that thread's reader: inside begin..valid it may meet garbage, so it looks at no more nodes than it was allowed to and
 * keeps nothing. It reserves its stack once and lets it grow; nothing is allocated per node.
 *
 *   stack   | ref | ref | ref | ...     nodes counted already, whose children have still to be looked at
 */
import type { TreeReader } from './tree-reader.js';

const STACK_MIN = 4096;

export class SubtreeCounter {
  private readonly tree: TreeReader;
  private stack = new Int32Array(STACK_MIN);

  constructor(tree: TreeReader) {
    this.tree = tree;
  }

  /** How many nodes stand below this one; -1 when there are more than `limit`. */
  count(top: number, limit: number): number {
    const { tree } = this;
    let total = 0;
    let depth = 0;
    for (let ref = top; ; ref = this.stack[--depth] as number) {
      const children = tree.childCount(ref);
      if (children > 0) {
        total += children;
        if (total > limit) return -1;
        if (depth + children > this.stack.length) this.grow(depth, depth + children);
        depth += tree.copyChildRefsFrom(ref, 0, this.stack, depth, children);
      }
      if (depth === 0) return total;
    }
  }

  private grow(depth: number, needed: number): void {
    const grown = new Int32Array(Math.max(needed, this.stack.length * 2));
    grown.set(this.stack.subarray(0, depth));
    this.stack = grown;
  }
}
