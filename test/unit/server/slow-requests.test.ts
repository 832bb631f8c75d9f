// The slow-request log of a server whose disk takes its time: which requests are told of, and where their time went. In one
// thread (compact keeps all but the log there) and with a thread per stage.

import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../../src/base/clock.js';
import type { FileStore, StoredFile } from '../../../src/persistence/file-store.js';
import { InlineServer } from '../../testing/inline-server.js';

/** Syncs of the log take this long, by the clock of the server. */
class SlowDisk {
  syncMs = 0;
  readonly clock: ManualClock;

  constructor(clock: ManualClock) {
    this.clock = clock;
  }

  over(files: FileStore): FileStore {
    const slow = (file: StoredFile): StoredFile => {
      const syncData = (): void => {
        file.syncData();
        if (file.path.includes('/log.')) this.clock.advance(this.syncMs);
      };
      return new Proxy(file, {
        get: (target, name) => {
          const member = name === 'syncData' ? syncData : Reflect.get(target, name, target);
          return typeof member === 'function' ? member.bind(target) : member;
        },
      });
    };
    return new Proxy(files, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (name === 'createNew') return (path: string, like?: string) => slow(target.createNew(path, like));
        if (name === 'openForWrite') return (path: string) => slow(target.openForWrite(path));
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
  }
}

function start(
  placement: 'inline' | 'staged',
  slowRequestThresholdMs: number,
  outstandingLimit = 1000,
): { server: InlineServer; disk: SlowDisk } {
  const clock = new ManualClock(1_000_000);
  const disk = new SlowDisk(clock);
  const files = (sim: FileStore): FileStore => disk.over(sim);
  return {
    server: InlineServer.start({ placement, clock, files, config: { slowRequestThresholdMs, outstandingLimit } }),
    disk,
  };
}

describe.each(['inline', 'staged'] as const)('%s', (placement) => {
  test('a write whose sync took 200 ms, and the read behind it', () => {
    const { server, disk } = start(placement, 100);
    const client = server.connect();
    client.create('/a', { data: 'x' });
    server.run();
    expect(server.slowLines).toEqual([]);
    disk.syncMs = 200;
    client.setData('/a', 'y');
    client.getData('/a');
    server.run();
    expect(server.slowLines).toHaveLength(2);
    expect(server.slowLines[0]).toMatch(
      /^Slow request: setData \/a of session 0x[0-9a-f]+ from \/[^ ]+:\d+ took 200 ms: queue 0, prep 0, log queue 0, log write 0, sync 200, commit 0, reply 0 \(zxid 0x3\)$/,
    );
    expect(server.slowLines[1]).toMatch(
      /^Slow request: getData of session .* sync 200, commit 0, line 0 \(zxid 0x3\)$/,
    );
    expect(server.slowRequests?.last.map(({ operation, path, totalMs }) => [operation, path, totalMs])).toEqual([
      ['setData', '/a', 200],
      ['getData', '', 200],
    ]);
  });

  test('of very many at once some are told and the others counted', () => {
    const { server, disk } = start(placement, 100);
    const client = server.connect();
    client.create('/a');
    server.run();
    disk.syncMs = 5000;
    for (let i = 0; i < 50; i++) client.setData('/a', 'y');
    server.run();
    expect(server.slowLines).toHaveLength(10);
    client.setData('/a', 'z');
    server.run();
    expect(server.slowLines.at(-1)).toMatch(/, and 40 more that are not told$/);
    expect(server.counters().sum('threadkeeper_slow_requests', 'connections.')).toBe(51);
  });
});

test('nothing is told with a threshold of 0, and one may be set while the server runs', () => {
  const { server, disk } = start('inline', 0);
  const client = server.connect();
  disk.syncMs = 3000;
  client.create('/a');
  server.run();
  expect(server.slowLines).toEqual([]);
  server.setSlowRequestThreshold(1000);
  client.create('/b');
  client.create('/c');
  server.run();
  client.create('/d');
  server.run();
  expect(server.slowLines.at(-1)).toContain('create /d');
});

test('requests that were held back in front of the line', () => {
  const { server, disk } = start('inline', 100, 3);
  const client = server.connect();
  client.create('/a');
  server.run();
  disk.syncMs = 400;
  for (let i = 0; i < 8; i++) client.setData('/a', 'y');
  server.run();
  expect(server.slowLines.some((line) => line.includes(': held back '))).toBe(true);
});
