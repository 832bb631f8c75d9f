/**
 * The data tree as the actors of one thread get it: on the thread of the final stage the tree itself and its unguarded
 * reader, on any other one a guarded reader of its own.
 *
 * One object per thread, made by the actor factory; it is the only thing that actors of one thread have in common, and only
 * final may write through it. Several servers in one process meet on the main thread: each has its own memory, and so its own tree.
 */
import type { ActorContext } from '../actor/actor.js';
import { assert } from '../base/assert.js';
import { DataTree } from '../store/data-tree.js';
import type { TreeMemory } from '../store/tree-memory.js';
import { TreeReader } from '../store/tree-reader.js';
import { SharedName, slabName } from './shared-name.js';
import type { ActorConfig } from './standalone-topology.js';

export class ThreadTree {
  private readonly trees = new WeakMap<SharedArrayBuffer, DataTree>();

  /** For final, and for its neighbours on the same thread. */
  owned(context: ActorContext): DataTree {
    const memory = memoryOf(context);
    let tree = this.trees.get(memory.control);
    if (tree === undefined) {
      const { digestEnabled } = (context.config as ActorConfig).server;
      tree = new DataTree(memory, (index, slab) => context.offerShared(slabName(index), slab), digestEnabled);
      this.trees.set(memory.control, tree);
    }
    return tree;
  }

  reader(context: ActorContext, guarded: boolean): TreeReader {
    if (!guarded) return this.owned(context).reader;
    return new TreeReader(memoryOf(context), { load: (index) => context.findShared(slabName(index)) });
  }
}

function memoryOf(context: ActorContext): TreeMemory {
  const control = context.shared[SharedName.treeControl];
  const slab0 = context.shared[slabName(0)];
  assert(control !== undefined && slab0 !== undefined, 'the tree has its memory');
  return { control, slab0 };
}
