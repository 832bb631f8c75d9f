#!/usr/bin/env node
// zkSnapShotToolkit: shows what a snapshot holds, with the options, output and exit codes of ZooKeeper's
// zkSnapShotToolkit.sh. The main file: it gives the tool the process and the clock; the rest is in snapshot-toolkits/.
//
//   zkSnapShotToolkit [-d|-json] snapshot_file

import { NodeFileStore } from '../persistence/node-file-store.js';
import { runTool } from './offline/process-io.js';
import { snapshotFormatter } from './snapshot-toolkits/snapshot-formatter.js';

runTool((args, io) => snapshotFormatter(args, io, new NodeFileStore(), Date.now()));
