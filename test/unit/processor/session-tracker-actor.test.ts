// The shell of the session tracker alone, on a context of the test's: what it tells prep about a session that is due, also
// when the session's connection touches it at that very moment on another thread.

import { expect, test } from 'vitest';
import type { ActorContext } from '../../../src/actor/actor.js';
import { silentLogger } from '../../../src/actor/logger.js';
import { LocalMailbox } from '../../../src/actor/mailbox/local-mailbox.js';
import { readInt32 } from '../../../src/base/bytes.js';
import { arrivalAt } from '../../../src/processor/arrival.js';
import {
  PIPELINE_HEADER_BYTES,
  WORD_ARRIVED,
  WORD_SESSION_HI,
  WORD_SESSION_LO,
  WORD_SLOT,
} from '../../../src/processor/pipeline-records.js';
import { SessionTrackerActor } from '../../../src/processor/session-tracker-actor.js';
import { SessionTable } from '../../../src/session/session-table.js';
import { loneMetrics } from '../../testing/lone-metrics.js';

test('a touch that comes while the expiry is being written saves the session', () => {
  const table = new SessionTable(new SharedArrayBuffer(SessionTable.byteLengthFor(4)));
  table.open(2, 7, 8, 4000, 1000.25);
  const toPrep = new LocalMailbox(1 << 16);
  const context = {
    outbox: () => toPrep,
    metrics: loneMetrics(),
    // Logging takes its time, and the other thread does not wait for it.
    log: { ...silentLogger, info: () => table.touch(2, 6500) },
  } as unknown as ActorContext;
  new SessionTrackerActor(context, table, 2000).onTick(6500);
  toPrep.publish();
  const told: number[] = [];
  toPrep.drain((_type, bytes, words, offset) => {
    const header = offset >> 2;
    told.push(words[header + WORD_SLOT], words[header + WORD_SESSION_HI], words[header + WORD_SESSION_LO]);
    told.push(readInt32(bytes, offset + PIPELINE_HEADER_BYTES), words[header + WORD_ARRIVED]);
  }, 10);
  // Prep compares the touch with the table's, and lets the session live since they differ. Stages measure from the last one on.
  expect(told).toEqual([2, 7, 8, 1000, arrivalAt(6500)]);
});
