// Plans how a client's watches are registered again after a reconnect: cut into requests small enough for any server's
// frame limit, in the order data, exist, child, persistent, recursive. Pure, any thread: it computes and changes
// nothing. Every path goes into exactly one request.

import { utf8Length } from '../base/utf8.js';
import { type WatchedPaths, WatchKind } from './client-watch-manager.js';

/** Path bytes per request: far below the default limit of 1 MB, since other requests follow in the same batch. */
export const SET_WATCHES_PATH_BYTES_MAX = 128 * 1024;

export interface SetWatchesBatch {
  /** Index: WatchKind. */
  readonly paths: readonly string[][];
  /** Lists that only setWatches2 can carry are not empty; servers before 3.6 do not know that operation. */
  readonly needsSetWatches2: boolean;
}

export function planSetWatches(watched: WatchedPaths, pathBytesMax = SET_WATCHES_PATH_BYTES_MAX): SetWatchesBatch[] {
  const batches: SetWatchesBatch[] = [];
  let paths = emptyLists();
  let pathBytes = 0;
  for (let kind = 0; kind < watched.length; kind++) {
    for (const path of watched[kind]) {
      const length = utf8Length(path);
      if (pathBytes > 0 && pathBytes + length > pathBytesMax) {
        batches.push(batchOf(paths));
        paths = emptyLists();
        pathBytes = 0;
      }
      paths[kind].push(path);
      pathBytes += length;
    }
  }
  if (pathBytes > 0) batches.push(batchOf(paths));
  return batches;
}

function emptyLists(): string[][] {
  return [[], [], [], [], []];
}

function batchOf(paths: string[][]): SetWatchesBatch {
  return {
    paths,
    needsSetWatches2: paths[WatchKind.Persistent].length > 0 || paths[WatchKind.PersistentRecursive].length > 0,
  };
}
