// One file of keys and values, zoo.cfg or a dynamic configuration, as pairs. Read by the main thread, once, while the
// server starts. What cannot be read becomes the sentence that the reference says about it; what the keys mean is not its
// business, and it never writes.

import { readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import type { Logger } from '../actor/logger.js';
import { parsePropertiesFile, trimProperties } from '../base/java-properties.js';
import { BadValueError } from './settings.js';

/** `missing`: what is said behind the name of a file that is not there. */
export function readPairs(path: string, log: Logger, missing = ' file is missing'): ReadonlyMap<string, string> {
  warnIfRelative(path, log);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new BadValueError(`${path}${missing}`);
    if (code === 'EISDIR') throw new BadValueError(`${path} (Is a directory)`);
    if (code === 'EACCES') throw new BadValueError(`${path} (Permission denied)`);
    throw error;
  }
  return trimProperties(parsePropertiesFile(bytes));
}

export function warnIfRelative(path: string, log: Logger): void {
  if (isAbsolute(path) || path.startsWith('./')) return;
  log.warn(`${path} is relative. Prepend ./ to indicate that you're sure!`);
}
