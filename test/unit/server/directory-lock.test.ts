// Two servers on one directory: the second one is refused, by whatever path it came, and with the number of the process to stop.

import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLogger } from '../../../src/actor/logger.js';
import { DirectoryLock } from '../../../src/server/directory-lock.js';
import { makeTempDir, type TempDir } from '../../testing/temp-dir.js';

let dir: TempDir;
const held: DirectoryLock[] = [];

beforeEach(() => {
  dir = makeTempDir('directory-lock');
  for (const name of ['a', 'b', 'log']) mkdirSync(join(dir.path, name, 'version-2'), { recursive: true });
  symlinkSync(join(dir.path, 'a'), join(dir.path, 'link'));
});
afterEach(() => {
  for (const lock of held.splice(0)) lock.release();
  dir.remove();
});

async function take(dataDir: string, dataLogDir = dataDir): Promise<DirectoryLock> {
  const lock = await DirectoryLock.take(join(dir.path, dataDir), join(dir.path, dataLogDir), silentLogger);
  held.push(lock);
  return lock;
}

it.runIf(process.platform === 'linux')('is one server at a time, and free again after it', async () => {
  const first = await take('a', 'log');
  const sentence = `version-2 is in use by the server of process ${process.pid}: stop that one, or give`;
  await expect(take('a')).rejects.toThrow(`${dir.path}/a/${sentence}`);
  await expect(take('link')).rejects.toThrow(sentence);
  // What a refused one had taken before is free again.
  await expect(take('b', 'log')).rejects.toThrow(`${dir.path}/log/${sentence}`);
  await take('b');
  first.release();
  await take('link', 'log');
});
