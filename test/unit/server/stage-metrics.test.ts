// What the stages record in Apache's names: one server, a few requests whose counts and times are known, and then the figures.

import { beforeAll, describe, expect, test } from 'vitest';
import { SUMMARY_CELLS, SummaryCell } from '../../../src/actor/counters/metrics-layout.js';
import { ManualClock } from '../../../src/base/clock.js';
import { InlineServer } from '../../testing/inline-server.js';

interface Figures {
  readonly count: number;
  readonly sum: number;
  readonly max: number;
}

/** Each look at it takes its time. */
class PassingClock extends ManualClock {
  override monotonicMs(): number {
    this.advance(1 / 32);
    return super.monotonicMs();
  }
}

let server: InlineServer;

function figures(cells: Float64Array): Figures {
  return { count: cells[SummaryCell.count], sum: cells[SummaryCell.sum], max: cells[SummaryCell.greatest] };
}

function summary(name: string): Figures {
  const cells = new Float64Array(SUMMARY_CELLS);
  cells[SummaryCell.least] = Number.POSITIVE_INFINITY;
  expect(server.metrics().addSummary(name, cells), `${name} is registered`).toBe(true);
  return figures(cells);
}

function keyed(name: string): Record<string, Figures> {
  return Object.fromEntries([...server.metrics().keyed(name)].map(([key, cells]) => [key, figures(cells)]));
}

function counter(name: string): number {
  return ['connections.0', 'prep', 'sync', 'final', 'session-tracker'].reduce(
    (sum, actor) => sum + server.counters().sum(name, actor),
    0,
  );
}

beforeAll(() => {
  server = InlineServer.start({ placement: 'staged', clock: new ManualClock(1_000_000) });
  const client = server.connect(); // one transaction
  const watcher = server.connect(); // two
  client.create('/app', { data: 'abc' }); // three
  client.create('/app/one', { data: 'x' }); // four
  server.run();
  watcher.getData('/app', true); // 4 + 3 + 68
  watcher.getChildren('/app', true); // 4 + 3 + 68
  watcher.exists('/app'); // 4 + 0 + 68
  server.run();
  client.setData('/app', 'four'); // five
  client.delete('/app/one'); // six
  client.setData('/none', 'x'); // seven: an error is a transaction, too
  client.getData('/app'); // 4 + 4 + 68, behind writes
  client.getData('/none'); // counts nowhere by its namespace
  server.run();
  client.ping();
  server.run();
  watcher.closeSession(); // eight
  server.run();
});

describe('connections', () => {
  test('latencies of what changes something and of what does not', () => {
    expect(summary('updatelatency')).toEqual({ count: 8, sum: 0, max: 0 });
    expect(summary('readlatency').count).toBe(6);
  });

  test('requests for connections', () => {
    expect(counter('connection_request_count')).toBe(2);
    expect(counter('connection_rejected')).toBe(0);
    expect(counter('connection_revalidate_count')).toBe(0);
    expect(summary('connection_token_deficit')).toEqual({ count: 2, sum: 0, max: 0 });
  });

  test('bytes: of all that came, of replies, and of events', () => {
    expect(counter('bytes_received_count')).toBeGreaterThan(400);
    // An event: header 16, type, state, path of four.
    expect(counter('watch_bytes')).toBe(2 * (16 + 4 + 4 + 4 + 4));
    expect(summary('client_response_size').sum).toBe(counter('response_bytes'));
    // Every request has one, and nobody's ConnectResponse is one.
    expect(summary('client_response_size').count).toBe(12);
  });

  test('watchers per event', () => {
    expect(summary('node_changed_watch_count')).toEqual({ count: 1, sum: 1, max: 1 });
    expect(summary('node_children_watch_count')).toEqual({ count: 1, sum: 1, max: 1 });
    expect(summary('node_deleted_watch_count').count).toBe(0);
  });

  test('the throttle keeps nobody waiting', () => {
    expect(summary('request_throttle_queue_time_ms')).toEqual({ count: 14, sum: 0, max: 0 });
  });
});

describe('the line', () => {
  test('bytes per namespace, as the reference counts them', () => {
    expect(keyed('read_per_namespace')).toEqual({ app: { count: 4, sum: 75 + 75 + 72 + 76, max: 76 } });
    // Creates 4 + 3 and 8 + 1, the change 4 + 4, the delete 8.
    expect(keyed('write_per_namespace')).toEqual({ app: { count: 4, sum: 7 + 9 + 8 + 8, max: 9 } });
  });

  test('every transaction is decided, logged and applied once', () => {
    // The two reads behind the writes pass, too.
    const passed = 8 + counter('reads_forwarded');
    expect(passed).toBeGreaterThanOrEqual(10);
    expect(counter('prep_processor_request_queued')).toBe(passed);
    expect(summary('prep_processor_queue_time_ms').count).toBe(passed);
    expect(summary('prep_process_time').count).toBe(passed);
    expect(counter('sync_processor_request_queued')).toBe(passed);
    expect(summary('sync_processor_batch_size').sum).toBe(8);
    expect(summary('sync_processor_queue_time_ms').count).toBe(8);
    expect(summary('sync_processor_queue_and_flush_time_ms').count).toBe(8);
    expect(summary('propagation_latency').count).toBe(8);
    expect(summary('close_session_prep_time').count).toBe(1);
  });

  test('changes come and go', () => {
    // Each create changes node and parent; so does the delete.
    expect(counter('outstanding_changes_queued')).toBeGreaterThanOrEqual(7);
    expect(counter('outstanding_changes_removed')).toBeLessThanOrEqual(counter('outstanding_changes_queued'));
    expect(counter('outstanding_changes_removed')).toBeGreaterThan(0);
  });
});

test('latencies are told in parts of a millisecond, of what is answered at once, too', () => {
  server = InlineServer.start({ placement: 'staged', clock: new PassingClock(1_000_000) });
  const client = server.connect();
  const opened = summary('updatelatency').sum;
  client.create('/app', { data: 'abc' });
  server.run();
  client.getData('/app');
  server.run();
  const [read, write] = [summary('readlatency'), summary('updatelatency')];
  expect(read.count).toBe(1);
  expect(read.sum).toBeGreaterThan(0);
  expect(read.sum).toBeLessThan(1);
  expect(write.sum - opened).toBeGreaterThan(0);
  expect(write.sum * 64).toBe(Math.round(write.sum * 64));
  expect(summary('prep_processor_queue_time_ms').sum % 1).toBeGreaterThan(0);
});
