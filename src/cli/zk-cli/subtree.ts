// Walks a znode and everything below it. Requests for many nodes are under way at once, so that a big tree takes round
// trips by its depth, not by its size. A node that vanishes meanwhile is as good as never seen, except the first one.
// What it lists is no snapshot: the tree may change while it is walked.

import { isKeeperError } from '../../client/keeper-error.js';
import type { ZooKeeper } from '../../client/zookeeper.js';
import type { Watch } from '../../client/zookeeper-view.js';
import { ErrorCode } from '../../protocol/error-code.js';

const OUTSTANDING_MAX = 512;

export function childPath(parent: string, name: string): string {
  return parent === '/' ? `/${name}` : `${parent}/${name}`;
}

/** Breadth first: every node comes before its children. */
export async function listSubtree(zk: ZooKeeper, path: string): Promise<string[]> {
  const paths = [path];
  for (let at = 0; at < paths.length; ) {
    const batch = paths.slice(at, at + OUTSTANDING_MAX);
    const lists = await Promise.all(batch.map((node) => childrenOf(zk, node, node === path, false)));
    at += batch.length;
    for (const [i, names] of lists.entries()) {
      for (const name of names ?? []) paths.push(childPath(batch[i] as string, name));
    }
  }
  return paths;
}

/** In the order of `ls -R`: the sorted children of a node first, then each of them with what is below it. */
export async function visitSubtree(
  zk: ZooKeeper,
  path: string,
  watch: Watch,
  visit: (path: string) => void,
): Promise<void> {
  const names = await childrenOf(zk, path, true, watch);
  visit(path);
  await visitBelow(zk, path, names ?? [], watch, visit);
}

async function visitBelow(
  zk: ZooKeeper,
  path: string,
  names: readonly string[],
  watch: Watch,
  visit: (path: string) => void,
): Promise<void> {
  const children = [...names].sort().map((name) => childPath(path, name));
  for (const child of children) visit(child);
  for (let at = 0; at < children.length; at += OUTSTANDING_MAX) {
    const batch = children.slice(at, at + OUTSTANDING_MAX);
    const lists = await Promise.all(batch.map((child) => childrenOf(zk, child, false, watch)));
    for (const [i, list] of lists.entries()) {
      if (list !== null && list.length > 0) await visitBelow(zk, batch[i] as string, list, watch, visit);
    }
  }
}

async function childrenOf(
  zk: ZooKeeper,
  path: string,
  mustExist: boolean,
  watch: Watch,
): Promise<readonly string[] | null> {
  try {
    return await zk.getChildren(path, watch);
  } catch (error) {
    if (!mustExist && isKeeperError(error, ErrorCode.NoNode)) return null;
    throw error;
  }
}
