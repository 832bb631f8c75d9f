/** `threadkeeper code-cache`, as `npm run build` and an image of a container run it: a server that starts afterwards has its code. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { CodeCache } from '../../src/launch/code-cache.js';
import { repositoryRoot } from '../testing/repository-root.js';
import { SERVER_MAIN } from '../testing/threadkeeper-server.js';

const THREADKEEPER = join(repositoryRoot, 'dist/src/cli/threadkeeper.js');
const PROGRAMS = dirname(SERVER_MAIN);
const CACHE = join(PROGRAMS, '../code-cache');

it('makes what the threads of a start take, and says where', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [THREADKEEPER, 'code-cache'], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  for (const name of ['quorum-peer-main', 'log-thread']) {
    expect(stdout).toContain(`${join(CACHE, name)}-`);
    const program = readFileSync(join(PROGRAMS, `${name}.program.js`));
    expect(new CodeCache(CACHE, name, program).read()?.length).toBeGreaterThan(20_000);
  }
}, 70_000);

it('takes no words', () => {
  const { status, stderr } = spawnSync(process.execPath, [THREADKEEPER, 'code-cache', 'now'], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining('code-cache takes no words') });
});
