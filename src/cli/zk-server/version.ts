// `version`: one line in the form tools take apart, with the ZooKeeper release this server behaves like, and on
// stderr who it really is.
// It asks nobody: the version is the one of this package, not of a server that may be running.

import { THREADKEEPER_VERSION, VERSION_LINE } from '../../server/version.js';
import type { Terminal } from './terminal.js';

export function version(terminal: Terminal): number {
  terminal.out(`${VERSION_LINE}\n`);
  terminal.err(`Threadkeeper ${THREADKEEPER_VERSION}\n`);
  return 0;
}
