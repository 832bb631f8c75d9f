/**
 * The first module of every worker of the bundle: runs the program that was made of the worker's factory and of what
 * src/actor/worker-entry.ts does. Its `workerData` is that one's, and read there once more.
 */
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { workerData } from 'node:worker_threads';
import { runProgram } from './run-program.js';

const { factoryUrl } = workerData as { readonly factoryUrl: string };

runProgram(dirname(fileURLToPath(import.meta.url)), basename(factoryUrl, '.js'));
