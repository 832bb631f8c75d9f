// Why a start cannot make a database of the files, and what the operator can do about it: the sentences that a refusal ends
// with. Pure; thrown on the thread that recovers, reported on the main thread. Nobody may be told to empty a directory whose
// content is not lost, nor to accept a loss that is not there.

import { hex64 } from '../base/int64.js';
import type { LogFinding } from './log-finding.js';
import { shellWord } from './shell-word.js';
import { SYNC_MARK_NAME } from './sync-mark.js';

const EXIT_UNEXPECTED_ERROR = 1;

/** The files are there but cannot be made into a database. */
export class RecoveryError extends Error {
  override readonly name = 'RecoveryError';
  readonly exitCode = EXIT_UNEXPECTED_ERROR;
  /** What is wrong with which file; null when that is no file's content. */
  readonly finding: LogFinding | null;

  constructor(message: string, options: { readonly cause?: unknown; readonly finding?: LogFinding } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.finding = options.finding ?? null;
  }
}

/** What the operator can do when it is the snapshots that are gone. */
export const SNAPSHOT_REMEDY =
  'In an ensemble: empty the data directory except for myid and the epoch files, and the leader sends a snapshot. ' +
  'Stand-alone: restore a snapshot from a backup into the data directory';

/** Nobody may be told to empty a directory for want of a permission. */
export const UNREADABLE_REMEDY =
  'What cannot be read is not lost: give the files to the user that the server runs as, or look at the disk, and start again';

/** What the operator can do, with the command that does it here. */
export function remedyFor(dataDir: string, dataLogDir: string): string {
  const directories = shellWord(dataLogDir) + (dataLogDir === dataDir ? '' : ` ${shellWord(dataDir)}`);
  return (
    'Acknowledged transactions may be lost behind this, so the server does not start with what is left. In an ensemble: ' +
    'empty the data directory except for myid and the epoch files, and the leader sends a snapshot. Stand-alone: restore ' +
    `the files from a backup, or see what would be lost with: zkLogRepair ${directories} ` +
    `and accept the loss with: zkLogRepair --accept-loss ${directories}`
  );
}

export function missingTailSentence(finding: LogFinding): string {
  const { path, offset, lastHi, lastLo, syncedHi, syncedLo } = finding;
  return (
    `Acknowledged transactions are missing: the log ends at 0x${hex64(lastHi, lastLo)} in ${path} at offset ${offset}, ` +
    `but was synced up to 0x${hex64(syncedHi, syncedLo)}, says ${SYNC_MARK_NAME}`
  );
}

export function snapshotFinding(path: string): LogFinding {
  const nowhere = { offset: -1, lastHi: -1, lastLo: -1, later: null, syncedHi: -1, syncedLo: -1 };
  return { kind: 'snapshot', path, ...nowhere };
}
