/**
 * In which table a watch stands and how long it lasts (client-protocol 7.1). Modes of one path and connection are
 * independent of each other, so an entry has a set of them: bits.
 */
export const WatchTable = { data: 0, child: 1 } as const;
export type WatchTable = (typeof WatchTable)[keyof typeof WatchTable];

export const WatchMode = {
  /** Used up by the event that it causes. */
  standard: 1,
  persistent: 2,
  /** Persistent, and of all descendants too. Stands in the data table only. */
  recursive: 4,
} as const;
export type WatchMode = (typeof WatchMode)[keyof typeof WatchMode];

export const ANY_MODE = WatchMode.standard | WatchMode.persistent | WatchMode.recursive;
