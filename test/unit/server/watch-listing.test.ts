// Watches that shards have told, against maps and sets of the same: by session, by path, counted; those told twice, the null path,
// and the pauses while many are sorted.

import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../src/base/clock.js';
import { WATCH_WORDS, type WatchPiece } from '../../../src/net/shard-control.js';
import { TurnSharing } from '../../../src/server/status/turn-sharing.js';
import { WatchListing } from '../../../src/server/status/watch-listing.js';

type Watch = readonly [hi: number, lo: number, path: string | null];

function pieceOf(watches: readonly Watch[]): WatchPiece {
  const words: number[] = [];
  const bytes: number[] = [];
  for (const [hi, lo, path] of watches) {
    const encoded = Buffer.from(path ?? '');
    words.push(hi, lo, path === null ? -1 : encoded.length);
    bytes.push(...encoded);
  }
  expect(words).toHaveLength(watches.length * WATCH_WORDS);
  return { words: Int32Array.from(words), paths: Uint8Array.from(bytes), next: -1 };
}

function idOf(hi: number, lo: number): bigint {
  return (BigInt(hi) << 32n) | BigInt(lo >>> 0);
}

function listingOf(pieces: readonly (readonly Watch[])[], clock = new ManualClock(0)): WatchListing {
  const listing = new WatchListing(new TurnSharing(clock));
  for (const piece of pieces) listing.add(pieceOf(piece));
  return listing;
}

/** A group that comes twice is an error. */
function taken<K, V>(groups: Iterable<readonly [K, Iterable<V>]>): Map<K, V[]> {
  const map = new Map<K, V[]>();
  for (const [key, members] of groups) {
    expect(map.has(key)).toBe(false);
    map.set(key, [...members].sort());
  }
  return map;
}

/** Negative halves, paths of one length, paths with a common end, some told twice and in several pieces. */
const MANY: Watch[][] = Array.from({ length: 12 }, (_, piece) =>
  Array.from({ length: 300 }, (_, i): Watch => {
    const n = (piece * 7919 + i * 104_729) % 2000;
    return [n % 3 === 0 ? -5 : 1, (n % 7) - 3, n % 50 === 0 ? null : `/${n % 9}/ä${n % 83}/x`];
  }),
);

function modelOf<K, V>(keyOf: (watch: Watch) => K, memberOf: (watch: Watch) => V): Map<K, V[]> {
  const sets = new Map<K, Set<V>>();
  for (const watch of MANY.flat()) sets.set(keyOf(watch), (sets.get(keyOf(watch)) ?? new Set()).add(memberOf(watch)));
  return new Map([...sets].map(([key, members]) => [key, [...members].sort()]));
}

const sessionOf = ([hi, lo]: Watch): bigint => idOf(hi, lo);
const pathOf = ([, , path]: Watch): string => path ?? 'null';

describe('watches that shards have told', () => {
  it('come by session, each once', async () => {
    expect(taken(await listingOf(MANY).bySession())).toEqual(modelOf(sessionOf, pathOf));
  });

  it('come by path, each once', async () => {
    expect(taken(await listingOf(MANY).byPath())).toEqual(modelOf(pathOf, sessionOf));
  });

  it('are counted', async () => {
    const byPath = modelOf(pathOf, sessionOf);
    const watches = [...byPath.values()].reduce((sum, { length }) => sum + length, 0);
    const connections = modelOf(sessionOf, pathOf).size;
    expect(await listingOf(MANY).counts()).toEqual({ connections, paths: byPath.size, watches });
  });

  it('may be none', async () => {
    const none = listingOf([[]]);
    expect([...(await none.bySession()), ...(await none.byPath())]).toEqual([]);
    expect(await none.counts()).toEqual({ connections: 0, paths: 0, watches: 0 });
  });

  it('leave others their turn while they are sorted (CVE-2017-5637)', async () => {
    class Ticking extends ManualClock {
      override monotonicMs(): number {
        this.advance(1);
        return super.monotonicMs();
      }
    }
    const sorting = listingOf(MANY, new Ticking(0)).byPath();
    let turns = 0;
    let isDone = false;
    const others = (): void => {
      turns++;
      if (!isDone) setImmediate(others);
    };
    others();
    await sorting;
    isDone = true;
    expect(turns).toBeGreaterThan(10);
  });
});
