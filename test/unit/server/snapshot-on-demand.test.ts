// Snapshots on a whole server in one thread with a simulated disk: asked for by hand or by the log, with a disk that works,
// is full, or fails (persistence 7.1, 7.2, 10.1).

import { describe, expect, test } from 'vitest';
import type { SnapshotFile } from '../../../src/server/snapshot-attempt.js';
import { FULL_DISK_PAUSE_MS } from '../../../src/server/snapshot-schedule.js';
import type { WireClient } from '../../testing/inline/wire-client.js';
import { InlineServer } from '../../testing/inline-server.js';

const DIRECTORY = '/data/version-2';

function create(server: InlineServer, client: WireClient, path: string): void {
  client.create(path);
  expect(server.reply(client).err).toBe(0);
}

async function take(server: InlineServer): Promise<SnapshotFile | undefined> {
  return server.snapshots?.take();
}

/** Snapshots and what is left of them. */
function namesOn(server: InlineServer): string[] {
  return server.disk.list(DIRECTORY).filter((name) => name.includes('snapshot'));
}

describe('a snapshot on demand', () => {
  test('holds everything applied so far, and a start loads it', async () => {
    const server = InlineServer.start();
    expect(server.snapshots?.last?.name).toBe('snapshot.0');
    const client = server.connect();
    create(server, client, '/a');
    create(server, client, '/b');
    const file = await take(server);
    expect(file).toMatchObject({ name: 'snapshot.3', zxidHi: 0, zxidLo: 3 });
    expect(file?.sizeBytes).toBe(server.disk.sizeOf(`${DIRECTORY}/snapshot.3`));
    expect(server.snapshots?.last).toEqual(file);
    server.crash();
    server.disk.unlink(`${DIRECTORY}/snapshot.0`);
    server.restart();
    expect(server.zxid).toBe(3n);
    expect(server.snapshots?.last?.name).toBe('snapshot.3');
    expect(namesOn(server)).toEqual(['snapshot.3']);
  });

  test('without a change since the last one it is that one, and its file is not touched', async () => {
    const server = InlineServer.start();
    const client = server.connect();
    create(server, client, '/a');
    const first = await take(server);
    const before = server.disk.callCount;
    expect(await take(server)).toEqual(first);
    expect(server.disk.callCount).toBe(before);
  });

  test('right after a start it is the one that was loaded', async () => {
    const server = InlineServer.start();
    const client = server.connect();
    create(server, client, '/a');
    await take(server);
    server.crash();
    server.restart();
    const bytes = server.disk.contentsOf(`${DIRECTORY}/snapshot.2`);
    expect(await take(server)).toMatchObject({ name: 'snapshot.2', sizeBytes: bytes.length });
    expect(server.disk.contentsOf(`${DIRECTORY}/snapshot.2`)).toEqual(bytes);
  });

  for (const call of ['create', 'write', 'sync', 'close', 'rename', 'syncDirectory'] as const) {
    for (const code of ['EIO', 'ENOSPC'] as const) {
      test(`${code} at ${call}: refused with the reason; nothing is left, and the server goes on`, async () => {
        const server = InlineServer.start();
        const client = server.connect();
        create(server, client, '/a');
        server.disk.onCall = ({ name, path }) => (name === call && isForSnapshots(name, path) ? code : 'ok');
        await expect(take(server)).rejects.toThrow(code);
        server.disk.onCall = () => 'ok';
        expect(namesOn(server)).toEqual(['snapshot.0']);
        create(server, client, '/b');
        expect((await take(server))?.name).toBe('snapshot.3');
      });
    }
  }
});

test.each(['gz', 'snappy'])(
  'snapshots compressed with %s are written, loaded, and known for what they are',
  async (method) => {
    const server = InlineServer.start({ properties: { 'zookeeper.snapshot.compression.method': method } });
    const client = server.connect();
    create(server, client, '/a');
    expect((await take(server))?.name).toBe(`snapshot.2.${method}`);
    server.crash();
    server.disk.unlink(`${DIRECTORY}/snapshot.0`);
    server.disk.unlink(`${DIRECTORY}/log.1`);
    server.restart();
    expect(server.zxid).toBe(2n);
    expect(await take(server)).toMatchObject({ name: `snapshot.2.${method}` });
    expect(namesOn(server)).toEqual([`snapshot.2.${method}`]);
  },
);

/** A server that snapshots at every second to fourth write. */
function busyServer(): InlineServer {
  return InlineServer.start({ properties: { 'zookeeper.snapCount': '4' } });
}

function errorsOf(server: InlineServer): string[] {
  return server.warnings.filter((line) => line.includes('cannot write a snapshot'));
}

describe('a snapshot that the log asked for', () => {
  test.each(['ENOSPC', 'EDQUOT'] as const)(
    '%s: one line, writes go on, and after a while it is tried again',
    (code) => {
      const server = busyServer();
      let client = server.connect();
      let tries = 0;
      server.disk.onCall = ({ name, path }) => {
        if (!path.includes('.tmp-snapshot')) return 'ok';
        if (name === 'create') tries++;
        return name === 'write' ? code : 'ok';
      };
      for (let i = 0; i < 40; i++) create(server, client, `/full-${i}`);
      expect(tries).toBe(1);
      expect(errorsOf(server)).toEqual([expect.stringMatching(new RegExp(`${code}.*Writes go on.*free space`))]);
      expect(namesOn(server)).toEqual(['snapshot.0']);

      server.advance(FULL_DISK_PAUSE_MS);
      client = server.connect();
      for (let i = 0; i < 8; i++) create(server, client, `/still-${i}`);
      expect(tries).toBe(2);

      server.disk.onCall = () => 'ok';
      server.advance(FULL_DISK_PAUSE_MS);
      client = server.connect();
      for (let i = 0; i < 8; i++) create(server, client, `/room-${i}`);
      expect(namesOn(server).length).toBeGreaterThan(1);
      const zxid = server.zxid;
      server.crash();
      server.restart();
      expect(server.zxid).toBe(zxid);
    },
  );

  test.each(['create', 'write', 'sync', 'rename', 'syncDirectory'] as const)(
    'EIO at %s: nothing is left of it, the server ends, and every log is there',
    (call) => {
      const server = busyServer();
      const client = server.connect();
      // Between two snapshots: only they sync a directory in which they have just renamed, or touch names like theirs.
      let renamed = false;
      server.disk.onCall = ({ name, path }) => {
        if (name === 'rename') renamed = true;
        const isForIt = name === 'syncDirectory' ? renamed : path.includes('snapshot');
        return name === call && isForIt ? 'EIO' : 'ok';
      };
      let last = 0n;
      expect(() => {
        for (let i = 0; i < 10; i++) {
          create(server, client, `/n-${i}`);
          last = server.zxid;
        }
      }).toThrow(/cannot write a snapshot to \/data\/version-2: EIO/);
      server.disk.onCall = () => 'ok';
      expect(namesOn(server)).toEqual(['snapshot.0']);
      server.crash();
      server.restart();
      expect(server.zxid).toBeGreaterThanOrEqual(last);
    },
  );
});

test('leftovers of snapshots, whatever their kind, are removed at the next start', () => {
  const server = InlineServer.start();
  server.crash();
  for (const name of ['.tmp-snapshot.5', '.tmp-snapshot.6.gz', '.tmp-snapshot.7.snappy']) {
    server.disk.place(`${DIRECTORY}/${name}`, Uint8Array.of(1, 2, 3));
  }
  server.restart();
  expect(namesOn(server)).toEqual(['snapshot.0']);
});

function isForSnapshots(name: string, path: string): boolean {
  return name === 'syncDirectory' || path.includes('snapshot');
}
