// snapshot (snap): takes a snapshot and sends its file, or with streaming=false only says where the database stands
// (operations 3.6). Main thread; the snapshot is written on a thread of its own, and the file is read as fast as the client
// takes it. A failure is the caller's to deal with: the server goes on.

import { open } from 'node:fs/promises';
import { hex64 } from '../../base/int64.js';
import type { Command, CommandAnswer, MakeCommand } from '../command.js';
import { RateLimiter } from '../rate-limiter.js';

export const snapshot: MakeCommand = (host): Command => {
  const { config, clock, counters, log, snapshots } = host;
  const limiter = new RateLimiter(clock, config.rateLimiterIntervalMs);

  const take = async (isStreamed: boolean): Promise<CommandAnswer> => {
    const { path, zxidHi, zxidLo } = await snapshots.takeSnapshot();
    // Opened before anything is said: from here on the file may go, and what is sent is whole all the same.
    const file = await open(path);
    const { size } = await file.stat();
    const headers = { last_zxid: `0x${hex64(zxidHi, zxidLo)}`, snapshot_size: String(size) };
    if (size > 0 && isStreamed) {
      return {
        headers: { ...headers, 'Content-Type': 'application/octet-stream', 'Content-Length': String(size) },
        stream: file.createReadStream(),
      };
    }
    await file.close();
    return { headers, status: size > 0 ? 200 : 500 };
  };

  return {
    names: ['snapshot', 'snap'],
    method: 'GET',
    needsServer: true,
    needsRoot: true,
    run: async ({ parameters }) => {
      if (!config.snapshotEnabled) {
        log.warn('Snapshot command is disabled (admin.snapshot.enabled)');
        return { status: 503 };
      }
      if (!config.serializeLastZxid) {
        log.warn('Snapshot command is refused: serializeLastProcessedZxid.enabled is false');
        return { status: 500 };
      }
      if (!limiter.tryPass()) {
        counters.increment('snapshot_rate_limited_count');
        log.warn('Snapshot request was rate limited (admin.rateLimiterIntervalInMS)');
        return { status: 429 };
      }
      const streaming = parameters.get('streaming');
      try {
        return await take(streaming === undefined || streaming.toLowerCase() === 'true');
      } catch (error) {
        counters.increment('snapshot_error_count');
        log.error('The snapshot command has failed', { error });
        return { status: 500 };
      }
    },
  };
};
