// How snapshots are written (persistence 4.3, 4.5); how they are read, each file says itself. Read once by the main thread
// while it starts; plain data that the snapshotter hands to its tasks, and that nobody changes afterwards. A method that
// does not exist never stops a start: it means none, as in the reference, and is warned of.

import type { Logger } from '../actor/logger.js';
import { knownMethod, type SnapshotCompression } from '../persistence/snapshot-compression.js';
import type { Settings } from './settings.js';

export interface SnapshotConfig {
  readonly compression: SnapshotCompression;
  /** Snapshots of a server with digests say up to where they may reach; a snapshot over HTTP needs it. */
  readonly writesLastZxid: boolean;
}

export function readSnapshotConfig(settings: Settings, log: Logger): SnapshotConfig {
  const method = settings.text('snapshot.compression.method');
  const compression = knownMethod(method);
  if (compression === 'none' && method !== '') {
    log.warn(`snapshot.compression.method is ${method}, which is neither gz nor snappy: snapshots are not compressed`);
  }
  return { compression, writesLastZxid: settings.lenientBool('serializeLastProcessedZxid.enabled') };
}
