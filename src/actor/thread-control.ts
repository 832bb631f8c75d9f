/**
 * What the control side may ask of a thread: start, stop, look inside, re-link. Workers serve it over comlink
 * (`worker-entry.ts`), the building thread calls its own directly. Control only: no record ever travels here.
 * A blocking thread serves it after each wake-up, so whoever calls must ring its doorbell (`worker-thread.ts` does).
 */

import type { MessagePort } from 'node:worker_threads';
import type { ThreadHost } from './thread-host.js';
import { ThreadMemory, type ThreadMemoryFigures } from './thread-memory.js';

export interface ActorDump {
  readonly name: string;
  readonly running: boolean;
  readonly mayBeFed: boolean;
  readonly inboxesWithRecords: readonly string[];
  readonly outboxesSpilled: readonly string[];
  readonly outboxesAwaitingRoom: readonly string[];
}

export interface ThreadDump {
  readonly name: string;
  readonly heartbeat: number;
  readonly actors: readonly ActorDump[];
}

export class ThreadControl {
  private readonly host: ThreadHost;
  private readonly onShutdown: () => void;
  private memory: ThreadMemory | null = null;

  constructor(host: ThreadHost, onShutdown: () => void) {
    this.host = host;
    this.onShutdown = onShutdown;
  }

  /** Answers when the thread is built and gets round to it: a sign of life. */
  ping(): number {
    this.host.doorbell.beat();
    return this.host.doorbell.heartbeat();
  }

  startActor(name: string): void {
    this.host.startActor(name);
  }

  stopActor(name: string): void {
    this.host.stopActor(name);
  }

  control(name: string, request: unknown): unknown {
    return this.host.control(name, request);
  }

  resetMetrics(): void {
    this.host.resetMetrics();
  }

  memoryFigures(): ThreadMemoryFigures {
    this.memory ??= new ThreadMemory();
    return this.memory.figures();
  }

  relink(peer: string, port: MessagePort): void {
    this.host.relink(peer, port);
  }

  dump(): ThreadDump {
    return {
      name: this.host.threadName,
      heartbeat: this.host.doorbell.heartbeat(),
      actors: this.host.cycle.cells.map((cell) => ({
        name: cell.name,
        running: cell.running,
        mayBeFed: cell.mayBeFed(),
        inboxesWithRecords: cell.inboxes.filter(({ receiver }) => !receiver.isEmpty).map(({ name }) => name),
        outboxesSpilled: cell.outboxes.filter(({ sender }) => sender.spilled).map(({ name }) => name),
        outboxesAwaitingRoom: cell.outboxes.filter(({ sender }) => sender.awaitsRoom).map(({ name }) => name),
      })),
    };
  }

  /** Ends the thread, once its actors have stopped and this call is answered. */
  shutdown(): void {
    this.onShutdown();
  }
}
