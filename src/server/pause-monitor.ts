// Notices that the process stood still: a garbage collection, a host that was suspended, a main thread that somebody blocked
// (jvm.pause.monitor, operations 10.1). Called about every `sleepMs` by the supervisor's tick, on the main thread; what a call comes
// late by is the pause. It never waits and starts no timer.

import type { Logger } from '../actor/logger.js';

export interface PauseMonitorOptions {
  readonly sleepMs: number;
  readonly infoMs: number;
  readonly warnMs: number;
}

export class PauseMonitor {
  readonly options: PauseMonitorOptions;
  private readonly log: Logger;
  private readonly onPause: (ms: number) => void;
  private lookedMs = Number.NaN;
  private infoCount = 0;
  private warnCount = 0;

  constructor(options: PauseMonitorOptions, log: Logger, onPause: (ms: number) => void) {
    this.options = options;
    this.log = log;
    this.onPause = onPause;
  }

  look(nowMs: number): void {
    const { sleepMs, infoMs, warnMs } = this.options;
    const pauseMs = Math.round(nowMs - this.lookedMs - sleepMs);
    this.lookedMs = nowMs;
    if (!(pauseMs > Math.min(infoMs, warnMs))) return;
    const isWarning = pauseMs > warnMs;
    if (isWarning) this.warnCount++;
    else this.infoCount++;
    this.onPause(pauseMs);
    const message =
      `Detected pause in JVM or host machine (eg GC): pause of approximately ${pauseMs} ms, ` +
      `total pause: info level: ${this.infoCount}, warn level: ${this.warnCount}`;
    for (const line of [message, 'No GCs detected']) {
      if (isWarning) this.log.warn(line);
      else this.log.info(line);
    }
  }
}
