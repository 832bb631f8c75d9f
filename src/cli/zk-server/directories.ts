// The directories a start needs: made if they are missing, or, where the operator has forbidden that, demanded. Used
// by start; start-foreground and print-cmd only ask for missing ones, the other sub-commands leave the disk as it is.
// What is inside the directories is the server's business.

import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Launch } from './launch.js';

/** With ZOO_DATADIR_AUTOCREATE_DISABLE: the sentence that forbids the start, or null. */
export function missingDirectory(launch: Launch): string | null {
  if (!launch.env.ZOO_DATADIR_AUTOCREATE_DISABLE) return null;
  if (launch.dataDir !== null && !isDirectory(join(launch.dataDir, 'version-2'))) {
    return `ZooKeeper data directory is missing at ${launch.dataDir} fix the path or run initialize`;
  }
  if (launch.dataLogDir !== null && !isDirectory(join(launch.dataLogDir, 'version-2'))) {
    return `ZooKeeper txnlog directory is missing at ${launch.dataLogDir} fix the path or run initialize`;
  }
  return null;
}

/** Throws what the file system says. The server makes version-2 itself, if it may. */
export function makeDirectories(launch: Launch): void {
  if (launch.pidFile !== null) mkdirSync(dirname(launch.pidFile), { recursive: true });
  if (launch.dataDir !== null) mkdirSync(launch.dataDir, { recursive: true });
  mkdirSync(launch.logDir, { recursive: true });
}

function isDirectory(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}
