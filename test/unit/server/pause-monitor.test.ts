import { expect, test } from 'vitest';
import { silentLogger } from '../../../src/actor/logger.js';
import { PauseMonitor } from '../../../src/server/pause-monitor.js';

test('a look that comes late is a pause, of the level that it reaches', () => {
  const lines: string[] = [];
  const pauses: number[] = [];
  const log = {
    ...silentLogger,
    info: (message: string) => lines.push(`INFO ${message}`),
    warn: (message: string) => lines.push(`WARN ${message}`),
  };
  const monitor = new PauseMonitor({ sleepMs: 500, infoMs: 1000, warnMs: 10_000 }, log, (ms) => pauses.push(ms));
  for (const nowMs of [100, 600, 1150, 3200, 20_000, 20_500]) monitor.look(nowMs);
  expect(pauses).toEqual([1550, 16_300]);
  expect(lines).toEqual([
    'INFO Detected pause in JVM or host machine (eg GC): pause of approximately 1550 ms, total pause: info level: 1, warn level: 0',
    'INFO No GCs detected',
    'WARN Detected pause in JVM or host machine (eg GC): pause of approximately 16300 ms, total pause: info level: 1, warn level: 1',
    'WARN No GCs detected',
  ]);
});
