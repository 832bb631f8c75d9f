// Before any test: the server's bundle is made anew from what the compiler left in dist/src, so that no test meets an old
// one. Half a second; the processes that tests start run the bundle, as users do.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot } from './repository-root.js';

export function setup(): void {
  const rolldown = join(repositoryRoot, 'node_modules/rolldown/bin/cli.mjs');
  execFileSync(process.execPath, [rolldown, '--config', 'rolldown.config.ts'], {
    cwd: repositoryRoot,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
