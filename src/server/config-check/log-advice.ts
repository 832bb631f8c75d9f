// Says at a start what is odd about the configuration file though the server runs with it: a line of the log for each. Main
// thread; loaded and run behind the start, so that no client waits for it.
// It changes nothing and refuses nothing.

import { readFileSync } from 'node:fs';
import type { Logger } from '../../actor/logger.js';
import { configLines } from './config-line.js';
import { keyAdvice } from './key-advice.js';

export function logAdvice(configFile: string, log: Logger): void {
  const idle: string[] = [];
  for (const { kind, key, place, text, remedy } of keyAdvice(configLines(configFile, readFileSync(configFile)))) {
    const message = `${place}: ${text}${remedy === '' ? '' : `. ${remedy}`}`;
    if (kind === 'idle') idle.push(key);
    else if (kind === 'alias') log.info(message);
    else log.warn(message);
  }
  if (idle.length > 0) log.info(`Keys without effect in this version: ${idle.join(', ')}`);
}
