// Purging by the clock: on a whole server in one thread with a simulated disk, and the actor alone where the answer to "may
// I?" and the time a purge takes are the test's. What a purge removes is in test/unit/persistence/purge.test.ts.

import { describe, expect, test } from 'vitest';
import type { ActorContext } from '../../../src/actor/actor.js';
import { silentLogger } from '../../../src/actor/logger.js';
import { ManualClock } from '../../../src/base/clock.js';
import { DatadirCleanupActor } from '../../../src/server/datadir-cleanup-actor.js';
import type { PurgeOutcome } from '../../../src/server/purge-task.js';
import type { WireClient } from '../../testing/inline/wire-client.js';
import { InlineServer } from '../../testing/inline-server.js';

const DIRECTORY = '/data/version-2';
const HOUR_MS = 3_600_000;
const TICK_MS = 1000;

/** A server whose log and snapshots roll every few writes. */
function startServer(purgeIntervalHours: number): { server: InlineServer; client: WireClient } {
  const server = InlineServer.start({ config: { purgeIntervalHours, snapCount: 4, maxSessionTimeoutMs: 9 * HOUR_MS } });
  return { server, client: server.connect({ timeOutMs: 9 * HOUR_MS }) };
}

function write(server: InlineServer, client: WireClient, count: number): void {
  for (let i = 0; i < count; i++) {
    client.create(`/n${server.zxid}`);
    expect(server.reply(client).err).toBe(0);
  }
}

function snapshots(server: InlineServer): string[] {
  return server.disk.list(DIRECTORY).filter((name) => name.startsWith('snapshot.'));
}

function logs(server: InlineServer): string[] {
  return server.disk.list(DIRECTORY).filter((name) => name.startsWith('log.'));
}

describe('a server', () => {
  test('purges right after its start and then at every interval; a start afterwards finds everything', () => {
    const { server, client } = startServer(1);
    server.advance(TICK_MS);
    expect(server.sayings).toContain('Purge task started.');
    expect(server.sayings).toContain('Purge task completed.');
    write(server, client, 40);
    const many = snapshots(server).length;
    expect(many).toBeGreaterThan(5);
    server.advance(HOUR_MS - 2 * TICK_MS);
    expect(snapshots(server)).toHaveLength(many);
    server.advance(2 * TICK_MS);
    expect(snapshots(server)).toHaveLength(3);
    const removals = server.sayings.filter((line) => line.startsWith('Removing file: '));
    expect(removals[0]).toMatch(/^Removing file: [A-Z][a-z]{2} \d+, \d{4}, .*\t\/data\/version-2\/log\.1$/);
    expect(removals.length).toBeGreaterThan(many - 3);
    const { zxid } = server;
    const nodeCount = server.tree.nodeCount();
    server.crash();
    server.restart();
    expect(server.zxid).toBe(zxid);
    expect(server.tree.nodeCount()).toBe(nodeCount);
    // The first purge of this life; the start itself has made one snapshot more.
    expect(snapshots(server)).toHaveLength(4);
    server.advance(TICK_MS);
    expect(server.sayings.filter((line) => line === 'Purge task started.')).toHaveLength(3);
    expect(snapshots(server)).toHaveLength(3);
    expect(logs(server).length).toBeLessThan(6);
  });

  test('does nothing of the kind by default, and says so', () => {
    const { server, client } = startServer(0);
    write(server, client, 40);
    const before = server.disk.list(DIRECTORY);
    server.advance(HOUR_MS + TICK_MS);
    expect(server.disk.list(DIRECTORY)).toEqual(before);
    expect(server.sayings).toContain('autopurge.snapRetainCount set to 3');
    expect(server.sayings).toContain('autopurge.purgeInterval set to 0');
    expect(server.sayings).toContain('Purge task is not scheduled.');
    expect(server.sayings).not.toContain('Purge task started.');
  });

  test('goes on when files cannot be removed, and tries again', () => {
    const { server, client } = startServer(1);
    server.advance(TICK_MS);
    write(server, client, 40);
    const many = snapshots(server).length;
    server.disk.onCall = ({ name }) => (name === 'unlink' ? 'EIO' : 'ok');
    server.advance(HOUR_MS);
    expect(server.warnings.some((line) => line.startsWith(`Failed to remove ${DIRECTORY}/log.1: EIO`))).toBe(true);
    expect(snapshots(server)).toHaveLength(many);
    server.disk.onCall = ({ name, path }) => (name === 'list' && path === DIRECTORY ? 'EIO' : 'ok');
    server.advance(HOUR_MS);
    expect(server.warnings.at(-1)).toMatch(/^Error occurred while purging. EIO/);
    server.disk.onCall = () => 'ok';
    server.advance(HOUR_MS);
    expect(snapshots(server)).toHaveLength(3);
    write(server, client, 1);
  });

  test('does not count a snapshot that the disk has damaged', () => {
    const { server, client } = startServer(1);
    server.advance(TICK_MS);
    write(server, client, 40);
    const newest = snapshots(server)
      .sort((a, b) => Number.parseInt(a.slice(9), 16) - Number.parseInt(b.slice(9), 16))
      .at(-1) as string;
    const bytes = server.disk.contentsOf(`${DIRECTORY}/${newest}`).slice();
    bytes[20] ^= 8;
    server.disk.place(`${DIRECTORY}/${newest}`, bytes);
    server.advance(HOUR_MS);
    expect(snapshots(server)).toHaveLength(4);
    expect(server.warnings.some((line) => line.startsWith(`${newest} does not count as a snapshot to keep: `))).toBe(
      true,
    );
  });
});

class Harness {
  readonly clock = new ManualClock(5000);
  readonly lines: string[] = [];
  mayPurge = true;
  done: ((outcome: PurgeOutcome | Error) => void) | null = null;
  begun = 0;
  readonly actor: DatadirCleanupActor;

  constructor() {
    const keep = (line: string): void => {
      this.lines.push(line);
    };
    const log = { ...silentLogger, info: keep, warn: keep, error: keep };
    const context = { clock: this.clock, log } as unknown as ActorContext;
    const options = { retainCount: 3, intervalHours: 2 };
    this.actor = new DatadirCleanupActor(context, options, {
      mayPurge: () => this.mayPurge,
      begin: (_count, done) => {
        this.begun++;
        this.done = done;
      },
    });
  }

  load(): void {
    this.actor.inboxes.final?.(0, new Uint8Array(0), new Int32Array(0), 0, 0);
  }

  pass(ms: number): void {
    this.clock.advance(ms);
    this.actor.onTick(this.clock.monotonicMs());
  }

  finish(): void {
    this.done?.({ removed: [], complaints: [], failure: null });
  }
}

describe('the actor', () => {
  test('waits for the database, and while somebody else works on the files', () => {
    const harness = new Harness();
    harness.pass(HOUR_MS * 9);
    expect(harness.begun).toBe(0);
    harness.load();
    harness.mayPurge = false;
    harness.pass(TICK_MS);
    expect(harness.begun).toBe(0);
    harness.mayPurge = true;
    harness.pass(TICK_MS);
    expect(harness.begun).toBe(1);
  });

  test('does not begin in the turn in which the database came: the snapshot that a start wants may not be begun yet', () => {
    const harness = new Harness();
    harness.load();
    harness.pass(0);
    expect(harness.begun).toBe(0);
    harness.pass(TICK_MS);
    expect(harness.begun).toBe(1);
  });

  test('never runs twice at a time, keeps its rate, and makes up for nothing', () => {
    const harness = new Harness();
    harness.load();
    harness.pass(TICK_MS);
    harness.pass(5 * HOUR_MS);
    expect(harness.begun).toBe(1);
    harness.finish();
    harness.pass(TICK_MS);
    expect(harness.begun).toBe(2);
    harness.finish();
    harness.pass(TICK_MS);
    expect(harness.begun).toBe(2);
    harness.pass(HOUR_MS);
    expect(harness.begun).toBe(3);
  });

  test('tells who waits for it when it is idle, and a failure to the log', async () => {
    const harness = new Harness();
    await harness.actor.whenIdle();
    harness.load();
    harness.pass(TICK_MS);
    let isIdle = false;
    const idle = harness.actor.whenIdle().then(() => {
      isIdle = true;
    });
    await Promise.resolve();
    expect(isIdle).toBe(false);
    harness.done?.(new Error('the pool is gone'));
    await idle;
    expect(harness.lines).toEqual(['Purge task started.', 'Error occurred while purging.', 'Purge task completed.']);
  });
});
