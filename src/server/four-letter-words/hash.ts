// `hash`: the tree digests that were remembered, oldest first; nothing at all when there is none yet. Pure text.
// For comparing two servers by hand: equal zxids must show equal digests. It shows what was remembered while transactions were
// applied, and never computes one.

import type { ServerStatus } from './server-status.js';

export function hash(status: ServerStatus): string {
  return status.digests.map(({ zxid, digest }) => `${zxid}: ${digest}\n`).join('');
}
