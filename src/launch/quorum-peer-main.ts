/**
 * What `node dist/bundle/server/quorum-peer-main.js` runs: src/server/quorum-peer-main.ts, as a program of the bundle. Main thread.
 * Only in the bundle; whoever runs dist/src has the modules one by one.
 */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram } from './run-program.js';

runProgram(dirname(fileURLToPath(import.meta.url)), 'quorum-peer-main');
