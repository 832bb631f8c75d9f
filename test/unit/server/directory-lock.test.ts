// Two servers on one directory: the second one is refused, by whatever path it came, and with the number of the process to stop.

import { execFile } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLogger } from '../../../src/actor/logger.js';
import { DirectoryLock } from '../../../src/server/directory-lock.js';
import { repositoryRoot } from '../../testing/repository-root.js';
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

it.runIf(process.platform === 'linux')('is one worker of a cluster at a time', async () => {
  const program = join(dir.path, 'cluster.mjs');
  writeFileSync(
    program,
    `import cluster from 'node:cluster';
     import { silentLogger } from ${JSON.stringify(builtUrl('actor/logger.js'))};
     import { DirectoryLock } from ${JSON.stringify(builtUrl('server/directory-lock.js'))};
     const path = ${JSON.stringify(join(dir.path, 'a'))};
     if (cluster.isPrimary) {
       const said = [];
       for (let i = 0; i < 2; i++) cluster.fork().on('message', (word) => {
         if (said.push(word) < 2) return;
         console.log(said.sort().join(' '));
         for (const worker of Object.values(cluster.workers)) worker.kill();
       });
     } else {
       DirectoryLock.take(path, path, silentLogger).then(() => process.send('has'), () => process.send('refused'));
     }`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, [program], { timeout: 20_000 });
  expect(stdout).toBe('has refused\n');
});

function builtUrl(module: string): string {
  return pathToFileURL(join(repositoryRoot, 'dist/src', module)).href;
}
