// The watch operations of the protocol as calls on a client by hand, and the scene that tests of watches share: a small tree,
// one who watches and one who writes, on different connection shards if there are several.

import type { ACL } from '../../../src/protocol/acl.js';
import { OpCode, Xid } from '../../../src/protocol/op-code.js';
import {
  encodeAddWatchRequest,
  encodeSetWatches2,
  encodeWatchesRequest,
  type SetWatches2,
} from '../../../src/protocol/requests.js';
import { AddWatchMode, WatcherType } from '../../../src/protocol/watch-event.js';
import type { WireClient } from '../../testing/inline/wire-client.js';
import { InlineServer } from '../../testing/inline-server.js';

export const NOBODY: readonly ACL[] = [{ perms: 0, id: { scheme: 'world', id: 'anyone' } }];
/** Readable after `auth digest bob:pw` only. */
export const BOB: readonly ACL[] = [{ perms: 31, id: { scheme: 'digest', id: 'bob:ikIaKsbtGweaHnb/jKn7OHqbunM=' } }];

export const { Persistent: PERSISTENT, PersistentRecursive: RECURSIVE } = AddWatchMode;
export const Type = WatcherType;

export function addWatch(client: WireClient, path: string | null, mode: number): number {
  return client.request(OpCode.addWatch, (w) => encodeAddWatchRequest(w, { path, mode }));
}

export function checkWatches(client: WireClient, path: string | null, type: number): number {
  return client.request(OpCode.checkWatches, (w) => encodeWatchesRequest(w, { path, type }));
}

export function removeWatches(client: WireClient, path: string | null, type: number): number {
  return client.request(OpCode.removeWatches, (w) => encodeWatchesRequest(w, { path, type }));
}

export function setWatches2(client: WireClient, lists: Partial<SetWatches2>): number {
  const record: SetWatches2 = {
    relativeZxid: 0n,
    dataWatches: [],
    existWatches: [],
    childWatches: [],
    persistentWatches: [],
    persistentRecursiveWatches: [],
    ...lists,
  };
  return client.request(OpCode.setWatches2, (w) => encodeSetWatches2(w, record), Xid.setWatches);
}

export interface Scene {
  readonly server: InlineServer;
  readonly watcher: WireClient;
  readonly writer: WireClient;
}

/** /a with the child /a/c, made by the zxids 3 and 4; everything so far is answered and taken. */
export function scene(connectionShards: number): Scene {
  const server = InlineServer.start({ connectionShards, placement: connectionShards > 1 ? 'pipeline' : 'inline' });
  const watcher = server.connect({ shard: 0 });
  const writer = server.connect({ shard: connectionShards - 1 });
  writer.create('/a');
  writer.create('/a/c');
  server.run();
  writer.take();
  return { server, watcher, writer };
}

/** What the watcher gets, as text, when somebody does this. */
export function told(
  { server, watcher, writer }: Scene,
  act: (watcher: WireClient, writer: WireClient) => void,
): string[] {
  server.run();
  watcher.take();
  act(watcher, writer);
  server.run();
  return watcher.takeText();
}

/** Of that, the names and paths of the events alone: `NodeCreated /a`. */
export function events(stage: Scene, act: (writer: WireClient) => void): string[] {
  return told(stage, (_watcher, writer) => act(writer))
    .filter((line) => line.startsWith('event '))
    .map((line) => line.split(' ').slice(1, 3).join(' '));
}
