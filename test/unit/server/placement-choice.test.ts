import { expect, it } from 'vitest';
import { choosePlacement, embeddedCores, type PlacementSetting } from '../../../src/server/placement-choice.js';

it.each<[PlacementSetting, number | 'auto', cores: number, string, number]>([
  ['auto', 'auto', 1, 'compact', 1],
  ['auto', 'auto', 2, 'compact', 1],
  ['auto', 'auto', 3, 'pipeline', 1],
  ['auto', 'auto', 7, 'pipeline', 1],
  ['auto', 'auto', 8, 'pipeline', 2],
  ['auto', 'auto', 16, 'pipeline', 4],
  ['auto', 'auto', 128, 'pipeline', 8],
  ['auto', 3, 2, 'compact', 3],
  ['compact', 'auto', 64, 'compact', 1],
  ['staged', 'auto', 2, 'staged', 1],
  ['inline', 'auto', 64, 'inline', 1],
  ['pipeline', 5, 1, 'pipeline', 5],
])('%s with %s shards on %i cores', (setting, shards, cores, placement, connectionShards) => {
  expect(choosePlacement(setting, shards, cores)).toEqual({ placement, connectionShards });
});

it('one shard inside another program, where shards would share a descriptor', () => {
  expect(choosePlacement('auto', 'auto', embeddedCores(64, false))).toEqual({
    placement: 'pipeline',
    connectionShards: 1,
  });
  expect(choosePlacement('auto', 'auto', embeddedCores(64, true)).connectionShards).toBe(8);
  expect(choosePlacement('auto', 'auto', embeddedCores(2, false)).placement).toBe('compact');
});
