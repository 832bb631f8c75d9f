// Loading a snapshot with two threads: one reads the file, proves it and makes load records (`readAhead`), the other one puts
// them into its tree as they come (`loadAhead`). The same reader, records and loader as with one thread, with a queue between.
// Both ends block their threads. What the tree holds is proven only when loadAhead has returned; it throws what SnapshotReader
// throws, whichever side found out.

import { errorCodeOf, type FileStore, joinPath } from './file-store.js';
import {
  type GrownPiece,
  LoadCancelled,
  type LoadQueueMemory,
  LoadQueueReader,
  LoadQueueWriter,
} from './load-queue.js';
import { LoadRecordWriter, type LoadTarget } from './load-record-writer.js';
import { BrokenSnapshot, SnapshotReader, type SnapshotTail } from './snapshot-reader.js';
import type { TreeLoader } from './tree-loader.js';

/** What the reading thread is told; can be cloned. */
export interface ReadAheadRequest {
  readonly directory: string;
  readonly name: string;
  readonly target: LoadTarget;
  readonly emulate353TtlNodes: boolean;
  readonly queue: LoadQueueMemory;
}

/** What the reading thread posts; the last one is no GrownPiece. */
export type ReadAheadMessage = GrownPiece | ReadAheadOutcome;

type ReadAheadOutcome = { readonly tail: SnapshotTail } | ReadAheadFailure;

interface ReadAheadFailure {
  readonly failure: 'broken' | 'unreadable' | 'bug';
  readonly message: string;
  /** Of the file store, where it is unreadable. */
  readonly code: string;
}

/** The loading thread's end of a thread that reads ahead. */
export interface ReadAheadThread {
  /** What was posted and not yet taken, in order; null: nothing. Does not wait. */
  receive(): ReadAheadMessage | null;
  close(): void;
}

export interface ReadAhead {
  /** For smaller files a second thread is not worth its start. */
  readonly fileBytesMin: number;
  /** A thread from which nothing comes for so long is taken for dead. */
  readonly patienceMs: number;
  /** Starts a thread that runs `readAhead` with this request. */
  start(request: ReadAheadRequest): ReadAheadThread;
}

/** The reading thread, all of it. Throws nothing. */
export function readAhead(
  fileStore: FileStore,
  request: ReadAheadRequest,
  post: (message: ReadAheadMessage) => void,
): void {
  const queue = new LoadQueueWriter(request.queue, post);
  try {
    post(outcomeOf(fileStore, request, queue));
    queue.end();
  } catch (error) {
    if (!(error instanceof LoadCancelled)) throw error;
  }
}

/** Throws LoadCancelled: nobody wants to know. */
function outcomeOf(fileStore: FileStore, request: ReadAheadRequest, queue: LoadQueueWriter): ReadAheadOutcome {
  try {
    const records = new LoadRecordWriter(queue, request.target, request.emulate353TtlNodes);
    const reader = new SnapshotReader(fileStore, request.directory, request.name, records);
    return { tail: reader.read((position) => queue.onRead(position)) };
  } catch (error) {
    if (error instanceof LoadCancelled) throw error;
    return failureOf(error);
  }
}

function failureOf(error: unknown): ReadAheadFailure {
  const message = error instanceof Error ? error.message : String(error);
  const code = errorCodeOf(error);
  if (error instanceof BrokenSnapshot) return { failure: 'broken', message, code };
  if (code !== '') return { failure: 'unreadable', message, code };
  return { failure: 'bug', message: error instanceof Error ? (error.stack ?? message) : message, code };
}

/** The loading thread's part. Throws LoadStalled when the other thread is gone. */
export function loadAhead(
  ahead: ReadAhead,
  request: ReadAheadRequest,
  loader: TreeLoader,
  onLoaded: (position: number) => void,
): SnapshotTail {
  const thread = ahead.start(request);
  let outcome: ReadAheadOutcome | null = null;
  const queue = new LoadQueueReader(request.queue, () => {
    const message = thread.receive();
    if (message === null || 'piece' in message) return message;
    outcome = message;
    return null;
  });
  try {
    while (queue.next(ahead.patienceMs)) {
      if (!loader.load(queue.words, queue.bytes, queue.wordCount)) {
        const path = joinPath(request.directory, request.name);
        throw new BrokenSnapshot(`${path}: node ${loader.nodeCount + 1} has no parent`);
      }
      onLoaded(queue.position);
    }
    return resultOf(outcome ?? (thread.receive() as ReadAheadOutcome | null));
  } finally {
    queue.cancel();
    thread.close();
  }
}

function resultOf(outcome: ReadAheadOutcome | null): SnapshotTail {
  if (outcome === null) throw new Error('the thread that read the snapshot did not say how it ended');
  if ('tail' in outcome) return outcome.tail;
  if (outcome.failure === 'broken') throw new BrokenSnapshot(outcome.message);
  if (outcome.failure === 'unreadable') throw Object.assign(new Error(outcome.message), { code: outcome.code });
  throw new Error(`the thread that read the snapshot failed: ${outcome.message}`);
}
