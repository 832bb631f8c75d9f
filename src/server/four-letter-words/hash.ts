// `hash`: the tree digests that were remembered, oldest first; nothing at all when there is none yet. Pure text.
// A plain comparison of two servers: equal zxids must show equal digests. It never computes one.

import type { ServerStatus } from './server-status.js';

export function hash(status: ServerStatus): string {
  return status.digests.map(({ zxid, digest }) => `${zxid}: ${digest}\n`).join('');
}
