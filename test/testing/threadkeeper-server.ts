/**
 * Our own server as users start it: `node dist/src/server/quorum-peer-main.js zoo.cfg`, built output in a process of its
 * own. Never imports the server's sources: worker threads cannot start from TypeScript.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from './repository-root.js';
import { type ServerKind, type ServerOptions, ServerProcess } from './server-process.js';

export const Placement = { Inline: 'inline', Compact: 'compact', Pipeline: 'pipeline', Staged: 'staged' } as const;
export type Placement = (typeof Placement)[keyof typeof Placement];

const MAIN = join(repositoryRoot, 'dist/src/server/quorum-peer-main.js');

export const threadkeeperServer: ServerKind = {
  name: 'threadkeeper',
  command(configFile) {
    if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: run npm run build first`);
    return [process.execPath, MAIN, configFile];
  },
};

export function startThreadkeeper(options: ServerOptions = {}): Promise<ServerProcess> {
  return ServerProcess.start(threadkeeperServer, options);
}
