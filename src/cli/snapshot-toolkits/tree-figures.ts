// What the comparison of two snapshots needs to know about a tree: how much lies below each node, and which nodes are how
// deep. Made once from a loaded tree and then only read; numbers in typed arrays, 32 bytes per node.
//
//   node    number by depth: the root is 0, children of one node are neighbours, and come behind all of lesser depth
//   bytesBelow counts its own data too, nodesBelow does not count itself

import type { TreeReader } from '../../store/tree-reader.js';
import { javaUtf8 } from '../offline/java-utf8.js';
import { rootOf } from './tree-walk.js';

export class TreeFigures {
  /** Nodes by depth; the root alone is at depth 0. */
  readonly depths: Int32Array[] = [];
  readonly bytesBelow: Float64Array;
  readonly nodesBelow: Int32Array;
  private readonly tree: TreeReader;
  private readonly refs: Int32Array;
  private readonly parents: Int32Array;
  private readonly firstChildren: Int32Array;
  private $path = Buffer.alloc(256);

  constructor(tree: TreeReader) {
    const count = tree.nodeCount();
    this.tree = tree;
    this.refs = new Int32Array(count);
    this.parents = new Int32Array(count);
    this.firstChildren = new Int32Array(count);
    this.bytesBelow = new Float64Array(count);
    this.nodesBelow = new Int32Array(count);
    this.findNodes();
    this.addUp();
  }

  get nodeCount(): number {
    return this.refs.length;
  }

  /** The root's is empty. */
  pathOf(node: number): string {
    const { tree } = this;
    const length = tree.pathLength(this.refs[node]);
    if (length > this.$path.length) this.$path = Buffer.alloc(length * 2);
    tree.copyPath(this.refs[node], this.$path, 0, length);
    return javaUtf8(this.$path.subarray(0, length));
  }

  /** Null when there is no such node. */
  childrenOf(path: string): Int32Array | null {
    const bytes = Buffer.from(path, 'utf8');
    const ref = this.tree.find(bytes, 0, bytes.length);
    // The reference knows the root under its empty path alone.
    if (ref === 0 || path === '/') return null;
    const node = this.refs.indexOf(ref);
    const first = this.firstChildren[node];
    return Int32Array.from({ length: this.tree.childCount(ref) }, (_, i) => first + i);
  }

  /** Depth by depth: children of one node are neighbours. */
  private findNodes(): void {
    const { tree, refs } = this;
    refs[0] = rootOf(tree);
    let start = 0;
    let end = 1;
    while (start < end) {
      this.depths.push(Int32Array.from({ length: end - start }, (_, i) => start + i));
      let next = end;
      for (let node = start; node < end; node++) {
        const count = tree.childCount(refs[node]);
        this.firstChildren[node] = next;
        tree.copyChildRefs(refs[node], refs.subarray(next, next + count));
        this.parents.fill(node, next, next + count);
        next += count;
      }
      start = end;
      end = next;
    }
  }

  private addUp(): void {
    const { tree, refs, parents, bytesBelow, nodesBelow } = this;
    for (let node = refs.length - 1; node >= 0; node--) {
      bytesBelow[node] += Math.max(tree.dataLength(refs[node]), 0);
      if (node === 0) break;
      bytesBelow[parents[node]] += bytesBelow[node];
      nodesBelow[parents[node]] += nodesBelow[node] + 1;
    }
  }
}
