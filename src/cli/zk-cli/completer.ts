// Tab completion: a last word that begins with "/" is completed to the children of its directory, any other to the
// commands. Asks the server at most once per key press, on the session that the commands use; when that fails there is
// simply nothing to offer. Must never throw or print.

import type { ZooKeeper } from '../../client/zookeeper.js';
import { commandNames } from './command-table.js';
import { childPath } from './subtree.js';

/** What may stand in place of the word, and the word. */
export type Completion = [string[], string];

export async function complete(line: string, zk: ZooKeeper | null): Promise<Completion> {
  const word = line.slice(line.lastIndexOf(' ') + 1);
  if (!word.startsWith('/')) return [commandNames.filter((name) => name.startsWith(word)), word];
  if (zk === null || !zk.isAlive) return [[], word];
  const slash = word.lastIndexOf('/');
  const directory = slash === 0 ? '/' : word.slice(0, slash);
  try {
    const names = await zk.getChildren(directory);
    const paths = names.map((name) => childPath(directory, name)).filter((path) => path.startsWith(word));
    return [paths.sort(), word];
  } catch {
    return [[], word];
  }
}
