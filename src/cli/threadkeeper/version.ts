// `threadkeeper version`: this package's version, the release of ZooKeeper it behaves like, and what it runs on; one per
// line, to be pasted into a report. With an option one part of it, as scripts ask Apache's Version class. `zkServer version`
// has ZooKeeper's own line.
// It asks no server.

import { FULL_VERSION, THREADKEEPER_VERSION, ZOOKEEPER_VERSION } from '../../server/version.js';
import { type SubCommandContext, SubCommandUsageError } from './sub-command.js';

const [RELEASE_AND_REVISION] = FULL_VERSION.split(',') as [string];

/** The answers of Apache's Version class. */
const PARTS: Readonly<Record<string, string>> = {
  '--full': FULL_VERSION,
  '--short': ZOOKEEPER_VERSION,
  '--revision': RELEASE_AND_REVISION,
};

export async function version({ args, out }: SubCommandContext): Promise<number> {
  if (args.length === 1 && args[0] in PARTS) {
    out(`${PARTS[args[0]]}\n`);
    return 0;
  }
  if (args.length > 0) throw new SubCommandUsageError(`version does not know ${args.join(' ')}`);
  out(`Threadkeeper ${THREADKEEPER_VERSION} (${FULL_VERSION})\n`);
  out(`behaves like Apache ZooKeeper ${ZOOKEEPER_VERSION}\n`);
  out(`Node.js ${process.versions.node} on ${process.platform} ${process.arch}\n`);
  return 0;
}
