// last_snapshot (lsnp): the snapshot that was loaded or written last, by its zxid as file names write it, and when its file was
// written, in seconds.
// Main thread; looks at no file.

import { hex64 } from '../../base/int64.js';
import type { Command, MakeCommand } from '../command.js';

const NO_SNAPSHOT = { zxid: 'ffffffffffffffff', timestamp: -1 };

export const lastSnapshot: MakeCommand = ({ snapshots }): Command => ({
  names: ['last_snapshot', 'lsnp'],
  method: 'GET',
  needsServer: true,
  needsRoot: false,
  run: () => {
    const last = snapshots.lastSnapshot();
    if (last === null) return { fields: NO_SNAPSHOT };
    const { zxidHi, zxidLo, fileTimeMs } = last;
    return { fields: { zxid: hex64(zxidHi, zxidLo), timestamp: Math.floor(fileTimeMs / 1000) } };
  },
});
