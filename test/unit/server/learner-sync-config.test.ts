// The keys of bringing members up to date: what makes no sense becomes the default, silently, as in the reference.

import { describe, expect, it } from 'vitest';
import { type LearnerSyncConfig, readLearnerSyncConfig } from '../../../src/server/learner-sync-config.js';
import { Settings } from '../../../src/server/settings.js';

function read(file: Record<string, string>, options: Record<string, string> = {}): LearnerSyncConfig {
  return readLearnerSyncConfig(new Settings(new Map(Object.entries(file)), new Map(Object.entries(options))));
}

describe('bringing members up to date', () => {
  it('has the defaults of the reference', () => {
    expect(read({})).toEqual({
      commitLogCount: 500,
      snapshotSizeFactor: 0.33,
      forceSnapshotSync: false,
      snapSyncsMax: 10,
      diffSyncsMax: 100,
    });
  });

  it.each([
    ['501', 501],
    ['100000', 100_000],
    ['499', 500],
    ['-1', 500],
    ['many', 500],
    ['', 500],
  ])('commitLogCount=%s', (text, count) => {
    expect(read({ commitLogCount: text }).commitLogCount).toBe(count);
    expect(read({}, { 'zookeeper.commitLogCount': text }).commitLogCount).toBe(count);
  });

  it.each([
    ['0', 0],
    ['1', 1],
    ['.5', 0.5],
    ['1.', 1],
    [' 2e-1d', 0.2],
    ['-1', -1],
    ['-0.1f', -0.1],
    ['1.01', 0.33],
    ['NaN', 0.33],
    ['a third', 0.33],
    ['', 0.33],
    ['0x1', 0.33],
  ])('snapshotSizeFactor=%s', (text, factor) => {
    expect(read({ snapshotSizeFactor: text }).snapshotSizeFactor).toBe(factor);
  });

  it('forceSnapshotSync is the word true', () => {
    expect(read({ forceSnapshotSync: 'TRUE' }).forceSnapshotSync).toBe(true);
    expect(read({ forceSnapshotSync: 'yes' }).forceSnapshotSync).toBe(false);
  });
});
