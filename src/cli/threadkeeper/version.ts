// `threadkeeper version`: this package's version, the release of ZooKeeper it behaves like, and what it runs on; one per
// line, to be pasted into a report. `zkServer version` has ZooKeeper's own line.
// It asks no server.

import { FULL_VERSION, THREADKEEPER_VERSION, ZOOKEEPER_VERSION } from '../../server/version.js';
import { type SubCommandContext, SubCommandUsageError } from './sub-command.js';

export async function version({ args, out }: SubCommandContext): Promise<number> {
  if (args.length > 0) throw new SubCommandUsageError(`version takes no words: ${args.join(' ')}`);
  out(`Threadkeeper ${THREADKEEPER_VERSION} (${FULL_VERSION})\n`);
  out(`behaves like Apache ZooKeeper ${ZOOKEEPER_VERSION}\n`);
  out(`Node.js ${process.versions.node} on ${process.platform} ${process.arch}\n`);
  return 0;
}
