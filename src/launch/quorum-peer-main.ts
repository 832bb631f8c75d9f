/**
 * What `node dist/bundle/server/quorum-peer-main.js` runs: src/server/quorum-peer-main.ts, as a program of the bundle. Main thread.
 *
 * The log thread begins first. Every placement but `inline` has it, and what a worker of Node takes to begin is longer than all that the
 * main thread has to do until it needs it. Where it is not needed, it is ended again.
 */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PreparedWorker } from '../actor/prepared-worker.js';
import { runProgram } from './run-program.js';

interface ServerProgram {
  runServer(prepared: readonly PreparedWorker[]): void;
}

const logThread = new PreparedWorker('log', new URL('./log-thread.js', import.meta.url).href);
const { runServer } = runProgram(dirname(fileURLToPath(import.meta.url)), 'quorum-peer-main') as ServerProgram;
runServer([logThread]);
