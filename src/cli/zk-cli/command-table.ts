// Every command of zkCli once: those that ask the server, by name, and the usage lines of all. Usage and completion are
// made from this table, so a command that is not in it does not exist, and only what works is listed. Constant; a new
// command is one file and one line here.

import type { Command } from './command.js';
import { addAuthCommand } from './commands/add-auth.js';
import { addWatchCommand } from './commands/add-watch.js';
import { configCommand } from './commands/config.js';
import { createCommand } from './commands/create.js';
import { delQuotaCommand } from './commands/del-quota.js';
import { deleteCommand } from './commands/delete.js';
import { deleteAllCommand } from './commands/delete-all.js';
import { getCommand } from './commands/get.js';
import { getAclCommand } from './commands/get-acl.js';
import { getAllChildrenNumberCommand } from './commands/get-all-children-number.js';
import { getEphemeralsCommand } from './commands/get-ephemerals.js';
import { listQuotaCommand } from './commands/list-quota.js';
import { lsCommand } from './commands/ls.js';
import { reconfigCommand } from './commands/reconfig.js';
import { removeWatchesCommand } from './commands/remove-watches.js';
import { setCommand } from './commands/set.js';
import { setAclCommand } from './commands/set-acl.js';
import { setQuotaCommand } from './commands/set-quota.js';
import { statCommand } from './commands/stat.js';
import { syncCommand } from './commands/sync.js';
import { versionCommand } from './commands/version.js';
import { whoAmICommand } from './commands/whoami.js';

const COMMANDS: readonly Command[] = [
  addAuthCommand,
  addWatchCommand,
  configCommand,
  createCommand,
  deleteAllCommand,
  delQuotaCommand,
  deleteCommand,
  getAclCommand,
  getAllChildrenNumberCommand,
  getCommand,
  getEphemeralsCommand,
  listQuotaCommand,
  lsCommand,
  reconfigCommand,
  removeWatchesCommand,
  setAclCommand,
  setCommand,
  setQuotaCommand,
  statCommand,
  syncCommand,
  versionCommand,
  whoAmICommand,
];

/** Those that the interpreter carries out itself. */
const OWN_SYNTAX: Readonly<Record<string, string>> = {
  close: '',
  connect: 'host:port',
  history: '',
  printwatches: 'on|off',
  quit: '',
  redo: 'cmdno',
};

export const commandTable: ReadonlyMap<string, Command> = new Map(COMMANDS.map((command) => [command.name, command]));

/** Upper case before lower case, as Java sorts. */
export const commandNames: readonly string[] = [...commandTable.keys(), ...Object.keys(OWN_SYNTAX)].sort();

export function usageBlock(): string {
  const lines = commandNames.map((name) => `\t${name} ${commandTable.get(name)?.syntax ?? OWN_SYNTAX[name]}`);
  return ['ZooKeeper -server host:port -client-configuration properties-file cmd args', ...lines].join('\n');
}
