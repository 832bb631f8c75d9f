/**
 * What every worker does: takes its actor factory, waits for its start, assembles this thread's host, puts the right runner on it and
 * serves control calls. Whatever is thrown outside of an actor ends the worker; the supervisor sees to the rest.
 *
 * Once per worker, by its first module: worker-entry.ts, which imports the factory by its address, or a program of the
 * bundle, where both are in one file.
 */

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import * as Comlink from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { assert } from '../base/assert.js';
import type { ActorFactoryModule } from './actor.js';
import { BlockingRunner } from './blocking-runner.js';
import { EventLoopRunner } from './event-loop-runner.js';
import { ThreadKind as Kinds, type ThreadKind } from './placement.js';
import { SystemClock } from './system-clock.js';
import { ThreadControl } from './thread-control.js';
import { ThreadHost, type ThreadWiring, WakeBy } from './thread-host.js';
import { postReport, ReportLogger } from './worker-report.js';

/** The worker's `workerData`: what it can load before it knows what it is. */
export interface PreparedStart {
  /** For whoever looks at the thread from a module of his own (`--require`). */
  readonly threadName: string;
  readonly factoryUrl: string;
  /** One `WorkerStart` comes from here. */
  readonly start: MessagePort;
}

export interface WorkerStart {
  readonly wiring: ThreadWiring;
  readonly kind: ThreadKind;
  readonly spinMicros: number;
  readonly reports: MessagePort;
}

/** Rejects with what is wrong with the factory, and throws what it throws. */
export async function runWorker(loadFactory: (factoryUrl: string) => Promise<ActorFactoryModule>): Promise<void> {
  const { factoryUrl, start: startPort } = workerData as PreparedStart;
  const port = parentPort;
  assert(port !== null, 'a worker has a thread of its own');

  const started = new Promise<WorkerStart>((resolve) => {
    startPort.once('message', (message: WorkerStart) => {
      startPort.close();
      resolve(message);
    });
  });
  const factory = await loadFactory(factoryUrl);
  assert(typeof factory.createActor === 'function', `${factoryUrl} exports no createActor`);
  run(factory, await started, port);
}

function run(factory: ActorFactoryModule, start: WorkerStart, port: MessagePort): void {
  const { wiring, reports } = start;

  const host = new ThreadHost(wiring, {
    clock: new SystemClock(),
    createActor: factory.createActor,
    createLogger: (actorName) => {
      const spec = wiring.topology.actors.find((actor) => actor.name === actorName);
      return factory.createLogger?.(wiring.threadName, actorName, spec?.config) ?? new ReportLogger(reports, actorName);
    },
    onFatal: (error, actorName) => postReport(reports, { kind: 'fatal', actorName, error }),
  });

  const runner =
    start.kind === Kinds.blocking
      ? new BlockingRunner(host, { spinMicros: start.spinMicros, onBroken })
      : new EventLoopRunner(host, {
          byPort: wiring.wakeBy[wiring.threadName] === WakeBy.port,
          spinMicros: start.spinMicros,
          onBroken,
        });

  function shutdown(): void {
    runner.stop();
    // After the answer to this call has been posted; then nothing holds the thread any longer.
    setImmediate(() => {
      host.close();
      reports.close();
      port.close();
    });
  }

  Comlink.expose(new ThreadControl(host, shutdown), nodeEndpoint(port));
  runner.start();
}

/** Becomes an 'error' event on the building thread, with the stack of where it happened. */
function onBroken(error: Error): never {
  throw error;
}
