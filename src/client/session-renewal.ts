// What goes first on each new connection, before any request: who the client is, and what it watches; the server may never
// have heard of either. Called by ClientCnxn once per connection, when the session is open. It writes frames and keeps
// nothing; it must never be called twice for one connection, nor write a request of the application's.

import { OpCode, Xid } from '../protocol/op-code.js';
import { encodeSetWatches, encodeSetWatches2 } from '../protocol/requests.js';
import type { AuthLedger } from './auth-ledger.js';
import { type ClientWatchManager, WatchKind } from './client-watch-manager.js';
import type { OutgoingFrames } from './outgoing-frames.js';
import { planSetWatches, type SetWatchesBatch } from './set-watches-plan.js';

/**
 * Credentials first: the watches that follow, and every request queued meanwhile, may need them. Watches before the
 * requests: an application that reads after a reconnect must not see new state before the event that announces it.
 */
export function writeCredentialsAndWatches(
  outgoing: OutgoingFrames,
  auth: AuthLedger,
  watches: ClientWatchManager,
  zxidSeen: bigint,
): void {
  for (let i = 0; i < auth.count; i++) {
    auth.write(outgoing.begin(), i);
    outgoing.end();
  }
  for (const batch of planSetWatches(watches.paths())) writeSetWatches(outgoing, batch, zxidSeen);
}

function writeSetWatches(outgoing: OutgoingFrames, batch: SetWatchesBatch, zxidSeen: bigint): void {
  const { paths, needsSetWatches2 } = batch;
  const w = outgoing.begin();
  w.writeInt(Xid.setWatches);
  w.writeInt(needsSetWatches2 ? OpCode.setWatches2 : OpCode.setWatches);
  const record = {
    relativeZxid: zxidSeen,
    dataWatches: paths[WatchKind.Data],
    existWatches: paths[WatchKind.Exist],
    childWatches: paths[WatchKind.Child],
    persistentWatches: paths[WatchKind.Persistent],
    persistentRecursiveWatches: paths[WatchKind.PersistentRecursive],
  };
  if (needsSetWatches2) encodeSetWatches2(w, record);
  else encodeSetWatches(w, record);
  outgoing.end();
}
