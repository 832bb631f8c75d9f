#!/usr/bin/env node
// zkServer: starts, stops and asks a server, with the words, streams and exit codes of ZooKeeper's zkServer.sh, so that
// init scripts, images and operators' habits keep working. A process of its own that lives as long as one command
// (start-foreground becomes the server itself). It must never touch the database: it reads the configuration file and
// the pid file, and talks to the server like any client.
//
//   zkServer [--config <dir>] {start|start-foreground|stop|version|restart|status|print-cmd} [cfg]

import { prepareLaunch } from './zk-server/launch.js';
import { printCommand } from './zk-server/print-command.js';
import { start } from './zk-server/start.js';
import { startForeground } from './zk-server/start-foreground.js';
import { status } from './zk-server/status.js';
import { stop } from './zk-server/stop.js';
import type { Terminal } from './zk-server/terminal.js';
import { version } from './zk-server/version.js';

const USAGE =
  'Usage: zkServer [--config <conf-dir>] {start|start-foreground|stop|version|restart|status|print-cmd} [cfg]';

const terminal: Terminal = {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
};

/** The exit code; null when this process has become the server. */
async function zkServer(argv: readonly string[]): Promise<number | null> {
  const launch = prepareLaunch(argv, process.env, terminal);
  switch (launch.command) {
    case 'start':
      return start(launch, terminal);
    case 'start-foreground':
      return startForeground(launch, terminal);
    case 'stop':
      return stop(launch, terminal);
    case 'restart': {
      const stopped = await stop(launch, terminal);
      return stopped === 0 ? start(launch, terminal) : stopped;
    }
    case 'status':
      return status(launch, terminal);
    case 'version':
      return version(terminal);
    case 'print-cmd':
      return printCommand(launch, terminal);
    default:
      // Not an error to the reference either.
      terminal.err(`${USAGE}\n`);
      return 0;
  }
}

const exitCode = await zkServer(process.argv.slice(2));
if (exitCode !== null) process.exitCode = exitCode;
