// `hash`: the tree digests that were remembered, oldest first; nothing at all when there is none yet. Pure text.
// For comparing two servers by hand: equal zxids must show equal digests. It shows what was remembered while transactions were
// applied, and never computes one.

import { hexOf } from '../../base/int64.js';
import type { ServerStatus } from '../status/server-status.js';

export function hash(status: ServerStatus): string {
  return status.digests.map(({ zxid, digest }) => `${hexOf(zxid)}: ${digest}\n`).join('');
}
