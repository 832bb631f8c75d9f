// restore (rest): makes the snapshot in the body the database of the running server (operations 3.6, persistence 7.4). Main
// thread; the bytes go to a temporary in the data directory as they come, and are proven whole before anything is touched. As
// long as the answer is not 200, the database is what it was.

import { open, statfs, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { int64FromHalves } from '../../base/int64.js';
import type { LiveRestore } from '../../server/live-restore.js';
import type { Command, CommandAnswer, CommandRequest, MakeCommand } from '../command.js';
import { RateLimiter } from '../rate-limiter.js';

/** What an upload leaves free, for the log that is written beside it: so much, or a part of a small disk. */
const RESERVE_BYTES_MAX = 64 << 20;
const RESERVE_PART = 16;
/** How much is written between two looks at the disk. */
const LOOK_BYTES = 8 << 20;

/** There would be too little room left for the log. */
class NoRoom extends Error {
  override readonly name = 'NoRoom';
}

export const restore: MakeCommand = (host): Command => {
  const { config, clock, counters, log } = host;
  const limiter = new RateLimiter(clock, config.rateLimiterIntervalMs);
  let isBusy = false;

  const restoreBody = async (request: CommandRequest): Promise<CommandAnswer> => {
    const live = host.newRestore();
    try {
      await removeIfThere(live.path);
      request.beginBody();
      const byteCount = await spool(live, request);
      if (byteCount === 0) return { status: 400 };
      const beganMs = clock.monotonicMs();
      const { zxidHi, zxidLo } = await live.run();
      counters.addRestoreTime(clock.monotonicMs() - beganMs);
      return { fields: { last_zxid: int64FromHalves(zxidHi, zxidLo) } };
    } catch (error) {
      counters.increment('restore_error_count');
      log.error(`The restore command has failed; the database stays as it is: ${messageOf(error)}`);
      return { status: 500 };
    } finally {
      // What stays is in nobody's way: the next restore removes it, or the next start.
      await removeIfThere(live.path).catch((error: unknown) => log.warn(`${live.path} stays: ${messageOf(error)}`));
    }
  };

  return {
    names: ['restore', 'rest'],
    method: 'POST',
    needsServer: true,
    needsRoot: true,
    run: async (request) => {
      if (!config.restoreEnabled) {
        log.warn('Restore command is disabled (admin.restore.enabled)');
        return { status: 503 };
      }
      if (host.restoreRefusal !== null) {
        log.warn(`Restore command is refused: ${host.restoreRefusal}`);
        return { status: 503, error: host.restoreRefusal };
      }
      if (!config.serializeLastZxid) {
        log.warn('Restore command is refused: serializeLastProcessedZxid.enabled is false');
        return { status: 500 };
      }
      if (!limiter.tryPass() || isBusy) {
        counters.increment('restore_rate_limited_count');
        log.warn('Restore request was rate limited (admin.rateLimiterIntervalInMS)');
        return { status: 429 };
      }
      isBusy = true;
      try {
        return await restoreBody(request);
      } finally {
        isBusy = false;
      }
    },
  };
};

/** How many bytes have come. All of them are on the disk, so that the pipeline need not wait for that. */
async function spool(live: LiveRestore, { body }: CommandRequest): Promise<number> {
  const file = await open(live.path, 'wx');
  let byteCount = 0;
  let lookAt = 0;
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      if (byteCount >= lookAt) {
        await checkRoom(dirname(live.path));
        lookAt = byteCount + LOOK_BYTES;
      }
      await file.writeFile(chunk);
      byteCount += chunk.length;
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return byteCount;
}

async function checkRoom(directory: string): Promise<void> {
  const { bavail, blocks, bsize } = await statfs(directory);
  const reserve = Math.min(RESERVE_BYTES_MAX, (blocks / RESERVE_PART) * bsize) + LOOK_BYTES;
  if (bavail * bsize < reserve)
    throw new NoRoom(`there is not enough room in ${directory} for the snapshot and the log`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
