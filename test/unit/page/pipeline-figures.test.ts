// What happened between two answers of the command `pipeline`, as the page and `threadkeeper top` show it, and numbers as text.

import { describe, expect, it } from 'vitest';
import {
  bytes,
  count,
  duration,
  instant,
  microseconds,
  milliseconds,
  percent,
  rate,
} from '../../../src/page/format.js';
import { History } from '../../../src/page/history.js';
import { type PipelineFigures, ratesBetween } from '../../../src/page/pipeline-figures.js';
import { figuresBetween } from '../../../src/page/server-figures.js';

function figures(takenMs: number, scale: number): PipelineFigures {
  return {
    placement: 'compact',
    taken_ms: takenMs,
    uptime_ms: takenMs - 500,
    actors: [
      {
        actor: 'sync',
        thread: 'log',
        waiting_records: 3,
        waiting_bytes: 512,
        waiting_bytes_max: 900,
        records: 1000 * scale,
        batches: 10 * scale,
        batch_mean: 100,
        batch_max: 400,
        busy_ms: 200 * scale,
        record_us: 200,
        refusals: scale,
        held_turns: 0,
        restarts: 0,
      },
    ],
    links: [
      {
        link: 'prep_to_sync',
        from: 'prep',
        to: 'sync',
        crosses_threads: true,
        capacity_bytes: 1024,
        depth_bytes: 512,
        depth_bytes_max: 900,
        records: 1000 * scale,
      },
    ],
    threads: [
      {
        thread: 'log',
        kind: 'blocking',
        actors: ['sync'],
        turns: 100 * scale,
        idle_turns: 0,
        turn_max_ms: 5,
        wakes_sent: 50 * scale,
        active_ms: 900 * scale,
        active_fraction: 0.4,
      },
    ],
  };
}

describe('rates', () => {
  it('are of the time between two answers', () => {
    const { actors, links, threads } = ratesBetween(figures(10_000, 1), figures(12_000, 2));
    expect(actors[0]).toMatchObject({ recordsPerSecond: 500, batchMean: 100, recordUs: 200, busy: 0.1 });
    expect(actors[0]?.refusalsPerSecond).toBe(0.5);
    expect(links[0]).toMatchObject({ recordsPerSecond: 500, fill: 0.5 });
    expect(threads[0]).toMatchObject({ load: 0.45, turnsPerSecond: 50, wakesPerSecond: 25 });
  });

  it('are of all time where there is but one, or the server is another', () => {
    expect(ratesBetween(null, figures(2500, 1)).actors[0]?.recordsPerSecond).toBe(500);
    expect(ratesBetween(figures(90_000, 50), figures(2500, 1)).actors[0]?.recordsPerSecond).toBe(500);
  });

  it('do not divide by nothing', () => {
    const same = ratesBetween(figures(10_000, 1), { ...figures(11_000, 1), placement: 'compact' });
    expect(same.actors[0]).toMatchObject({ recordsPerSecond: 0, batchMean: 0, recordUs: 0, busy: 0 });
  });
});

describe('figures of the server', () => {
  const answer = (count: number, buckets: readonly (readonly [number, number])[]) => ({
    server_state: 'leader',
    gauges: { znode_count: 5 },
    summaries: { readlatency: { count, sum: count * 2, buckets } },
  });

  it('are of the time between two answers', () => {
    const before = figuresBetween(null, answer(100, [[1, 100]]));
    expect(before.named).toMatchObject({ znode_count: 5, server_state: 'leader', p99_readlatency: 1 });
    const now = figuresBetween(before, answer(200, [...[[1, 190] as const], ...[[40, 10] as const]]));
    expect(now.named).toMatchObject({
      ...{ cnt_readlatency: 200, avg_readlatency: 2, p50_readlatency: 1, p99_readlatency: 40, max_readlatency: 40 },
    });
  });

  it('have no times where nothing happened, and begin anew after a reset', () => {
    const before = figuresBetween(null, answer(100, [[7, 100]]));
    expect(figuresBetween(before, answer(100, [[7, 100]])).named.p50_readlatency).toBeUndefined();
    expect(figuresBetween(before, answer(3, [[2, 3]])).named).toMatchObject({ cnt_readlatency: 3, p50_readlatency: 2 });
    expect(figuresBetween(before, {}).named).toEqual({ server_state: 'not serving', version: undefined });
  });
});

describe('the history', () => {
  it('has gaps where no answer came and where counters began anew', () => {
    const history = new History();
    const add = (atMs: number, packets: number) =>
      history.add({ atMs, figures: { packets_received: packets, text: 'x' }, rates: null });
    add(0, 100);
    add(1000, 300);
    history.add(null);
    add(3000, 900);
    add(4000, 1000);
    add(5000, 10);
    expect(history.growth('packets_received')).toEqual([undefined, 200, undefined, undefined, 100, undefined]);
    expect(history.values('packets_received')).toEqual([100, 300, undefined, 900, 1000, 10]);
    expect(history.values('text')[0]).toBeUndefined();
  });
});

describe('numbers', () => {
  it('are short', () => {
    expect([count(0), count(1234), count(12_345), count(1_234_567), count(undefined)]).toEqual([
      ...['0', '1,234', '12.3 k', '1.23 M', '–'],
    ]);
    expect([bytes(0), bytes(999), bytes(2048), bytes(5 * 1024 * 1024)]).toEqual(['0 B', '999 B', '2 kB', '5 MB']);
    expect([milliseconds(0), milliseconds(0.25), milliseconds(12.34), milliseconds(30_000)]).toEqual([
      ...['0 ms', '250 µs', '12.3 ms', '30 s'],
    ]);
    expect([microseconds(4.09), percent(0.703), percent(0), rate(13_849)]).toEqual([
      ...['4.09 µs', '70.3 %', '0 %', '13.8 k/s'],
    ]);
    expect([duration(5000), duration(3_725_000), duration(200_000_000)]).toEqual(['5 s', '1 h 2 min', '2 d 7 h']);
    expect(instant(1_700_000_000_000)).toBe('2023-11-14 22:13:20.000 UTC');
  });
});
