/**
 * The thread that reads a snapshot ahead of the one that loads the tree (persistence/read-ahead.ts); ends with the file.
 *
 * A plain worker, not one of the pool: the thread that waits for it does not come to its event loop meanwhile.
 */
import { type MessagePort, workerData } from 'node:worker_threads';
import { NodeFileStore } from '../persistence/node-file-store.js';
import { type ReadAheadRequest, readAhead } from '../persistence/read-ahead.js';

const { request, port } = workerData as { request: ReadAheadRequest; port: MessagePort };
readAhead(new NodeFileStore(), request, (message) => port.postMessage(message));
port.close();
