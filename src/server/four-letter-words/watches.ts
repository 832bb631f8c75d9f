// `wchs`, `wchc`, `wchp`: who watches what. Data watches only, as in the reference; one session and path count once. Text in
// pieces, from a status, on the thread that answers.
// An empty line ends the long ones.

import { hexOf } from '../../base/int64.js';
import type { ServerStatus } from '../status/server-status.js';

export function wchs({ watchCounts: { connections, paths, watches } }: ServerStatus): string {
  return `${connections} connections watching ${paths} paths\nTotal watches:${watches}\n`;
}

export function* wchc(status: ServerStatus): Iterable<string> {
  for (const [session, paths] of status.watches) {
    yield `0x${hexOf(session)}\n`;
    for (const path of paths) yield `\t${path}\n`;
  }
  yield '\n';
}

export function* wchp(status: ServerStatus): Iterable<string> {
  for (const [path, sessions] of status.watchesByPath) {
    yield `${path}\n`;
    for (const session of sessions) yield `\t0x${hexOf(session)}\n`;
  }
  yield '\n';
}
