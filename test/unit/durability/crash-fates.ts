/** What the machine's end may leave of what was not synced: the named extremes, and a write torn at one byte. */
import type { CrashFate } from '../../../src/persistence/sim-file-store.js';

const total = (changes: readonly number[]): number => changes.reduce((sum, units) => sum + units, 0);

/** Everything that was not synced is gone, or everything is there, in all four combinations of names and contents. */
export const EXTREME_FATES: Readonly<Record<string, CrashFate>> = {
  lost: { namesKept: () => 0, unitsKept: () => 0 },
  kept: { namesKept: (_directory, count) => count, unitsKept: (_path, changes) => total(changes) },
  'names without contents': { namesKept: (_directory, count) => count, unitsKept: () => 0 },
  'contents without names': { namesKept: () => 0, unitsKept: (_path, changes) => total(changes) },
};

/** All is there, but of the last change of this file only so many units. */
export function tornFate(tornPath: string, lastKept: number): CrashFate {
  return {
    namesKept: (_directory, count) => count,
    unitsKept: (path, changes) =>
      path === tornPath ? total(changes) - (changes.at(-1) ?? 0) + lastKept : total(changes),
  };
}
