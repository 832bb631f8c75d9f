// Runs a piece of file work again and again, each time ended at another of its file calls: by the machine, which loses what
// was not synced; by a kill of the process, which loses nothing; or by a call that fails. What must hold afterwards is
// checked on the disk that is left.

import { expect } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import {
  type SimCall,
  SimCrashError,
  SimFileStore,
  type SimFileStoreOptions,
} from '../../../src/persistence/sim-file-store.js';

/** How the work was ended; `none`: it ran to its end. */
export type Ending = 'crash' | 'kill' | 'EIO' | 'ENOSPC' | 'none';

export interface EveryCallOptions {
  readonly endings?: readonly Exclude<Ending, 'none'>[];
  /** So many different ways for the disk to lose what was not synced, per call. */
  readonly seeds?: number;
  readonly disk?: SimFileStoreOptions;
  /** Which calls to end at; all of them unless given. */
  readonly isPlace?: (call: SimCall) => boolean;
}

/** For work that reads much before it changes anything: the calls that change something, or make it durable. */
export function changesFiles(call: SimCall): boolean {
  return call.name !== 'read' && call.name !== 'open' && call.name !== 'list' && call.name !== 'close';
}

class Killed extends Error {
  override readonly name = 'Killed';
}

/**
 * `prepare` fills a new disk, `work` is what gets ended, `check` sees the disk after a restart. Returns how many
 * runs were ended, for tests to see that there were any.
 */
export function endAtEveryCall(
  prepare: (store: SimFileStore) => void,
  work: (store: SimFileStore) => void,
  check: (store: SimFileStore, ending: Ending, label: string) => void,
  options: EveryCallOptions = {},
): number {
  let runs = 0;
  for (const ending of options.endings ?? (['crash', 'kill', 'EIO', 'ENOSPC'] as const)) {
    const seeds = ending === 'crash' ? (options.seeds ?? 8) : 1;
    for (let seed = 1; seed <= seeds; seed++) {
      for (let endAt = 0; ; endAt++) {
        const store = new SimFileStore(new Prng(seed * 1000 + endAt), options.disk);
        prepare(store);
        const label = `${ending} at call ${endAt}, seed ${seed}`;
        const wasEnded = runUntil(store, work, ending, endAt, options.isPlace ?? (() => true));
        if (ending === 'crash' && wasEnded) store.crash();
        check(store, wasEnded ? ending : 'none', label);
        if (!wasEnded) break;
        runs++;
      }
    }
  }
  return runs;
}

function runUntil(
  store: SimFileStore,
  work: (store: SimFileStore) => void,
  ending: Ending,
  endAt: number,
  isPlace: (call: SimCall) => boolean,
): boolean {
  let count = 0;
  let wasEnded = false;
  store.onCall = (call) => {
    if (!isPlace(call) && !(wasEnded && ending === 'kill')) return 'ok';
    const isDue = ending === 'kill' ? count >= endAt : count === endAt;
    count++;
    if (!isDue) return 'ok';
    wasEnded = true;
    if (ending === 'kill') throw new Killed('the process is gone');
    return ending === 'none' ? 'ok' : ending;
  };
  try {
    work(store);
  } catch (error) {
    // What the work made of its end is its own business: it may well have taken it for something else.
    if (!wasEnded) throw error;
  }
  store.onCall = () => 'ok';
  if (ending === 'crash' && wasEnded) expect(() => store.list('/')).toThrow(SimCrashError);
  return wasEnded;
}
