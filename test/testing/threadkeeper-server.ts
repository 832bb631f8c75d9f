/**
 * Our own server as users start it: `node dist/bundle/server/quorum-peer-main.js zoo.cfg`, built output in a process of
 * its own. Never imports the server's sources: worker threads cannot start from TypeScript.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from './repository-root.js';
import { type ServerKind, type ServerOptions, ServerProcess } from './server-process.js';

export const Placement = { Inline: 'inline', Compact: 'compact', Pipeline: 'pipeline', Staged: 'staged' } as const;
export type Placement = (typeof Placement)[keyof typeof Placement];

export const SERVER_MAIN = join(repositoryRoot, 'dist/bundle/server/quorum-peer-main.js');

/** Whoever compiled but did not bundle would test the server of yesterday. */
function checkBuilt(): void {
  if (!existsSync(SERVER_MAIN)) throw new Error(`${SERVER_MAIN} is missing: run npm run build first`);
  const bundledMs = statSync(SERVER_MAIN).mtimeMs;
  for (const layer of readdirSync(join(repositoryRoot, 'dist/src'))) {
    const compiled = join(repositoryRoot, 'dist/src', layer, '.tsbuildinfo');
    if (existsSync(compiled) && statSync(compiled).mtimeMs > bundledMs) {
      throw new Error(`${SERVER_MAIN} is older than dist/src/${layer}: run npm run build first`);
    }
  }
}

export const threadkeeperServer: ServerKind = {
  name: 'threadkeeper',
  command(configFile) {
    checkBuilt();
    return [process.execPath, SERVER_MAIN, configFile];
  },
};

export function startThreadkeeper(options: ServerOptions = {}): Promise<ServerProcess> {
  return ServerProcess.start(threadkeeperServer, options);
}
