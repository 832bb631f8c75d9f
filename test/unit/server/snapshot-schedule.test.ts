// Which snapshot is written when: one at a time, those asked for by hand after those under way, and what each failure means.

import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../../src/actor/logger.js';
import { ManualClock } from '../../../src/base/clock.js';
import type { SnapshotFile, SnapshotOutcome } from '../../../src/server/snapshot-attempt.js';
import { FULL_DISK_PAUSE_MS, SnapshotSchedule } from '../../../src/server/snapshot-schedule.js';

class World {
  readonly clock = new ManualClock(1_000_000);
  readonly said: string[] = [];
  readonly failures: string[] = [];
  readonly begun: { good: SnapshotFile | null; done: (outcome: SnapshotOutcome | Error) => void }[] = [];
  readonly schedule: SnapshotSchedule;

  constructor() {
    const say = (message: string): void => {
      this.said.push(message);
    };
    this.schedule = new SnapshotSchedule({
      clock: this.clock,
      log: { ...silentLogger, info: say, warn: say, error: say },
      directory: '/data/version-2',
      begin: (good, done) => this.begun.push({ good, done }),
      fail: (error) => this.failures.push(error.message),
    });
  }

  end(outcome: SnapshotOutcome | Error): void {
    this.begun.at(-1)?.done(outcome);
  }
}

function fileOf(zxid: number): SnapshotFile {
  return { name: `snapshot.${zxid.toString(16)}`, zxidHi: 0, zxidLo: zxid, sizeBytes: 100 + zxid, fileTimeMs: 5000 };
}

function written(zxid: number): SnapshotOutcome {
  return { kind: 'written', file: fileOf(zxid), nodeCount: 5 };
}

describe('SnapshotSchedule', () => {
  test('one is written at a time; what comes due meanwhile is skipped, as in the reference', () => {
    const world = new World();
    world.schedule.onLoaded(fileOf(1));
    world.schedule.onDue();
    world.schedule.onDue();
    expect(world.begun.map(({ good }) => good?.name)).toEqual(['snapshot.1']);
    expect(world.said).toEqual(['Too busy to snap, skipping']);
    world.end(written(7));
    expect(world.begun.length).toBe(1);
    expect(world.schedule.last).toEqual(fileOf(7));
    world.schedule.onDue();
    expect(world.begun.map(({ good }) => good?.name)).toEqual(['snapshot.1', 'snapshot.7']);
  });

  test('one asked for by hand is begun after the one under way, since that may not hold what was applied last', async () => {
    const world = new World();
    world.schedule.onLoaded(null);
    world.schedule.onDue();
    const taken = Promise.all([world.schedule.take(), world.schedule.take()]);
    expect(world.begun.length).toBe(1);
    world.end(written(7));
    expect(world.begun.length).toBe(2);
    world.end(written(9));
    expect(await taken).toEqual([fileOf(9), fileOf(9)]);
    expect(world.begun.length).toBe(2);
  });

  test('one that ends behind a restore is not the newest, whatever it was begun for', async () => {
    const world = new World();
    world.schedule.onLoaded(fileOf(1));
    const taken = world.schedule.take();
    world.schedule.onLoaded(fileOf(9));
    world.end(written(7));
    expect(await taken).toEqual(fileOf(7));
    expect(world.schedule.last).toEqual(fileOf(9));
  });

  test('one that comes due while one is written by hand is written behind it', async () => {
    const world = new World();
    world.schedule.onLoaded(null);
    const taken = world.schedule.take();
    world.schedule.onDue();
    world.end(written(3));
    expect((await taken).name).toBe('snapshot.3');
    expect(world.begun.length).toBe(2);
    world.end(new Error('the thread died'));
    expect(world.failures).toEqual(['the thread died']);
  });

  test('nothing has changed: the answer is the good one that is there', async () => {
    const world = new World();
    world.schedule.onLoaded(fileOf(5));
    const taken = world.schedule.take();
    world.end({ kind: 'unchanged' });
    expect(await taken).toEqual(fileOf(5));
  });

  for (const outcome of [
    { kind: 'failed', reason: 'EIO: i/o error' },
    { kind: 'abandoned', reason: 'the tree was replaced' },
    { kind: 'disk-full', reason: 'ENOSPC: no space left' },
  ] as const) {
    test(`${outcome.kind}, asked for by hand: refused with the reason, and the server goes on`, async () => {
      const world = new World();
      world.schedule.onLoaded(null);
      const taken = world.schedule.take();
      world.end(outcome);
      await expect(taken).rejects.toThrow(outcome.reason);
      expect(world.failures).toEqual([]);
      const again = world.schedule.take();
      world.end(written(2));
      expect((await again).name).toBe('snapshot.2');
    });
  }

  test('a disk that fails ends the server when the log asked for the snapshot', () => {
    const world = new World();
    world.schedule.onLoaded(null);
    world.schedule.onDue();
    world.end({ kind: 'failed', reason: 'EIO: i/o error' });
    expect(world.failures).toEqual(['EIO: i/o error']);
  });

  test('a tree that was replaced meanwhile is no failure', () => {
    const world = new World();
    world.schedule.onLoaded(null);
    world.schedule.onDue();
    world.end({ kind: 'abandoned', reason: 'the tree was replaced' });
    expect(world.failures).toEqual([]);
    world.schedule.onDue();
    expect(world.begun.length).toBe(2);
  });

  test('a full disk ends nothing, is told once, and is tried again only after a pause', () => {
    const world = new World();
    world.schedule.onLoaded(null);
    world.schedule.onDue();
    world.end({ kind: 'disk-full', reason: 'cannot write a snapshot: ENOSPC' });
    expect(world.failures).toEqual([]);
    expect(world.said).toEqual([
      expect.stringMatching(/^cannot write a snapshot: ENOSPC\. Writes go on, .*free space/),
    ]);
    world.clock.advance(FULL_DISK_PAUSE_MS - 1);
    world.schedule.onDue();
    expect(world.begun.length).toBe(1);
    world.clock.advance(1);
    world.schedule.onDue();
    expect(world.begun.length).toBe(2);
    world.end(written(8));
    world.schedule.onDue();
    expect(world.begun.length).toBe(3);
  });

  test('held back, none is begun; who holds waits for the one under way, and what was asked for is made up for', async () => {
    const world = new World();
    world.schedule.onLoaded(null);
    world.schedule.onDue();
    const hold = world.schedule.holdBack();
    const taken = world.schedule.take();
    let isHeld = false;
    void hold.then(() => {
      isHeld = true;
    });
    await Promise.resolve();
    expect(isHeld).toBe(false);
    world.end(written(7));
    const release = await hold;
    world.schedule.onDue();
    expect(world.begun.length).toBe(1);
    release();
    expect(world.begun.length).toBe(2);
    world.end(written(9));
    expect((await taken).name).toBe('snapshot.9');
    const releaseAgain = await world.schedule.holdBack();
    world.schedule.onDue();
    expect(world.begun.length).toBe(2);
    releaseAgain();
    expect(world.begun.length).toBe(3);
  });

  test('before there is a database, and when the server stops, nobody waits for ever', async () => {
    const world = new World();
    await expect(world.schedule.take()).rejects.toThrow('not loaded yet');
    world.schedule.onLoaded(null);
    const first = world.schedule.take();
    const second = world.schedule.take();
    world.schedule.stop();
    await expect(first).rejects.toThrow('stopping');
    await expect(second).rejects.toThrow('stopping');
  });
});
