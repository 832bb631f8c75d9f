/**
 * A worker as the building thread sees it: started with its wiring, called over comlink, rung so that it listens, and
 * watched for its end. One object per incarnation: a thread that is replaced gets a new one. Lives on the main thread.
 */

import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads';
import * as Comlink from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { ThreadKind as Kinds, type ThreadKind, type ThreadSpec } from './placement.js';
import type { PreparedWorker } from './prepared-worker.js';
import type { ThreadControl, ThreadDump } from './thread-control.js';
import { type ThreadWiring, WakeBy } from './thread-host.js';
import type { ThreadMemoryFigures } from './thread-memory.js';
import { Doorbell, ThreadState } from './wake/doorbell.js';
import type { WorkerStart } from './worker-main.js';
import type { WorkerReport } from './worker-report.js';

export interface WorkerThreadEvents {
  onReport(report: WorkerReport): void;
  /** Once, whether it was asked to end or not. */
  onEnd(error: Error): void;
}

/** A call was cut short because its thread is gone. */
export class ThreadEndedError extends Error {
  override readonly name = 'ThreadEndedError';
}

export class WorkerThread {
  readonly threadName: string;
  readonly doorbell: Doorbell;
  readonly kind: ThreadKind;
  private readonly wakeBy: WakeBy;
  private readonly worker: Worker;
  private readonly remote: Comlink.Remote<ThreadControl>;
  private readonly ended: Promise<never>;
  private readonly exited: Promise<void>;

  constructor(spec: ThreadSpec, wiring: ThreadWiring, prepared: PreparedWorker, events: WorkerThreadEvents) {
    this.threadName = spec.name;
    this.kind = spec.kind;
    this.wakeBy = wiring.wakeBy[spec.name];
    this.doorbell = new Doorbell(wiring.doorbells[spec.name]);
    this.doorbell.state = ThreadState.starting;
    const reports = new MessageChannel();
    reports.port1.on('message', (report: WorkerReport) => events.onReport(report));
    const start: WorkerStart = {
      wiring,
      kind: spec.kind,
      spinMicros: spec.spinMicros ?? 0,
      reports: reports.port2,
    };
    const transferList: MessagePort[] = [reports.port2, ...Object.values(wiring.ports)];
    this.worker = prepared.begin(start, transferList);
    this.remote = Comlink.wrap<ThreadControl>(nodeEndpoint(this.worker));

    let failure: Error | null = null;
    this.worker.on('error', (error: Error) => {
      failure ??= error;
    });
    this.exited = new Promise((resolve) => {
      this.worker.on('exit', (exitCode) => {
        this.doorbell.state = ThreadState.stopped;
        reports.port1.close();
        events.onEnd(failure ?? new ThreadEndedError(`thread ${spec.name} ended with code ${exitCode}`));
        resolve();
      });
    });
    this.ended = this.exited.then(() => {
      throw failure ?? new ThreadEndedError(`thread ${spec.name} has ended`);
    });
    // Each call takes part in this promise; without any, its rejection is nobody's business.
    this.ended.catch(() => {});
  }

  /** Milliseconds its event loop was not waiting, since it began; null for a thread that parks by itself. */
  loopActiveMs(): number | null {
    return this.kind === Kinds.blocking ? null : this.worker.performance.eventLoopUtilization().active;
  }

  ping(): Promise<number> {
    return this.call(this.remote.ping());
  }

  /** Makes an idle thread show a heartbeat, if it can. */
  rouse(): void {
    if (this.wakeBy === WakeBy.memory) this.doorbell.ringAlways();
    else this.ping().catch(() => {});
  }

  startActor(name: string): Promise<void> {
    return this.call(this.remote.startActor(name));
  }

  stopActor(name: string): Promise<void> {
    return this.call(this.remote.stopActor(name));
  }

  control(name: string, request: unknown): Promise<unknown> {
    return this.call(this.remote.control(name, request));
  }

  resetMetrics(): Promise<void> {
    return this.call(this.remote.resetMetrics());
  }

  memoryFigures(): Promise<ThreadMemoryFigures> {
    return this.call(this.remote.memoryFigures());
  }

  relink(peer: string, port: MessagePort): Promise<void> {
    return this.call(this.remote.relink(peer, Comlink.transfer(port, [port])));
  }

  dump(): Promise<ThreadDump> {
    return this.call(this.remote.dump());
  }

  /** Resolves when the thread has ended by itself. */
  async shutdown(): Promise<void> {
    await this.call(this.remote.shutdown());
    await this.exited;
  }

  /** Ends it wherever it stands, even in an endless loop or parked; only a system call that hangs holds it up. */
  async terminate(): Promise<void> {
    await this.worker.terminate();
  }

  private call<T>(answer: Promise<T>): Promise<T> {
    // The request has been posted; now the thread must look, even if it is parked for ever.
    if (this.kind === Kinds.blocking) this.doorbell.ringAlways();
    return Promise.race([answer, this.ended]);
  }
}
