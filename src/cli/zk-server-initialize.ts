#!/usr/bin/env node
// zkServer-initialize: prepares the data directories of a new server, with the options, output and exit codes of
// ZooKeeper's zkServer-initialize.sh. The main file; the rest is in data-tools/initialize.ts. --force removes a database.
//
//   zkServer-initialize [--configfile=file] [--myid=n] [--force]

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { initialize } from './data-tools/initialize.js';
import { runTool } from './offline/process-io.js';
import { isServerRunning, readPidFile } from './zk-server/pid-file.js';

function directoryExists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function isRunning(dataDir: string): boolean {
  const pid = readPidFile(process.env.ZOOPIDFILE || join(dataDir, 'zookeeper_server.pid'));
  return pid !== null && isServerRunning(pid);
}

runTool((args, io) => initialize(args, io, process.env, directoryExists, isRunning));
