#!/usr/bin/env node
// zkLogRepair: for an operator whose server refuses to start because a log is damaged or its end is missing. Shows what
// would be lost; only when told to, sets what lies behind the damage aside so that a start succeeds. The main file; what it
// does is in log-repair/. It never destroys a byte, and has nothing to do where a start is not refused.
//
//   zkLogRepair [--accept-loss] dataLogDir [dataDir]

import { NodeFileStore } from '../persistence/node-file-store.js';
import { logRepair } from './log-repair/log-repair.js';
import { runTool } from './offline/process-io.js';

runTool((args, io) => logRepair(args, io, new NodeFileStore()));
