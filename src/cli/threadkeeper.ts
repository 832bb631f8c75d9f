#!/usr/bin/env node
// threadkeeper: what this server's operators have beyond ZooKeeper's own scripts. The main file: it finds the sub-command
// by its first word, gives it the rest, and ends with its exit code. Each sub-command is loaded when it is asked for, so
// that none pays for another's start. The names of ZooKeeper's scripts stay bins of their own.
//
//   threadkeeper <sub-command> [words]

import { runSubCommand } from './threadkeeper/run-sub-command.js';
import { SUB_COMMANDS } from './threadkeeper/sub-command-table.js';

process.exitCode = await runSubCommand(SUB_COMMANDS, {
  args: process.argv.slice(2),
  env: process.env,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
});
