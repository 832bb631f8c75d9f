// What the commands that change the running server have in common (operations 8): they are our own, off unless
// threadkeeper.admin.control is true, and for those who have every permission on the root node, as restore is. With the open ACL that the
// root has at first those are all; so a page of another site, or under another name, is refused in its user's browser.
// Main thread; each use is told in the log by whoever does it.

import type { AdminHost } from '../server/admin-host.js';
import type { Command, CommandAnswer, CommandRequest } from './command.js';
import { foreignSite, isFromBrowser } from './own-site.js';

export function controlCommand(
  { config, log }: AdminHost,
  method: Command['method'],
  name: string,
  run: (request: CommandRequest) => Promise<CommandAnswer>,
): Command {
  return {
    names: [name],
    method,
    isOwn: true,
    needsServer: false,
    needsRoot: true,
    run: async (request) => {
      if (!config.controlEnabled) {
        log.warn(`Command ${name} is disabled (threadkeeper.admin.control)`);
        return { status: 503 };
      }
      const { headers } = request;
      const refusal = isFromBrowser(headers) ? foreignSite(config, headers) : null;
      return refusal ?? (await run(request));
    },
  };
}
