#!/usr/bin/env node
// zkTxnLogToolkit: shows, repairs, cuts and verifies transaction logs while no server runs on them, with the options,
// outputs and exit codes of ZooKeeper's zkTxnLogToolkit.sh but for what its help says. The main file: it picks the mode;
// what a mode does is in txn-log-toolkit/. It never changes the file it is given.
//
//   zkTxnLogToolkit [-d] log | -r [-v] [-y] [-o target] log | -c -z zxid [-o target] log | --verify file-or-directory

import { NodeFileStore } from '../persistence/node-file-store.js';
import { runTool } from './offline/process-io.js';
import { txnLogToolkit } from './txn-log-toolkit/txn-log-toolkit.js';

runTool((args, io) => txnLogToolkit(args, io, new NodeFileStore()));
