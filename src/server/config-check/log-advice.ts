// Says at a start what is odd about the configuration file though the server runs with it: a line of the log for each. Main
// thread; loaded and run behind the start, so that no client waits for it.
// It changes nothing and refuses nothing.

import { readFileSync } from 'node:fs';
import type { Logger } from '../../actor/logger.js';
import { configLines } from './config-line.js';
import { keyAdvice } from './key-advice.js';

export function logAdvice(configFile: string, log: Logger): void {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(configFile);
  } catch (error) {
    // The server runs with what it has read: somebody has moved the file since.
    log.debug(`${configFile} is not looked at again: ${(error as Error).message}`);
    return;
  }
  const idle: string[] = [];
  for (const { kind, key, place, text, remedy } of keyAdvice(configLines(configFile, bytes))) {
    const message = `${place}: ${text}${remedy === '' ? '' : `. ${remedy}`}`;
    if (kind === 'idle') idle.push(key);
    else if (kind === 'alias') log.info(message);
    else log.warn(message);
  }
  if (idle.length > 0) log.info(`Keys without effect in this version: ${idle.join(', ')}`);
}
