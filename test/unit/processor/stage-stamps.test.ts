// The rings of stamps: what is found in them, what is not there any more, and how long records have waited since a stamp.

import { describe, expect, test } from 'vitest';
import {
  STAGE_STAMPS,
  StageStamps,
  StampedStage,
  StampFollower,
  StampReader,
  StampWriter,
} from '../../../src/processor/stage-stamps.js';

const RING = 2048;

function ring(): { writer: StampWriter; reader: StampReader; follower: StampFollower } {
  const shared = { [STAGE_STAMPS]: StageStamps.createMemory() };
  return {
    writer: new StampWriter(shared, StampedStage.logged),
    reader: new StampReader(shared, StampedStage.logged),
    follower: new StampFollower(shared, StampedStage.logged, 1),
  };
}

describe('finding', () => {
  test('a zxid is covered by the first batch that reached it', () => {
    const { writer, reader } = ring();
    writer.add(1, 10, 100.5, 101, 102);
    writer.add(1, 20, 200);
    expect(reader.find(1, 10)).toEqual({ aMs: 100.5, bMs: 101, cMs: 102 });
    expect(reader.find(1, 3)?.aMs).toBe(100.5);
    expect(reader.find(1, 11)).toEqual({ aMs: 200, bMs: 200, cMs: 200 });
    expect(reader.find(1, 21)).toBeNull();
    expect(reader.find(2, 0)).toBeNull();
  });

  test('halves are unsigned, and an epoch is above all of the one before', () => {
    const { writer, reader } = ring();
    writer.add(1, 0x7fffffff, 1);
    writer.add(1, -5, 2);
    writer.add(2, 3, 3);
    expect(reader.find(1, -0x80000000)?.aMs).toBe(2);
    expect(reader.find(1, -1)?.aMs).toBe(3);
  });

  test('the same zxid once more keeps its first time', () => {
    const { writer, reader } = ring();
    writer.add(1, 10, 100);
    writer.add(1, 10, 900);
    expect(reader.find(1, 10)?.aMs).toBe(100);
  });

  test('what the ring has passed over is not told, and never told wrongly', () => {
    const { writer, reader } = ring();
    for (let i = 1; i <= RING + 100; i++) writer.add(0, i * 10, i);
    expect(reader.find(0, 10)).toBeNull();
    expect(reader.find(0, 1000)).toBeNull();
    expect(reader.find(0, 1050)?.aMs).toBe(105);
    expect(reader.find(0, (RING + 100) * 10)?.aMs).toBe(RING + 100);
  });

  test('behind the end of a role zxids may go back: the latest stamps count', () => {
    const { writer, reader } = ring();
    writer.add(1, 50, 1);
    writer.add(1, 40, 2);
    writer.add(1, 45, 3);
    expect(reader.find(1, 45)?.aMs).toBe(3);
  });
});

describe('following', () => {
  function followed(follower: StampFollower, hi: number, lo: number): [count: number, ms: number][] {
    const found: [number, number][] = [];
    while (follower.advance(hi, lo)) found.push([follower.transactions, follower.stampedMs]);
    return found;
  }

  test('tells for each stamp how many transactions are new, in whatever pieces it is asked', () => {
    const { writer, follower } = ring();
    writer.add(0, 0, 0, 0);
    writer.add(0, 5, 0, 1);
    expect(followed(follower, 0, 5)).toEqual([[5, 1]]);
    writer.add(0, 8, 0, 2);
    writer.add(0, 18, 0, 3);
    expect(followed(follower, 0, 12)).toEqual([
      [3, 2],
      [4, 3],
    ]);
    expect(followed(follower, 0, 18)).toEqual([[6, 3]]);
    expect(followed(follower, 0, 18)).toEqual([]);
  });

  test('of what was there when its server began it says nothing', () => {
    const { writer, follower } = ring();
    writer.add(0, 1_000_000, 0, 1);
    writer.add(0, 1_000_003, 0, 2);
    expect(followed(follower, 0, 1_000_003)).toEqual([[3, 2]]);
  });

  test('of the first batch of an epoch it says nothing', () => {
    const { writer, follower } = ring();
    writer.add(0, 5, 0, 1);
    followed(follower, 0, 5);
    writer.add(1, 7, 0, 2);
    writer.add(1, 9, 0, 3);
    expect(followed(follower, 1, 9)).toEqual([[2, 3]]);
  });

  test('one that was left far behind goes on with what is there', () => {
    const { writer, follower } = ring();
    for (let i = 1; i <= 3 * RING; i++) writer.add(0, i, 0, i);
    const found = followed(follower, 0, 3 * RING);
    expect(found.at(-1)).toEqual([1, 3 * RING]);
    expect(found.length).toBeLessThanOrEqual(RING);
  });
});
