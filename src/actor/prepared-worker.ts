/**
 * A worker that loads its modules, and waits to be told what it is. A thread needs its wiring only when all of these are there, so
 * one that is sure to be wanted can begin while the program still reads its configuration. Every worker begins like this; where
 * nobody has prepared it, its start is sent at once.
 *
 * Lives on the main thread, until `WorkerThread` takes the worker over. What fails before that is an 'error' event without a
 * listener, and so an uncaught exception of the building thread: whoever prepares workers must be able to end the program.
 */

import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { PreparedStart, WorkerStart } from './worker-main.js';

const ENTRY = new URL('./worker-entry.js', import.meta.url);

export class PreparedWorker {
  readonly threadName: string;
  readonly factoryUrl: string;
  private readonly worker: Worker;
  private readonly start: MessagePort;

  /** `factoryUrl`: built module exporting `createActor` for the actors of that thread. */
  constructor(threadName: string, factoryUrl: string) {
    this.threadName = threadName;
    this.factoryUrl = factoryUrl;
    const start = new MessageChannel();
    this.start = start.port1;
    const workerData: PreparedStart = { threadName, factoryUrl, start: start.port2 };
    this.worker = new Worker(ENTRY, { name: threadName, workerData, transferList: [start.port2], ...ownOptions() });
  }

  /** Once: the worker goes on as this thread, and is its caller's. */
  begin(start: WorkerStart, transferList: MessagePort[]): Worker {
    this.start.postMessage(start, transferList);
    return this.worker;
  }

  /** Nobody has use for it. */
  async discard(): Promise<void> {
    await this.worker.terminate();
  }
}

/**
 * A worker inherits Node's options. Only what says how a program given by -e or on stdin is to be read must not reach it,
 * and then none does: named one by one, those of the engine (--max-old-space-size) would be refused.
 */
function ownOptions(): { execArgv?: string[] } {
  return process.execArgv.some((word) => word.startsWith('--input-type')) ? { execArgv: [] } : {};
}
