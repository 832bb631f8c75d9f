// What is shown of many things is gathered in pieces: sorting and walking with pauses, and nothing missed when things change in between.

import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../src/base/clock.js';
import { Prng } from '../../../src/base/prng.js';
import { decodeUtf8, encodeUtf8 } from '../../../src/base/utf8.js';
import type { ServerCnxn } from '../../../src/net/server-cnxn.js';
import type { ShardConnections } from '../../../src/net/shard-connections.js';
import type { WatchPiece } from '../../../src/net/shard-control.js';
import { ShardListing } from '../../../src/net/shard-listing.js';
import { SessionListing } from '../../../src/server/status/session-listing.js';
import { TurnSharing } from '../../../src/server/status/turn-sharing.js';
import { SessionTable } from '../../../src/session/session-table.js';
import { PathHash } from '../../../src/store/path-hash.js';
import type { TreeReader } from '../../../src/store/tree-reader.js';
import { WatchManager } from '../../../src/watch/watch-manager.js';
import { ANY_MODE, WatchMode, WatchTable } from '../../../src/watch/watch-mode.js';

/** Time that moves by itself, so that every look finds it due. */
class Hurried extends ManualClock {
  override monotonicMs(): number {
    this.advance(1);
    return super.monotonicMs();
  }
}

describe('sorting with pauses', () => {
  it.each([0, 1, 255, 256, 257, 5000])('%i numbers', async (count) => {
    const prng = new Prng(count);
    const items = Array.from({ length: count }, () => Math.floor(prng.float() * 1000));
    const sorted = await new TurnSharing(new Hurried(0)).sorted(items, (a, b) => a - b);
    expect(sorted).toEqual([...items].sort((a, b) => a - b));
    // Those that compare as the same keep their order.
    const [tens, byTens] = [Uint32Array.from(items), (a: number, b: number) => Math.floor(a / 10) - Math.floor(b / 10)];
    const hurried = await new TurnSharing(new Hurried(0)).sortedNumbers(tens, byTens);
    expect([...hurried]).toEqual([...items].sort(byTens));
  });
});

describe('a walk over watches', () => {
  it('visits all that stay, while others come and go and the table grows', () => {
    const watches = new WatchManager<object>(new PathHash(1, 2));
    const watcher = {};
    const add = (path: string): void => {
      const bytes = encodeUtf8(path);
      watches.add(WatchTable.data, WatchMode.standard, bytes, 0, bytes.length, watcher);
    };
    const remove = (path: string): void => {
      const bytes = encodeUtf8(path);
      watches.remove(WatchTable.data, ANY_MODE, bytes, 0, bytes.length, watcher);
    };
    for (let i = 0; i < 2000; i++) add(`/stays/${i}`);
    const children = encodeUtf8('/children');
    watches.add(WatchTable.child, WatchMode.standard, children, 0, children.length, watcher);
    const seen = new Set<string>();
    let pieces = 0;
    for (let from = 0; from >= 0; pieces++) {
      let room = 50;
      from = watches.visitFrom(
        WatchTable.data,
        from,
        () => room > 0,
        (_watcher, path) => {
          room--;
          const bytes = new Uint8Array(watches.pathLength(path) + 4);
          watches.copyPath(path, bytes, 0);
          seen.add(decodeUtf8(bytes, 0, watches.pathLength(path)));
        },
      );
      for (let i = 0; i < 100; i++) add(`/comes/${pieces}/${i}`);
      for (let i = 0; i < 50; i++) remove(`/comes/${pieces - 1}/${i}`);
    }
    const missed = Array.from({ length: 2000 }, (_, i) => `/stays/${i}`).filter((path) => !seen.has(path));
    expect(missed).toEqual([]);
    expect(seen.has('/children')).toBe(false);
    expect(pieces).toBeGreaterThan(20);
  });
});

describe('what a shard tells of its watches at once (CVE-2017-5637)', () => {
  const OF_WATCH = 3;

  function piecesOf(count: number, pathOf: (i: number) => string): WatchPiece[] {
    const watches = new WatchManager<ServerCnxn>(new PathHash(1, 2));
    const watcher = { sessionHi: 1, sessionLo: 2 } as ServerCnxn;
    for (let i = 0; i < count; i++) {
      const bytes = encodeUtf8(pathOf(i));
      watches.add(WatchTable.data, WatchMode.standard, bytes, 0, bytes.length, watcher);
    }
    const sessions = new SessionTable(new SharedArrayBuffer(SessionTable.byteLengthFor(8)));
    const listing = new ShardListing({} as ShardConnections, watches, sessions, 1000);
    const pieces: WatchPiece[] = [];
    for (let from = 0; from >= 0; from = (pieces.at(-1) as WatchPiece).next) pieces.push(listing.watchPiece(from));
    return pieces;
  }

  it('is about 512 of them, and all pieces together are as many as there are', () => {
    const pieces = piecesOf(10_000, (i) => `/watched/${i}`);
    const counts = pieces.map(({ words }) => words.length / OF_WATCH);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(10_000);
    expect(Math.max(...counts)).toBeLessThan(600);
    expect(pieces.length).toBeLessThan(25);
  });

  it('is about 64 kB of paths', () => {
    const long = 'x'.repeat(4000);
    const pieces = piecesOf(200, (i) => `/${i}/${long}`);
    expect(pieces.reduce((sum, { words }) => sum + words.length / OF_WATCH, 0)).toBe(200);
    expect(Math.max(...pieces.map(({ paths }) => paths.length))).toBeLessThan(100_000);
  });
});

/** One session's list of ephemerals, newest first, that changes with every look at it. */
class PlayedTree {
  paths: string[];
  private readonly onLook: (paths: string[]) => void;

  constructor(paths: string[], onLook: (paths: string[]) => void) {
    this.paths = paths;
    this.onLook = onLook;
  }

  begin = (): number => 0;
  valid = (): boolean => {
    this.onLook(this.paths);
    return true;
  };
  firstEphemeralOf = (): number => (this.paths.length === 0 ? 0 : this.refOf(0));
  find = (path: Uint8Array, _offset: number, length: number): number => {
    const at = this.paths.indexOf(decodeUtf8(path, 0, length));
    return at < 0 ? 0 : this.refOf(at);
  };
  ownerHi = (): number => 0;
  ownerLo = (): number => 5;
  nextEphemeral = (ref: number): number => (ref >= this.paths.length ? 0 : this.refOf(ref));
  pathLength = (ref: number): number => encodeUtf8(this.paths[ref - 1] as string).length;
  copyPath = (ref: number, out: Uint8Array): void => out.set(encodeUtf8(this.paths[ref - 1] as string));

  private refOf(at: number): number {
    return at + 1;
  }
}

describe('ephemerals of a session', () => {
  async function listed(tree: PlayedTree): Promise<string[]> {
    const table = new SessionTable(new SharedArrayBuffer(SessionTable.byteLengthFor(8)));
    table.open(0, 0, 5, 10_000, 0);
    const listing = new SessionListing(table, tree as unknown as TreeReader, new Hurried(0), 2000, false);
    return [...((await listing.ephemerals()).get(5n) ?? [])];
  }

  it('all that stay are listed, once, while others come in front and go', async () => {
    const prng = new Prng(7);
    const stay = Array.from({ length: 300 }, (_, i) => `/stays/${i}`);
    let made = 0;
    const tree = new PlayedTree(
      stay.flatMap((path, i) => [path, `/goes/${i}`]),
      (paths) => {
        paths.unshift(`/comes/${made++}`);
        for (let i = 0; i < 20; i++) {
          const at = Math.floor(prng.float() * paths.length);
          if (paths[at]?.startsWith('/goes')) paths.splice(at, 1);
        }
      },
    );
    const found = await listed(tree);
    expect(new Set(found).size).toBe(found.length);
    expect(stay.filter((path) => !found.includes(path))).toEqual([]);
  });

  it('a list that is emptied meanwhile ends the walk', async () => {
    let looks = 0;
    const tree = new PlayedTree(
      Array.from({ length: 200 }, (_, i) => `/goes/${i}`),
      (paths) => {
        if (++looks === 3) paths.length = 0;
      },
    );
    expect((await listed(tree)).length).toBeLessThan(200);
  });
});
