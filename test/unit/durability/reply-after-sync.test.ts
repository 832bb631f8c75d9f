// No frame leaves the server before what it tells is on the disk: at each write to a socket the simulated disk is asked what a
// crash at this moment could not take away. Replies to writes and to reads, events and granted sessions alike.
// (With real threads, files and sockets: test/system/reply-after-sync.test.ts.)

import { describe, expect, test } from 'vitest';
import type { PlacementName } from '../../../src/server/placement-choice.js';
import { DEFECTS } from './defective-files.js';
import { DurableLog } from './durable-log.js';
import { type RunOptions, ServerRun } from './server-run.js';

const VERSION_2 = '/data/version-2';

interface Found {
  checked: number;
  readonly early: string[];
}

function watchReplies(seed: number, placement: PlacementName, files?: RunOptions['files']): Found {
  const found: Found = { checked: 0, early: [] };
  let log: DurableLog | null = null;
  const run = new ServerRun({
    seed,
    operations: 300,
    placement,
    ...(files === undefined ? {} : { files }),
    onServerWrite: ({ disk, replies }) => {
      log ??= new DurableLog(disk, VERSION_2);
      log.readOn();
      for (const { zxid, sessionId } of replies.newest) {
        found.checked++;
        if (zxid !== null && zxid > log.zxidTo) found.early.push(`zxid ${zxid} told, ${log.zxidTo} durable`);
        if (sessionId !== null && sessionId !== 0n && !log.sessions.has(sessionId)) {
          found.early.push(`session ${sessionId.toString(16)} granted, not durable`);
        }
      }
    },
  });
  run.drive();
  return found;
}

describe.each(['inline', 'compact', 'pipeline', 'staged'] as const)('%s', (placement) => {
  test.each([1, 2, 3, 4])('seed %d: nothing is told that is not durable', (seed) => {
    const { checked, early } = watchReplies(seed, placement);
    expect(early).toEqual([]);
    expect(checked).toBeGreaterThan(200);
  });
});

test.each(['an acknowledgement before the sync', 'a directory that is not synced'])('%s is found', (name) => {
  expect(watchReplies(1, 'pipeline', DEFECTS[name]).early.length).toBeGreaterThan(0);
});
