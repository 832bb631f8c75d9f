#!/usr/bin/env node
// zkCleanup: removes snapshots and logs that no start needs any more, with the arguments, output and exit codes of
// ZooKeeper's zkCleanup.sh and PurgeTxnLog. The main file; what goes and what stays is in data-tools/cleanup.ts.
//
//   zkCleanup [--config dir] -n count | zkCleanup dataLogDir [dataDir] -n count

import { NodeFileStore } from '../persistence/node-file-store.js';
import { cleanup } from './data-tools/cleanup.js';
import { runTool } from './offline/process-io.js';

runTool((args, io) => cleanup(args, io, new NodeFileStore(), process.env));
