// Whether somebody looks for pauses of the process, and from which length on he says so (operations 10.1). Read once by the
// main thread while the server starts; the monitor itself is made later, and only where it is wanted. A pause that cannot be
// measured is not asked for: it looks about every millisecond at the most.

import type { PauseMonitorOptions } from './pause-monitor.js';
import type { Settings } from './settings.js';

/** Null: nobody looks for pauses. */
export function readPauseConfig(settings: Settings): PauseMonitorOptions | null {
  if (!settings.strictBool('jvm.pause.monitor')) return null;
  return {
    sleepMs: Math.max(1, settings.strictInt('jvm.pause.sleep.time.ms')),
    infoMs: settings.strictInt('jvm.pause.info-threshold.ms'),
    warnMs: settings.strictInt('jvm.pause.warn-threshold.ms'),
  };
}
