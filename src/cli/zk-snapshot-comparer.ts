#!/usr/bin/env node
// zkSnapshotComparer: tells where two snapshots differ, with the options, output and exit codes of ZooKeeper's
// zkSnapshotComparer.sh. The main file: it gives the tool the process and the clock; the rest is in snapshot-toolkits/.
//
//   zkSnapshotComparer -l left -r right -b bytes -n nodes [-d] [-i]

import { NodeFileStore } from '../persistence/node-file-store.js';
import { runTool } from './offline/process-io.js';
import { snapshotComparer } from './snapshot-toolkits/snapshot-comparer.js';

runTool((args, io) => snapshotComparer(args, io, new NodeFileStore(), () => performance.now()));
