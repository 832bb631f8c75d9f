// Which member this server is: the file `myid` in its data directory, or what an embedding program says in its place. Read
// by the main thread, once, while the server starts. A server that stands alone need not have one, and runs whatever it
// says. Nothing here is ever written.

import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BadValueError, parseStrictLong } from './settings.js';
import { ConfigError } from './start-error.js';

export interface OwnId {
  /** The first line, for log lines. */
  readonly text: string;
  readonly sid: number;
}

/** Null: there is no such file. */
export function readMyid(dataDir: string): OwnId | null {
  const path = join(dataDir, 'myid');
  if (!existsSync(path) || !statSync(path).isFile()) return null;
  const content = readFileSync(path, 'latin1');
  // An empty file has no first line, which the reference calls "null".
  const text = content === '' ? 'null' : content.split(/\r\n|\r|\n/, 1)[0];
  try {
    return { text, sid: parseStrictLong(text) };
  } catch {
    throw new BadValueError(`serverid ${text} is not a number`);
  }
}

/** A directory that says it is another member's is not touched. */
export function givenMyid(sid: number, dataDir: string): OwnId {
  const onDisk = readMyid(dataDir);
  if (onDisk === null || onDisk.sid === sid) return { text: String(sid), sid };
  throw new ConfigError(`${join(dataDir, 'myid')} says ${onDisk.text}: the directory is not that of member ${sid}`);
}
