// Every command there is, in no order: the listing sorts them. Constant data; main thread.
// A new one is a file under commands/ and a line here.
// No two may share a name or an alias.

import type { Command, MakeCommand } from './command.js';
import { configurationCommands } from './commands/configuration.js';
import { connections } from './commands/connections.js';
import { ensembleCommands } from './commands/ensemble.js';
import { figures } from './commands/figures.js';
import { getChildren } from './commands/get-children.js';
import { getNode } from './commands/get-node.js';
import { lastSnapshot } from './commands/last-snapshot.js';
import { monitor } from './commands/monitor.js';
import { pipeline } from './commands/pipeline.js';
import { restore } from './commands/restore.js';
import { ruok } from './commands/ruok.js';
import { serverStatsCommands } from './commands/server-stats.js';
import { sessionCommands } from './commands/sessions-and-watches.js';
import { changeSettings, settings } from './commands/settings.js';
import { slowRequests } from './commands/slow-requests.js';
import { smallCommands } from './commands/small-commands.js';
import { snapshot } from './commands/snapshot.js';
import { resetStatistics, terminateConnection, terminateSession } from './commands/terminate.js';

export const COMMANDS: readonly MakeCommand[] = [
  ...configurationCommands,
  connections,
  ...ensembleCommands,
  figures,
  getChildren,
  getNode,
  lastSnapshot,
  monitor,
  pipeline,
  restore,
  ruok,
  ...serverStatsCommands,
  ...sessionCommands,
  slowRequests,
  ...smallCommands,
  snapshot,
  settings,
  changeSettings,
  terminateSession,
  terminateConnection,
  resetStatistics,
];

/** By each of their names. */
export function commandsByName(commands: readonly Command[]): ReadonlyMap<string, Command> {
  return new Map(commands.flatMap((command) => command.names.map((name) => [name, command] as const)));
}
