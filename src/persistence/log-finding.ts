// What is wrong with the files of a database, as data: which file, where, what is known to be good before it and what was
// seen behind it. Made by whoever reads the files, carried by the errors it throws, and used by those who must decide:
// the message for the operator, the repair, a member of an ensemble that will fetch from its peers what is missing.
// Pure; any thread.

import { hex64 } from '../base/int64.js';

export interface LaterRecord {
  readonly offset: number;
  readonly zxidHi: number;
  readonly zxidLo: number;
}

/**
 * damage       a place in a log cannot be read, or follows where only zeros may
 * hole         two records that stand behind one another do not follow one another
 * missingTail  everything read is whole, but the sync mark says that more was acknowledged
 * snapshot     no snapshot can be used: broken, or not covered by the log
 * unreached    a snapshot cannot be used, and the log behind an older one ends before it
 */
export type LogFindingKind = 'damage' | 'hole' | 'missingTail' | 'snapshot' | 'unreached';

export interface LogFinding {
  readonly kind: LogFindingKind;
  readonly path: string;
  /** In `path`: what lies before it is good (damage, missingTail), or belongs before the hole. -1 where `path` is a snapshot. */
  readonly offset: number;
  /** The last good zxid; of damage: in this file, -1 when it has no good record; of a snapshot: -1. */
  readonly lastHi: number;
  readonly lastLo: number;
  /** The first whole record behind it. */
  readonly later: LaterRecord | null;
  /** missingTail, unreached: up to here transactions were acknowledged; -1 otherwise. */
  readonly syncedHi: number;
  readonly syncedLo: number;
}

export function describeFinding(finding: LogFinding): string {
  const { kind, path, offset, lastHi, lastLo, later, syncedHi, syncedLo } = finding;
  const last = lastHi < 0 ? 'no good record' : `last good zxid 0x${hex64(lastHi, lastLo)}`;
  if (kind === 'snapshot') return `no snapshot can be used, ${path} is the newest`;
  if (kind === 'unreached') return `${path} cannot be used, and the log ends before it: ${last}`;
  const behind =
    later === null ? '' : `, next whole record 0x${hex64(later.zxidHi, later.zxidLo)} at offset ${later.offset}`;
  const synced = kind === 'missingTail' ? `, acknowledged up to 0x${hex64(syncedHi, syncedLo)}` : '';
  return `${KIND_WORDS[kind]} in ${path} at offset ${offset}: ${last}${behind}${synced}`;
}

const KIND_WORDS = { damage: 'damage', hole: 'missing transactions', missingTail: 'missing end of the log' } as const;
