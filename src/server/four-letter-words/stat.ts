// `stat`: `srvr` with one short line per connection. Pure text from a status, on the thread that answers.
// The empty line behind the clients is there even when there is none.
// It must not sort the connections: they come in the order the server holds them.

import type { ServerStatus } from '../status/server-status.js';
import { connectionLine } from './cons.js';
import { figureLines, versionLines } from './srvr.js';

export function* stat(status: ServerStatus): Iterable<string> {
  yield `${versionLines(status)}Clients:\n`;
  for (const connection of status.connections) yield `${connectionLine(connection, 'brief')}\n`;
  yield `\n${figureLines(status)}`;
}
