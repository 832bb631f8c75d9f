// Snapshots of a real server on a disk that fails: the process under strace, which lets just the calls on a snapshot's
// temporary file fail. What the log holds behind the snapshot is replayed at a start, which then takes one; so it is known
// which name the temporary has.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openZooKeeper } from '../../src/client/open-zookeeper.js';
import { ServerProcess } from '../testing/server-process.js';
import { straced } from '../testing/strace.js';
import { makeTempDir, type TempDir } from '../testing/temp-dir.js';
import { threadkeeperServer } from '../testing/threadkeeper-server.js';
import { until } from '../testing/until.js';

const DEADLINE_MS = 20_000;
/** createSession, the creates, and what the next start's own clients add before the snapshot is begun. */
const ZXIDS_MAX = 40;

async function createSome(server: ServerProcess, prefix: string): Promise<void> {
  const zk = openZooKeeper(`127.0.0.1:${server.port}`, { sessionTimeoutMs: 10_000 });
  for (let i = 0; i < 10; i++) await zk.create(`/${prefix}-${i}`, new Uint8Array(100));
  await zk.close();
}

/** A directory whose log holds more than its snapshot. */
async function directoryToReplay(directory: TempDir): Promise<string> {
  const dataDir = join(directory.path, 'data');
  const server = await ServerProcess.start(threadkeeperServer, { dataDir });
  await createSome(server, 'first');
  await server.kill();
  await server.stop();
  return dataDir;
}

async function startWithFault(directory: TempDir, dataDir: string, inject: string): Promise<ServerProcess> {
  const paths = Array.from({ length: ZXIDS_MAX }, (_, zxid) =>
    join(dataDir, 'version-2', `.tmp-snapshot.${zxid.toString(16)}`),
  );
  const [call] = inject.split(':');
  const traceFile = join(directory.path, 'trace');
  return await ServerProcess.start(straced(threadkeeperServer, { calls: call, traceFile, inject, paths }), {
    dataDir,
    readyMs: 60_000,
  });
}

function snapshotNames(dataDir: string): string[] {
  return readdirSync(join(dataDir, 'version-2')).filter((name) => name.includes('snapshot'));
}

test.each(['pwrite64:error=EDQUOT'])(
  '%s: the server goes on without it, and a later start takes one',
  async (inject) => {
    using directory = makeTempDir('snapshot-faults');
    const dataDir = await directoryToReplay(directory);
    const server = await startWithFault(directory, dataDir, inject);
    await until('the line about the full disk', DEADLINE_MS, () =>
      /cannot write a snapshot to .*EDQUOT.*Writes go on/.test(server.log()),
    );
    expect(snapshotNames(dataDir)).toEqual(['snapshot.0']);
    await createSome(server, 'second');
    expect(await server.stop()).toMatchObject({ code: 143 });

    await using again = await ServerProcess.start(threadkeeperServer, { dataDir });
    await until('the snapshot', DEADLINE_MS, () =>
      snapshotNames(dataDir).some((name) => /^snapshot\.[1-9a-f]/.test(name)),
    );
    const zk = openZooKeeper(`127.0.0.1:${again.port}`, { sessionTimeoutMs: 10_000 });
    expect((await zk.getChildren('/')).length).toBe(21);
    await zk.close();
  },
);

test.each(['fsync:error=EIO'])(
  '%s: one line and exit code 10; nothing is left of it, and nothing lost',
  async (inject) => {
    using directory = makeTempDir('snapshot-faults');
    const dataDir = await directoryToReplay(directory);
    const server = await startWithFault(directory, dataDir, inject);
    expect((await server.exited).code).toBe(10);
    expect(
      server
        .log()
        .match(/^Severe unrecoverable error, from thread : snapshotter: cannot write a snapshot to [^\n]*EIO/gm),
    ).toHaveLength(1);
    expect(snapshotNames(dataDir)).toEqual(['snapshot.0']);
    await server.stop();

    await using again = await ServerProcess.start(threadkeeperServer, { dataDir });
    const zk = openZooKeeper(`127.0.0.1:${again.port}`, { sessionTimeoutMs: 10_000 });
    expect((await zk.getChildren('/')).length).toBe(11);
    await zk.close();
  },
);
