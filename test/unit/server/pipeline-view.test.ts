// The picture of the pipeline from played counters: what is added up per actor, where a depth comes from, what a thread's
// activity is; the same as families for Prometheus and as the admin command's fields.

import { describe, expect, it } from 'vitest';
import { type Placement, ThreadKind } from '../../../src/actor/placement.js';
import { ChildPolicy, type Topology } from '../../../src/actor/topology.js';
import { pipeline } from '../../../src/admin/commands/pipeline.js';
import { ManualClock } from '../../../src/base/clock.js';
import type { AdminHost } from '../../../src/server/admin-host.js';
import { pipelineFamilies } from '../../../src/server/pipeline-families.js';
import { PipelineView } from '../../../src/server/pipeline-view.js';

const TOPOLOGY: Topology = {
  actors: ['connections.0', 'prep', 'sync'].map((name) => ({ name, kind: name, policy: ChildPolicy.fatal })),
  links: [
    { from: 'connections.0', to: 'prep', capacityBytes: 4096 },
    { from: 'sync', to: 'prep', capacityBytes: 1024 },
    { from: 'prep', to: 'sync', outbox: 'log', capacityBytes: 2048 },
  ],
};
const PLACEMENT: Placement = {
  name: 'compact',
  threads: [
    { name: 'main', kind: ThreadKind.eventLoop, actors: ['connections.0', 'prep'] },
    { name: 'log', kind: ThreadKind.blocking, actors: ['sync'] },
  ],
};
const LINK = { records: 10, publishes: 2, refusals: 0, spilled: 0, large: 0, depth_bytes: 64, depth_bytes_max: 640 };

function link(name: string, figures: Partial<typeof LINK>): Record<string, number> {
  return Object.fromEntries(Object.entries({ ...LINK, ...figures }).map(([key, value]) => [`${name}_${key}`, value]));
}

function viewOf(counters: Record<string, Record<string, number>>, ringDepths: Record<string, number>): PipelineView {
  const source = {
    counters: () => ({ snapshot: () => counters }),
    ringDepths: () => ringDepths,
    loopActiveMs: () => ({ main: 750, log: null }),
  };
  return new PipelineView(source, TOPOLOGY, PLACEMENT, new ManualClock(5000), () => 1000);
}

const COUNTERS = {
  'connections.0': link('connections.0_to_prep', { records: 100, refusals: 3, depth_bytes_max: 900 }),
  prep: {
    ...{ batches: 20, records: 105, batch_max: 40, busy_ms: 210, held: 2, restarts: 1 },
    ...link('prep_to_sync.log', { records: 90, depth_bytes: 999, refusals: 4 }),
  },
  sync: {
    ...{ batches: 5, records: 50, batch_max: 30, busy_ms: 100, held: 0, restarts: 0 },
    ...link('sync_to_prep', { records: 11, refusals: 1, depth_bytes: 0, depth_bytes_max: 48 }),
  },
  'thread.main': {
    ...{ turns: 50, idle_turns: 10, records: 105, turn_records_max: 60, busy_ms: 300, turn_max_ms: 12, wakes_sent: 7 },
  },
  'thread.log': {
    turns: 9,
    idle_turns: 1,
    records: 50,
    turn_records_max: 30,
    busy_ms: 400,
    turn_max_ms: 5,
    wakes_sent: 3,
  },
};

describe('a picture of the pipeline', () => {
  const picture = viewOf(COUNTERS, { 'prep_to_sync.log': 320 }).look();

  it('shows what waits for an actor, in all of its mailboxes together', () => {
    const [, prep, sync] = picture.actors;
    expect(prep).toMatchObject({ thread: 'main', waitingRecords: 6, waitingBytes: 64, waitingBytesMax: 900 });
    expect(sync).toMatchObject({ thread: 'log', waitingRecords: 40, waitingBytes: 320, waitingBytesMax: 640 });
  });

  it('counts a refusal where there was no room, and a turn that took nothing where it was', () => {
    expect(picture.actors.map(({ refusals }) => refusals)).toEqual([0, 4, 4]);
    expect(picture.actors[1]).toMatchObject({
      held: 2,
      restarts: 1,
      records: 105,
      batches: 20,
      batchMax: 40,
      busyMs: 210,
    });
  });

  it('takes the depth of a ring from the ring, and of a mailbox within a thread from its counter', () => {
    expect(picture.links.map(({ name, depthBytes, crossesThreads }) => [name, depthBytes, crossesThreads])).toEqual([
      ['connections.0_to_prep', 64, false],
      ['sync_to_prep', 0, true],
      ['prep_to_sync.log', 320, true],
    ]);
  });

  it('knows a thread with an event loop by the loop, one that parks by its turns', () => {
    expect(picture.threads.map(({ name, activeMs, busyMs, wakesSent }) => [name, activeMs, busyMs, wakesSent])).toEqual(
      [
        ['main', 750, 300, 7],
        ['log', 400, 400, 3],
      ],
    );
  });

  it('does not let records wait for ever that were lost with a thread', () => {
    const lost = { ...COUNTERS, prep: { ...COUNTERS.prep, records: 60 } };
    const idle = { ...lost, 'connections.0': link('connections.0_to_prep', { records: 100, depth_bytes: 0 }) };
    expect(viewOf(idle, {}).look().actors[1]).toMatchObject({ waitingRecords: 0, waitingBytes: 0 });
  });

  it('can be taken before anything has counted', () => {
    const empty = viewOf({}, {}).look();
    expect(empty.actors.map(({ records, waitingRecords }) => records + waitingRecords)).toEqual([0, 0, 0]);
  });
});

describe('the families of the pipeline', () => {
  const families = pipelineFamilies(viewOf(COUNTERS, {}).look());

  it('are named as Prometheus wants it', () => {
    for (const { name, type, help } of families) {
      expect(name).toMatch(/^threadkeeper_(actor|link|thread)_[a-z_]+$/);
      expect(name.endsWith('_total')).toBe(type === 'counter');
      expect(help).not.toBe('');
    }
    expect(new Set(families.map(({ name }) => name)).size).toBe(families.length);
  });

  it('carry one sample per actor, with its thread', () => {
    const busy = families.find(({ name }) => name === 'threadkeeper_actor_busy_seconds_total');
    expect(busy?.samples).toContainEqual({ labels: { actor: 'prep', thread: 'main' }, value: 0.21 });
    expect(busy?.samples).toHaveLength(3);
  });
});

describe('the admin command pipeline', () => {
  it('shows totals and what follows from them', async () => {
    const host = { pipeline: viewOf(COUNTERS, {}) } as unknown as AdminHost;
    const request = {
      parameters: new Map(),
      headers: {},
      remoteAddress: '',
      clientAddress: '',
      certified: [],
      body: undefined as never,
      beginBody: () => {},
    };
    const { fields } = await pipeline(host).run(request);
    expect(fields).toMatchObject({ placement: 'compact', uptime_ms: 1000 });
    expect(fields?.threads).toMatchObject([{ thread: 'main', active_fraction: 0.75 }, { thread: 'log' }]);
    expect(fields?.actors).toMatchObject([
      { actor: 'connections.0', batch_mean: 0, record_us: 0 },
      { actor: 'prep', batch_mean: 5.25, record_us: 2000, held_turns: 2 },
      { actor: 'sync', batch_mean: 10 },
    ]);
  });
});
