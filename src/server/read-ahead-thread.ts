/**
 * Starts the thread that reads a snapshot ahead, and hands on what it posts without coming to an event loop. Used by the
 * thread that recovers, whichever that is.
 */
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { ReadAhead, ReadAheadMessage, ReadAheadRequest, ReadAheadThread } from '../persistence/read-ahead.js';

const TASK = new URL('./read-ahead-task.js', import.meta.url);

/** Read and loaded by one thread in about the time that a second one takes to come up. */
const FILE_BYTES_MIN = 16 << 20;
/** No disk is so slow; and whoever waits in vain goes on alone. */
const PATIENCE_MS = 20_000;

/** `onError`: the thread failed in a way of which it could not tell. `task`: where the built code lies, for tests. */
export function threadReadAhead(onError: (error: Error) => void, task = TASK): ReadAhead {
  return {
    fileBytesMin: FILE_BYTES_MIN,
    patienceMs: PATIENCE_MS,
    start: (request) => startThread(request, task, onError),
  };
}

function startThread(request: ReadAheadRequest, task: URL, onError: (error: Error) => void): ReadAheadThread {
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(task, { workerData: { request, port: port2 }, transferList: [port2] });
  worker.unref();
  port1.unref();
  worker.on('error', onError);
  return {
    receive: () => (receiveMessageOnPort(port1)?.message as ReadAheadMessage | undefined) ?? null,
    close: () => port1.close(),
  };
}
