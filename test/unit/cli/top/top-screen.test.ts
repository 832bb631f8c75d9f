// `threadkeeper top` without a terminal: its words, the screen drawn from a look at a played server, narrow and wide, and a server
// that goes away and comes back.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AdminFigures, type Look } from '../../../../src/cli/top/admin-figures.js';
import { readTopWords } from '../../../../src/cli/top/top.js';
import { drawScreen, type ScreenState } from '../../../../src/cli/top/top-screen.js';

const ACTOR = {
  ...{ thread: 'main', waiting_records: 0, waiting_bytes: 0, waiting_bytes_max: 0, batch_mean: 1, batch_max: 40 },
  ...{ record_us: 1, refusals: 0, held_turns: 0, restarts: 0 },
};
const SLOW = {
  threshold_ms: 100,
  requests: [
    {
      replied_at: 'noon',
      total_ms: 140,
      operation: 'setData',
      path: '/a',
      stages_ms: { sync: 130, prep: 10, wait: 0 },
    },
  ],
};
/** Of the answers to `pipeline`: each is a second later than the one before. */
let asked = 0;
let isDown = false;
let server: Server;
let url = '';

function pipeline(): object {
  asked++;
  return {
    placement: 'compact',
    taken_ms: asked * 1000,
    uptime_ms: asked * 1000,
    actors: [
      { ...ACTOR, actor: 'connections.0', records: 5000 * asked, batches: 100 * asked, busy_ms: 100 * asked },
      {
        ...ACTOR,
        actor: 'sync',
        thread: 'log',
        records: 1000 * asked,
        batches: 10 * asked,
        busy_ms: 930 * asked,
        refusals: asked,
      },
    ],
    links: [],
    threads: [
      {
        thread: 'main',
        kind: 'event-loop',
        actors: ['connections.0'],
        turns: asked,
        idle_turns: 0,
        turn_max_ms: 3,
        wakes_sent: 0,
        active_ms: 250 * asked,
        active_fraction: 0,
      },
      {
        thread: 'log',
        kind: 'blocking',
        actors: ['sync'],
        turns: asked,
        idle_turns: 0,
        turn_max_ms: 30,
        wakes_sent: 0,
        active_ms: 950 * asked,
        active_fraction: 0,
      },
    ],
  };
}

function figures(): object {
  return {
    version: '3.9.5-x, built on y',
    server_state: 'lea\u001b[2Jder',
    gauges: { packets_received: 6000 * asked, outstanding_requests: 7, num_alive_connections: 3, synced_followers: 2 },
    summaries: {
      readlatency: {
        count: 5000 * asked,
        sum: 6000 * asked,
        buckets: [...[[1, 4900 * asked]], ...[[12, 100 * asked]]],
      },
      updatelatency: { count: 0, sum: 0, buckets: [] },
    },
  };
}

beforeAll(async () => {
  server = createServer((request, response) => {
    if (isDown) return response.destroy();
    if (request.url?.startsWith('/other')) return response.writeHead(404).end('<html>');
    if (request.url?.endsWith('/slow_requests')) return response.end(JSON.stringify(SLOW));
    return response.end(JSON.stringify(request.url?.endsWith('/pipeline') ? pipeline() : figures()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/commands`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const STATE: Omit<ScreenState, 'look'> = {
  ...{ address: 'here:8080', trouble: null, sort: 'line', isPaused: false, hasKeys: true, isColoured: false },
};

async function secondLook(): Promise<Look> {
  const figures = new AdminFigures(url);
  await figures.look();
  return figures.look();
}

describe('the words', () => {
  it.each([
    [[], 'http://127.0.0.1:8080/commands'],
    [['9090'], 'http://127.0.0.1:9090/commands'],
    [['zk-1'], 'http://zk-1:8080/commands'],
    [['zk-1:81'], 'http://zk-1:81/commands'],
    [['[::1]'], 'http://[::1]:8080/commands'],
    [['[::1]:81'], 'http://[::1]:81/commands'],
    [['https://zk/admin/'], 'https://zk/admin'],
  ])('%j is %s', (args, address) => {
    expect(readTopWords(args).url).toBe(address);
  });

  it('are refused where they make no sense', () => {
    for (const args of [['a b'], ['--nope'], ['a', 'b'], ['--sort', 'x'], ['--interval', '0'], ['--interval']]) {
      expect(() => readTopWords(args)).toThrow();
    }
    expect(readTopWords(['--once', '--json', '--sort', 'busy', '--interval', '0.5'])).toMatchObject({
      ...{ isOnce: true, isJson: true, sort: 'busy', intervalMs: 500 },
    });
  });
});

describe('the screen', () => {
  it('shows what happened in the last second', async () => {
    const text = drawScreen({ ...STATE, look: await secondLook() }, 140, 50).join('\n');
    expect(text).toContain('reads 5,000/s  p50 1 ms  p99 12 ms');
    expect(text).toMatch(/^main +█{4}░{12} 25 % /m);
    expect(text).toMatch(/^connections\.0 +main +5,000\/s +10 % +50 +40 +20 µs/m);
    expect(text).toContain('followers in sync 2');
    expect(text).toContain('noon  140 ms  setData  /a  (sync 130, prep 10)');
    expect(text).toContain('thread log is busy; sync has no room for more');
  });

  it('fits into any terminal, and passes no sequence on that a server sends', async () => {
    const look = await secondLook();
    for (const [columns, rows] of [
      [20, 5],
      [80, 24],
      [200, 60],
    ] as const) {
      const lines = drawScreen({ ...STATE, look }, columns, rows);
      expect(lines.length).toBeLessThanOrEqual(rows);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
      expect(lines.join('\n')).not.toContain('\u001b');
    }
    expect(drawScreen({ ...STATE, look, isColoured: true }, 80, 24).join('\n')).toContain('\u001b[7m');
  });

  it('sorts as it is told', async () => {
    const look = await secondLook();
    const order = (sort: ScreenState['sort']): string[] =>
      drawScreen({ ...STATE, look, sort }, 140, 50).flatMap((line) => /^(connections\.0|sync) /.exec(line)?.[1] ?? []);
    expect(order('line')).toEqual(['connections.0', 'sync']);
    expect(order('busy')).toEqual(['sync', 'connections.0']);
  });

  it('keeps what was last known while the server is away, and says so', async () => {
    const figures = new AdminFigures(url);
    const look = await figures.look();
    isDown = true;
    const error = await figures.look().catch((reason: Error) => reason);
    isDown = false;
    const text = drawScreen({ ...STATE, look, trouble: (error as Error).message }, 140, 50).join('\n');
    expect(text).toContain('does not answer');
    expect(text).toContain('connections.0');
    figures.forget();
    expect((await figures.look()).before).toBeNull();
  });

  it('says when the port is somebody else’s', async () => {
    const other = new AdminFigures(url.replace('/commands', '/other'));
    await expect(other.look()).rejects.toThrow('is this the admin port of a Threadkeeper server?');
  });
});

it('waits no longer for a server that says nothing when its user has enough', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const enough = new AbortController();
  const looking = new AdminFigures(`http://127.0.0.1:${(silent.address() as AddressInfo).port}/commands`).look(
    enough.signal,
  );
  silent.once('request', () => enough.abort());
  await expect(looking).rejects.toThrow('does not answer');
  silent.closeAllConnections();
  silent.close();
});
