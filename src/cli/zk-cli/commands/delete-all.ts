// deleteall: removes a node and everything below it, leaves first, many nodes to one multi. A batch that is refused (a
// child came in between, no permission) does not stop the others; the failure is told and is not an exit code. Never
// asks back.

import type { ZooKeeper } from '../../../client/zookeeper.js';
import { type Command, usageError } from '../command.js';
import { parseInt32, parseOptions } from '../command-options.js';
import { listSubtree } from '../subtree.js';

const BATCH_SIZE_DEFAULT = 1000;
/** Batches under way at once. */
const OUTSTANDING_MAX = 16;
const BATCH_SIZE_SENTENCE = '-b argument must be an int value';

export const deleteAllCommand: Command = {
  name: 'deleteall',
  syntax: 'path [-b batch size]',

  async run(words, { zk, terminal }) {
    const options = parseOptions(words, '', 'b');
    const path = options.args[1];
    if (path === undefined) throw usageError(deleteAllCommand);
    const batchSize = parseInt32(options.value('b') ?? String(BATCH_SIZE_DEFAULT), BATCH_SIZE_SENTENCE);
    const leavesFirst = (await listSubtree(zk, path)).reverse();
    if (!(await deleteInBatches(zk, leavesFirst, Math.max(batchSize, 1)))) {
      terminal.err('Failed to delete some node(s) in the subtree!');
    }
  },
};

/** False when a batch was refused. */
async function deleteInBatches(zk: ZooKeeper, paths: readonly string[], batchSize: number): Promise<boolean> {
  let isComplete = true;
  let underWay: Promise<unknown>[] = [];
  for (let at = 0; at < paths.length; at += batchSize) {
    const transaction = zk.transaction();
    for (const path of paths.slice(at, at + batchSize)) transaction.delete(path);
    underWay.push(
      transaction.commit().catch(() => {
        isComplete = false;
      }),
    );
    if (underWay.length >= OUTSTANDING_MAX) {
      await Promise.all(underWay);
      underWay = [];
    }
  }
  await Promise.all(underWay);
  return isComplete;
}
