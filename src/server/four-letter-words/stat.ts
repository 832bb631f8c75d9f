// `stat`: `srvr` with one short line per connection. Pure text from a status, on the thread that answers.
// The empty line behind the clients is there even when there is none.
// It must not sort the connections: they come in the order the server holds them.

import { connectionLine } from './cons.js';
import type { ServerStatus } from './server-status.js';
import { figureLines, versionLines } from './srvr.js';

export function stat(status: ServerStatus): string {
  const clients = status.connections.map((connection) => `${connectionLine(connection, 'brief')}\n`).join('');
  return `${versionLines(status)}Clients:\n${clients}\n${figureLines(status)}`;
}
