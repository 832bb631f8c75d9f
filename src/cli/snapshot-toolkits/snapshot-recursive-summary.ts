// zkSnapshotRecursiveSummaryToolkit without its process: how many nodes and bytes lie below each node that has children.
// Arguments, texts and exit codes are those of Apache's SnapshotRecursiveSummary (3.9).
// Sums always cover everything; a depth only limits what is printed.

import type { FileStore } from '../../persistence/file-store.js';
import type { TreeReader } from '../../store/tree-reader.js';
import { ToolFailure, type ToolIo } from '../offline/tool-io.js';
import { checkSnapshotFile, loadSnapshot } from './loaded-snapshot.js';
import { TreeWalk } from './tree-walk.js';

const EXIT_UNEXPECTED_ERROR = 1;
const EXIT_INVALID_INVOCATION = 2;

const USAGE = `USAGE:

SnapshotRecursiveSummary  <snapshot_file>  <starting_node>  <max_depth>

snapshot_file:    path of the snapshot
starting_node:    path of the node at which to begin
max_depth:        how many levels below the starting node are printed, 0 for all; sums cover everything at any depth`;

export function snapshotRecursiveSummary(args: readonly string[], io: ToolIo, fileStore: FileStore): number {
  const [file, start, depthText] = args;
  if (args.length !== 3 || !/^[+-]?\d+$/.test(depthText)) throw new ToolFailure(USAGE, EXIT_INVALID_INVOCATION);
  checkSnapshotFile(fileStore, file);
  const { tree } = loadSnapshot(fileStore, file, io);
  const path = Buffer.from(start, 'utf8');
  const ref = tree.find(path, 0, path.length);
  if (ref === 0) throw new ToolFailure(`There is no node ${start} in ${file}`, EXIT_UNEXPECTED_ERROR);
  printSummary(tree, ref, start, Number(depthText), io);
  return 0;
}

/** Sums first, lines second: a parent's line stands before those of its children. */
function printSummary(tree: TreeReader, ref: number, start: string, depthMax: number, io: ToolIo): void {
  const sums = new Sums(tree, ref, start);
  const walk = new TreeWalk(tree, ref, start === '/' ? '' : start);
  for (let node = 0; walk.next(); node++) {
    if (walk.childCount === 0 || (depthMax !== 0 && walk.level > depthMax)) continue;
    const mark = '--'.repeat(walk.level);
    io.out(`${mark} ${walk.path === '' ? '/' : walk.path}\n`);
    io.out(`${mark}   children: ${sums.nodesBelow[node]}\n${mark}   data: ${sums.bytesBelow[node]}\n`);
  }
  io.out('\n');
}

/** By the order of the walk, in which a parent comes before all that is below it. */
class Sums {
  readonly nodesBelow: Int32Array;
  readonly bytesBelow: Float64Array;

  constructor(tree: TreeReader, ref: number, start: string) {
    const count = tree.nodeCount();
    this.nodesBelow = new Int32Array(count);
    this.bytesBelow = new Float64Array(count);
    const parents = new Int32Array(count);
    const path: number[] = [];
    const walk = new TreeWalk(tree, ref, start);
    let node = 0;
    for (; walk.next(); node++) {
      this.bytesBelow[node] = Math.max(tree.dataLength(walk.ref), 0);
      if (walk.level > 0) parents[node] = path[walk.level - 1];
      path[walk.level] = node;
    }
    while (--node > 0) {
      this.bytesBelow[parents[node]] += this.bytesBelow[node];
      this.nodesBelow[parents[node]] += this.nodesBelow[node] + 1;
    }
  }
}
