/**
 * ContainerManager: which containers and TTL nodes may go (client-protocol 6.4). Walks their index in the shared tree, a
 * bounded number of nodes at a time, from the end to the beginning, so that nobody is missed who was there all the while.
 *
 *   container without children, stored cversion above 0                it has had a child
 *   container without children, cversion 0, older than maxNeverUsedIntervalMs         unless that is 0
 *   TTL node without children, longer not set than its ttl             only where TTL nodes are switched on
 *
 * Pure: the shell (container-manager-actor.ts) gives it the time and sends what it finds to prep, which decides. It changes
 * nothing, and what it saw may be over when it is acted upon.
 */
import { numberFromHalves } from '../base/int64.js';
import { NodeKind, ttlMsOfOwner } from '../store/node-layout.js';
import type { TreeReader } from '../store/tree-reader.js';
import { ScratchBytes } from './scratch-bytes.js';

export interface ContainerRules {
  /** 0: a container that never had a child stays. */
  readonly maxNeverUsedIntervalMs: number;
  readonly expireTtlNodes: boolean;
}

export class ContainerManager {
  /** Of the node found last, and its version. */
  readonly path = new ScratchBytes(256);
  version = 0;
  /** How many nodes may still be looked at before the shell has to let others work. */
  looksLeft = 0;

  private readonly tree: TreeReader;
  private readonly rules: ContainerRules;
  /** Invariant: places above it have been looked at in this round. */
  private place = -1;

  constructor(tree: TreeReader, rules: ContainerRules) {
    this.tree = tree;
    this.rules = rules;
  }

  beginRound(): void {
    this.place = this.tree.containerCount() - 1;
  }

  get isOver(): boolean {
    return this.place < 0;
  }

  /** Goes on to the next node that may go: true. False at the end of the round, of the looks, and while the tree is written. */
  findNext(nowMs: number): boolean {
    const { tree } = this;
    for (; this.looksLeft > 0 && this.place >= 0; this.looksLeft--) {
      const sequence = tree.begin();
      if (sequence < 0) return false;
      const ref = tree.containerAt(this.place);
      const isCandidate = ref !== 0 && this.mayGo(ref, nowMs);
      if (isCandidate) {
        const length = tree.pathLength(ref);
        this.path.reset();
        this.path.reserve(length);
        tree.copyPath(ref, this.path.bytes, 0, length);
        this.path.length = length;
        this.version = tree.version(ref);
      }
      // A torn look is taken again; each one counts, so that a busy writer does not keep this thread.
      if (!tree.valid(sequence)) continue;
      this.place--;
      if (isCandidate) {
        this.looksLeft--;
        return true;
      }
    }
    return false;
  }

  private mayGo(ref: number, nowMs: number): boolean {
    const { tree, rules } = this;
    if (tree.childCount(ref) !== 0) return false;
    const ageMs = nowMs - numberFromHalves(tree.mtimeHi(ref), tree.mtimeLo(ref));
    if (tree.kind(ref) === NodeKind.container) {
      if (tree.cversion(ref) > 0) return true;
      return rules.maxNeverUsedIntervalMs !== 0 && ageMs > rules.maxNeverUsedIntervalMs;
    }
    return rules.expireTtlNodes && ageMs > ttlMsOfOwner(tree.storedOwnerHi(ref), tree.storedOwnerLo(ref));
  }
}
