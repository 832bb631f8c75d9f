/**
 * Purging in a real server process, on a pool thread of its own: the first run, right after the start, on a directory full of
 * old snapshots and logs. The clock of later runs is moved in test/unit/server/datadir-cleanup.test.ts.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeTempDir } from '../testing/temp-dir.js';
import { startThreadkeeper } from '../testing/threadkeeper-server.js';
import { until } from '../testing/until.js';
import { counted, int32, Op, openAcl, WireConnection } from '../testing/wire-connection.js';

const DEADLINE_MS = 20_000;
const OLD_SNAPSHOTS = 6;
const KEPT = 3;

test('old snapshots and logs go at the start, and nothing is missed', { timeout: 60_000 }, async () => {
  const directory = makeTempDir('datadir-cleanup');
  const dataDir = join(directory.path, 'data');
  const names = (prefix: string): string[] =>
    readdirSync(join(dataDir, 'version-2')).filter((name) => name.startsWith(`${prefix}.`));
  let written = 0;
  try {
    await using writer = await startThreadkeeper({ dataDir, cfg: { snapCount: 2, 'autopurge.purgeInterval': 0 } });
    const connection = await WireConnection.openSession(writer.port);
    await until('enough snapshots', DEADLINE_MS, async () => {
      const path = counted(`/n${written++}`);
      expect((await connection.call(written, Op.Create, path, counted(''), openAcl, int32(0))).err).toBe(0);
      return names('snapshot').length >= OLD_SNAPSHOTS;
    });
    expect(writer.log()).toContain('Purge task is not scheduled.');
    connection.destroy();
    await writer.stop();
    const logCount = names('log').length;

    await using purger = await startThreadkeeper({ dataDir, cfg: { 'autopurge.purgeInterval': 1 } });
    await until('the purge', DEADLINE_MS, () => purger.log().includes('Purge task completed.'));
    expect(purger.log()).toContain('autopurge.snapRetainCount set to 3');
    expect(purger.log()).toContain('autopurge.purgeInterval set to 1');
    expect(purger.log()).toMatch(/ - INFO {2}\[.*\] - Removing file: .*\/version-2\/log\.1\n/);
    expect(names('snapshot')).toHaveLength(KEPT);
    expect(names('log').length).toBeLessThan(logCount);
    await purger.stop();

    await using reader = await startThreadkeeper({ dataDir });
    const client = await WireConnection.openSession(reader.port);
    for (let i = 0; i < written; i++) {
      expect((await client.call(i + 1, Op.Exists, counted(`/n${i}`), Uint8Array.of(0))).err).toBe(0);
    }
    client.destroy();
  } finally {
    directory.remove();
  }
});
