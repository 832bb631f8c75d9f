// zkSnapshotComparer without its process: where two snapshots differ, depth by depth, node by node in the order of paths.
// Options, texts and exit codes are those of Apache's SnapshotComparer. Memory: both trees, 32 bytes of figures per node,
// and the paths of one depth at a time.

import type { FileStore } from '../../persistence/file-store.js';
import { baseNameOf } from '../../persistence/file-store.js';
import { CommandLineError, type OptionSpec, parseCommandLine } from '../offline/command-line.js';
import { ToolFailure, type ToolIo } from '../offline/tool-io.js';
import { loadSnapshot } from './loaded-snapshot.js';
import { TreeFigures } from './tree-figures.js';

const EXIT_UNEXPECTED_ERROR = 1;
const EXIT_INVALID_INVOCATION = 2;
const INT_MAX = 0x7fffffff;

const OPTIONS: readonly OptionSpec[] = [
  { short: 'l', long: 'left', hasValue: true, isRequired: true },
  { short: 'r', long: 'right', hasValue: true, isRequired: true },
  { short: 'b', long: 'bytes', hasValue: true, isRequired: true },
  { short: 'n', long: 'nodes', hasValue: true, isRequired: true },
  { short: 'd', long: 'debug', hasValue: false },
  { short: 'i', long: 'interactive', hasValue: false },
];

const USAGE = `usage: SnapshotComparer
 -b,--bytes <BYTETHRESHOLD>   (Required) The node data delta size threshold, in bytes, for printing the node.
 -d,--debug                   Use debug output.
 -i,--interactive             Enter interactive mode.
 -l,--left <LEFT>             (Required) The left snapshot file.
 -n,--nodes <NODETHRESHOLD>   (Required) The descendant node delta size threshold, in nodes, for printing the node.
 -r,--right <RIGHT>           (Required) The right snapshot file.
`;

const HOW_TO_GO_ON = `- Press enter to move to print current depth layer;
- Type a number to jump to and print all nodes at a given depth;
- Enter an ABSOLUTE path to print the immediate subtree of a node. Path must start with '/'.
`;

interface Thresholds {
  readonly bytes: number;
  readonly nodes: number;
}

/** `nowMs`: a clock for the durations that are printed. */
export function snapshotComparer(
  args: readonly string[],
  io: ToolIo,
  fileStore: FileStore,
  nowMs: () => number,
): number {
  const options = parseOptions(args, io);
  if (options === null) return EXIT_INVALID_INVOCATION;
  const thresholds = { bytes: numberOf(options, 'bytes'), nodes: numberOf(options, 'nodes') };
  io.out('Successfully parsed options!\n');
  const left = readFigures(fileStore, options.get('left') ?? '', io, nowMs);
  const right = readFigures(fileStore, options.get('right') ?? '', io, nowMs);
  for (const figures of [left, right]) io.out(`${figuresText(figures)}\n`);
  const isTalkative = options.has('debug') || options.has('interactive');
  const comparison = new Comparison(left, right, thresholds, options.has('debug'), isTalkative, io);
  if (options.has('interactive')) comparison.interactively();
  else comparison.allDepths();
  io.out('All layers compared.\n');
  return 0;
}

function parseOptions(args: readonly string[], io: ToolIo): ReadonlyMap<string, string> | null {
  try {
    return parseCommandLine(args, OPTIONS).options;
  } catch (error) {
    if (!(error instanceof CommandLineError)) throw error;
    io.err(`${error.message}\n`);
    io.out(USAGE);
    return null;
  }
}

function numberOf(options: ReadonlyMap<string, string>, name: string): number {
  const number = parseJavaInt(options.get(name) ?? '');
  if (number === null) throw new ToolFailure(`For input string: "${options.get(name)}"`, EXIT_UNEXPECTED_ERROR);
  return number;
}

/** Integer.parseInt, or null. */
function parseJavaInt(text: string): number | null {
  if (!/^[+-]?\d+$/.test(text)) return null;
  const number = Number(text);
  return number > INT_MAX || number < -INT_MAX - 1 ? null : number;
}

function readFigures(fileStore: FileStore, path: string, io: ToolIo, nowMs: () => number): TreeFigures {
  const beganMs = nowMs();
  const { tree } = loadSnapshot(fileStore, path, io);
  const loadedMs = nowMs();
  io.out(`Deserialized snapshot in ${baseNameOf(path)} in ${seconds(loadedMs - beganMs)} seconds\n`);
  const figures = new TreeFigures(tree);
  io.out(`Processed data tree in ${seconds(nowMs() - loadedMs)} seconds\n`);
  return figures;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(6);
}

function figuresText({ nodeCount, bytesBelow, depths }: TreeFigures): string {
  const counts = depths.map((nodes, depth) => `Count of nodes at depth ${depth}: ${nodes.length}\n`).join('');
  return `Node count: ${nodeCount}\nTotal size: ${bytesBelow[0]}\nMax depth: ${depths.length}\n${counts}`;
}

const NO_NODES = new Int32Array(0);

class Comparison {
  private readonly left: TreeFigures;
  private readonly right: TreeFigures;
  private readonly thresholds: Thresholds;
  private readonly debug: boolean;
  /** Nodes below the thresholds are told as well. */
  private readonly tellsFiltered: boolean;
  private readonly io: ToolIo;

  constructor(
    left: TreeFigures,
    right: TreeFigures,
    thresholds: Thresholds,
    debug: boolean,
    tellsFiltered: boolean,
    io: ToolIo,
  ) {
    this.left = left;
    this.right = right;
    this.thresholds = thresholds;
    this.debug = debug;
    this.tellsFiltered = tellsFiltered;
    this.io = io;
  }

  allDepths(): void {
    this.printThresholds();
    for (let depth = 0; depth < this.depthCount; depth++) this.compareDepth(depth);
  }

  interactively(): void {
    const { io, depthCount } = this;
    let depth = 0;
    while (depth < depthCount) {
      io.out(`Current depth is ${depth}\n${HOW_TO_GO_ON}`);
      const line = io.readLine();
      if (line === null) throw new ToolFailure('No line found', EXIT_UNEXPECTED_ERROR);
      this.printThresholds();
      if (line === '') {
        this.compareDepth(depth);
        depth++;
      } else if (line.startsWith('/')) {
        this.compareBelow(line);
      } else {
        const asked = parseJavaInt(line);
        const range = `Depth must be in range [0, ${depthCount - 1}]`;
        if (asked === null) {
          io.out(`Input ${line} is not valid. ${range}. Path must be an absolute path which starts with '/'.\n`);
        } else if (asked < 0 || asked >= depthCount) {
          io.out(`${range}\n`);
          continue;
        } else {
          depth = asked;
          this.compareDepth(depth);
        }
      }
      io.out('\n');
    }
  }

  private get depthCount(): number {
    return Math.max(this.left.depths.length, this.right.depths.length);
  }

  private printThresholds(): void {
    const { bytes, nodes } = this.thresholds;
    this.io.out(
      `Printing analysis for nodes difference larger than ${bytes} bytes or node count difference larger than ${nodes}.\n`,
    );
  }

  private compareDepth(depth: number): void {
    this.io.out(`Analysis for depth ${depth}\n`);
    this.compare(this.left.depths[depth] ?? NO_NODES, this.right.depths[depth] ?? NO_NODES);
  }

  private compareBelow(path: string): void {
    this.io.out(`Analysis for node ${path}\n`);
    const left = this.left.childrenOf(path);
    const right = this.right.childrenOf(path);
    if (left === null && right === null) {
      this.io.out(`Path ${path} is neither found in left tree nor right tree.\n`);
    } else {
      this.compare(left ?? NO_NODES, right ?? NO_NODES);
    }
  }

  private compare(leftNodes: Int32Array, rightNodes: Int32Array): void {
    const left = byPath(this.left, leftNodes);
    const right = byPath(this.right, rightNodes);
    let l = 0;
    let r = 0;
    while (l < left.length || r < right.length) {
      const leftNode = left[l];
      const rightNode = right[r];
      if (leftNode === undefined) {
        this.printOne('right', this.right, right[r++]);
      } else if (rightNode === undefined) {
        this.printOne('left', this.left, left[l++]);
      } else {
        const order = leftNode.path < rightNode.path ? -1 : leftNode.path > rightNode.path ? 1 : 0;
        this.printOrder(leftNode.path, rightNode.path, order);
        if (order < 0) this.printOne('left', this.left, left[l++]);
        else if (order > 0) this.printOne('right', this.right, right[r++]);
        else this.printBoth(left[l++], right[r++]);
      }
    }
  }

  private printOrder(left: string, right: string, order: number): void {
    if (!this.debug) return;
    const word = order === 0 ? 'same' : `${order < 0 ? 'left' : 'right'} is less`;
    this.io.out(`Comparing ${left} to ${right}\n${word}\n`);
  }

  private printOne(side: 'left' | 'right', figures: TreeFigures, { path, node }: NodeAtPath): void {
    const bytes = figures.bytesBelow[node];
    const nodes = figures.nodesBelow[node];
    if (bytes > this.thresholds.bytes || nodes > this.thresholds.nodes) {
      const size = `Descendant size: ${bytes}. Descendant count: ${nodes}`;
      this.io.out(`Node ${path} found only in ${side} tree. ${size}\n`);
    } else if (this.tellsFiltered) {
      this.io.out(`Filtered ${side} node ${path} of size ${bytes}\n`);
    }
  }

  private printBoth({ path, node: leftNode }: NodeAtPath, { node: rightNode }: NodeAtPath): void {
    const { left, right, thresholds } = this;
    const leftBytes = left.bytesBelow[leftNode];
    const rightBytes = right.bytesBelow[rightNode];
    const bytes = rightBytes - leftBytes;
    const nodes = right.nodesBelow[rightNode] - left.nodesBelow[leftNode];
    if (Math.abs(bytes) > thresholds.bytes || Math.abs(nodes) > thresholds.nodes) {
      this.io.out(`Node ${path} found in both trees. Delta: ${bytes} bytes, ${nodes} descendants\n`);
    } else if (this.tellsFiltered) {
      this.io.out(`Filtered node ${path} of left size ${leftBytes}, right size ${rightBytes}\n`);
    }
  }
}

interface NodeAtPath {
  readonly path: string;
  readonly node: number;
}

/** JavaScript compares strings as Java does, by their UTF-16 units. */
function byPath(figures: TreeFigures, nodes: Int32Array): NodeAtPath[] {
  return Array.from(nodes, (node) => ({ path: figures.pathOf(node), node })).sort((a, b) =>
    a.path < b.path ? -1 : a.path > b.path ? 1 : 0,
  );
}
