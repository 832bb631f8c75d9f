// Snapshots on a whole server in one thread with a simulated disk: asked for by hand or by the log, with a disk that works,
// is full, or fails (persistence 7.1, 7.2, 10.1).

import { describe, expect, test } from 'vitest';
import type { SnapshotFile } from '../../../src/server/snapshot-attempt.js';
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

function isForSnapshots(name: string, path: string): boolean {
  return name === 'syncDirectory' || path.includes('snapshot');
}
