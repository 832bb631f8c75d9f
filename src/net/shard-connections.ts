/**
 * The connections of one shard and the ways to find them: by number, by session slot, and who is only passing through.
 *
 * Owned by the shard, on its thread. Holds references only: what a connection does is decided elsewhere.
 */
import type { ServerCnxn } from './server-cnxn.js';

export class ShardConnections {
  readonly byId = new Map<number, ServerCnxn>();
  /** Invariant: a connection stands here exactly while it serves the session of this slot, on this shard. */
  readonly bySlot = new Map<number, ServerCnxn>();
  /** No session has been asked for yet. */
  readonly sessionless = new Set<ServerCnxn>();
  /** Nothing more is read of these; their last bytes are on the way. */
  readonly closing = new Set<ServerCnxn>();

  add(cnxn: ServerCnxn): void {
    this.byId.set(cnxn.id, cnxn);
    this.sessionless.add(cnxn);
  }

  remove(cnxn: ServerCnxn): void {
    this.byId.delete(cnxn.id);
    this.sessionless.delete(cnxn);
    this.closing.delete(cnxn);
    if (cnxn.slot >= 0 && this.bySlot.get(cnxn.slot) === cnxn) this.bySlot.delete(cnxn.slot);
  }
}
