#!/usr/bin/env node
// zkSnapshotRecursiveSummaryToolkit: where in a snapshot the nodes and bytes are, with the arguments, output and exit codes
// of ZooKeeper's zkSnapshotRecursiveSummaryToolkit.sh. The main file; the rest is in snapshot-toolkits/.
//
//   zkSnapshotRecursiveSummaryToolkit snapshot_file starting_node max_depth

import { NodeFileStore } from '../persistence/node-file-store.js';
import { runTool } from './offline/process-io.js';
import { snapshotRecursiveSummary } from './snapshot-toolkits/snapshot-recursive-summary.js';

runTool((args, io) => snapshotRecursiveSummary(args, io, new NodeFileStore()));
