// What a repair plans for every kind of refusal, that a start succeeds afterwards with all that was proven, that nothing is
// destroyed, and that a crash at any of its file calls leaves a state that is refused or right.

import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { joinPath } from '../../../src/persistence/file-store.js';
import { describeFinding } from '../../../src/persistence/log-finding.js';
import {
  applyLogRepair,
  type LogRepairPlan,
  NotRepairable,
  planLogRepair,
} from '../../../src/persistence/log-repair.js';
import type { RecoveredDatabase, RecoveryOptions } from '../../../src/persistence/recovery.js';
import { RecoveryError } from '../../../src/persistence/recovery-error.js';
import { SimCrashError, SimFileStore } from '../../../src/persistence/sim-file-store.js';
import { oweSyncMark, readSyncMark } from '../../../src/persistence/sync-mark.js';
import { DATA_DIR, newTree, recoverFrom as recoverAnew, storeWith, VERSION_2 } from './persistence-fixture.js';
import { append, createEntry, newWriter, readLog } from './txn-entries.js';

const LOG_1 = `${VERSION_2}/log.1`;

// One for all looks: making a tree takes longer than loading these.
const scratch = newTree();

function recoverFrom(store: SimFileStore, changes: Partial<RecoveryOptions> = {}): RecoveredDatabase {
  return recoverAnew(store, { tree: scratch, ...changes });
}

function plan(fileStore: SimFileStore): LogRepairPlan | null {
  return planLogRepair({ fileStore, dataDir: DATA_DIR, dataLogDir: DATA_DIR, tree: scratch, warn: () => undefined });
}

function planned(fileStore: SimFileStore): LogRepairPlan {
  const found = plan(fileStore);
  if (found === null) throw new Error('nothing to repair');
  return found;
}

/** Three logs of 20 transactions each, written by three servers. */
function threeLogs(): SimFileStore {
  const store = new SimFileStore(new Prng(1));
  for (let life = 0; life < 3; life++) {
    const { lastZxidLo } = recoverFrom(store);
    const writer = newWriter(store);
    for (let zxid = lastZxidLo + 1; zxid <= lastZxidLo + 20; zxid++) {
      append(writer, createEntry(BigInt(zxid), `/n${zxid}`, new Uint8Array(100).fill(zxid)), BigInt(zxid));
      writer.commit();
      writer.writeMark();
    }
    writer.close();
  }
  return store;
}

/** Where record `index` (from 0) of a log begins. */
function offsetOf(store: SimFileStore, path: string, index: number): number {
  return readLog(store, path)
    .entries.slice(0, index)
    .reduce((at, entry) => at + entry.length + 13, 16);
}

const LOG_15 = `${VERSION_2}/log.15`;
const LOG_29 = `${VERSION_2}/log.29`;

/** As if the system had got round to writing everything. */
function becomeDurable(store: SimFileStore): void {
  store.crash({
    namesKept: (_directory, count) => count,
    unitsKept: (_path, changes) => changes.reduce((sum, units) => sum + units, 0),
  });
}

interface Fault {
  readonly spoil: (store: SimFileStore) => void;
  readonly kept: number;
  readonly owed: number;
  readonly kinds: readonly string[];
  readonly cuts: readonly (readonly [string, 'part' | 'none'])[];
  readonly wholeRecords: number;
}

function change(store: SimFileStore, path: string, how: (bytes: Uint8Array) => Uint8Array): void {
  store.alter(path, how(store.contentsOf(path)));
}

const FAULTS: Readonly<Record<string, Fault>> = {
  'a flipped bit in the middle log': {
    spoil: (store) => {
      const at = offsetOf(store, LOG_15, 5) + 30;
      change(store, LOG_15, (bytes) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte)));
    },
    kept: 25,
    owed: 60,
    kinds: ['damage', 'missingTail'],
    cuts: [
      ['log.15', 'part'],
      ['log.29', 'none'],
    ],
    wholeRecords: 34,
  },
  'a zeroed sector in the last log': {
    spoil: (store) => change(store, LOG_29, (bytes) => bytes.fill(0, 1024, 1536)),
    kept: 45,
    owed: 60,
    kinds: ['damage', 'missingTail'],
    cuts: [['log.29', 'part']],
    wholeRecords: 11,
  },
  'a log without its magic number': {
    spoil: (store) => change(store, LOG_15, (bytes) => bytes.fill(7, 0, 4)),
    kept: 20,
    owed: 60,
    kinds: ['damage', 'missingTail'],
    cuts: [
      ['log.15', 'none'],
      ['log.29', 'none'],
    ],
    wholeRecords: 40,
  },
  'a log that is gone': {
    spoil: (store) => store.unlink(LOG_15),
    kept: 20,
    owed: 60,
    kinds: ['hole', 'missingTail'],
    cuts: [['log.29', 'none']],
    wholeRecords: 20,
  },
  'a log that is gone, without a mark': {
    spoil: (store) => {
      store.unlink(LOG_15);
      store.unlink(`${VERSION_2}/durableZxid`);
    },
    kept: 20,
    owed: 60,
    kinds: ['hole'],
    cuts: [['log.29', 'none']],
    wholeRecords: 20,
  },
  'the first record of all damaged, without a mark': {
    spoil: (store) => {
      change(store, LOG_1, (bytes) => bytes.fill(0, 16, 200));
      store.unlink(`${VERSION_2}/durableZxid`);
    },
    kept: 0,
    owed: 60,
    kinds: ['damage'],
    cuts: [
      ['log.1', 'none'],
      ['log.15', 'none'],
      ['log.29', 'none'],
    ],
    wholeRecords: 59,
  },
  'the last record torn': {
    spoil: (store) => {
      const at = offsetOf(store, LOG_29, 19);
      change(store, LOG_29, (bytes) => bytes.fill(0, at + 40));
    },
    kept: 59,
    owed: 60,
    kinds: ['missingTail'],
    cuts: [['log.29', 'part']],
    wholeRecords: 0,
  },
  'only the header of the last log': {
    spoil: (store) => change(store, LOG_29, (bytes) => bytes.subarray(0, 16)),
    kept: 40,
    owed: 60,
    kinds: ['missingTail'],
    cuts: [['log.29', 'none']],
    wholeRecords: 0,
  },
  'the last log gone': {
    spoil: (store) => store.unlink(LOG_29),
    kept: 40,
    owed: 60,
    kinds: ['missingTail'],
    cuts: [['log.15', 'part']],
    wholeRecords: 0,
  },
};

function contents(store: SimFileStore, directory: string): Map<string, string> {
  const names = store.list(directory).filter((name) => !store.isDirectory(joinPath(directory, name)));
  return new Map(
    names.map((name) => [name, Buffer.from(store.contentsOf(joinPath(directory, name))).toString('base64')]),
  );
}

/** Every log of before is still there, byte for byte, under its name or in a directory of what was set aside. */
function expectNothingDestroyed(before: Map<string, string>, store: SimFileStore): void {
  const everywhere = [VERSION_2, ...store.list(VERSION_2).map((name) => joinPath(VERSION_2, name))];
  const found = everywhere.filter((path) => store.isDirectory(path)).map((path) => contents(store, path));
  for (const [name, content] of before) {
    if (name.startsWith('log.') && content !== '')
      expect(found.some((files) => files.get(name) === content)).toBe(true);
  }
}

function expectKept(store: SimFileStore, kept: number): void {
  const { tree, lastZxidLo, missingTail } = recoverFrom(store);
  expect(missingTail).toBeNull();
  expect(lastZxidLo).toBe(kept);
  const paths = Array.from({ length: 60 }, (_, i) => new TextEncoder().encode(`/n${i + 1}`));
  expect(paths.filter((path) => tree.reader.find(path, 0, path.length) !== 0)).toHaveLength(kept);
}

function spoiledBy(fault: Fault): SimFileStore {
  const store = threeLogs();
  fault.spoil(store);
  becomeDurable(store);
  return store;
}

describe.each(Object.entries(FAULTS))('%s', (_, fault) => {
  const { kept, owed, kinds, cuts, wholeRecords } = fault;
  const spoiled = spoiledBy(fault);

  test('the plan says what is kept, what is lost and what can still be read of it, and changes nothing', () => {
    const store = spoiled.fork(new Prng(1));
    const before = contents(store, VERSION_2);
    const found = planned(store);
    expect(found.findings.map(({ kind }) => kind)).toEqual(kinds);
    expect([found.keptLo, found.owedLo, found.wholeRecords]).toEqual([kept, owed, wholeRecords]);
    expect(found.cuts.map(({ name, keptBytes }) => [name, keptBytes > 0 ? 'part' : 'none'])).toEqual(cuts);
    if (wholeRecords > 0) expect(found.lastWholeLo).toBe(60);
    for (const finding of found.findings) expect(describeFinding(finding)).toContain(finding.path);
    expect(contents(store, VERSION_2)).toEqual(before);
    expect(() => recoverFrom(store)).toThrow(RecoveryError);
  });

  test('applied: a start succeeds with just that, nothing is destroyed, and the next transactions follow', () => {
    const store = spoiled.fork(new Prng(1));
    const before = contents(store, VERSION_2);
    const aside = applyLogRepair(store, planned(store), { loss: 'accepted' });
    expect(aside).toBe(`${VERSION_2}/before-repair.${kept.toString(16)}`);
    expect(plan(store)).toBeNull();
    expectKept(store, kept);
    expectNothingDestroyed(before, store);
    const writer = newWriter(store);
    append(writer, createEntry(BigInt(kept + 1), `/n${kept + 1}`, null), BigInt(kept + 1));
    writer.commit();
    writer.writeMark();
    writer.close();
    expectKept(store, kept + 1);
    expectNothingDestroyed(before, store);
    expect(store.list(VERSION_2).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test('owed, by a member: the good part comes up, and no start forgets what is missing until the log has it again', () => {
    const store = spoiled.fork(new Prng(1));
    store.place(`${VERSION_2}/currentEpoch`, Buffer.from('0'));
    applyLogRepair(store, planned(store), { loss: 'owed' });
    becomeDurable(store);
    expect(() => recoverFrom(store)).toThrow(RecoveryError);
    const database = recoverFrom(store, { onMissingTail: 'report' });
    expect(database.lastZxidLo).toBe(kept);
    expect(database.missingTail).toMatchObject({ lastLo: kept, syncedLo: owed });
    // The leader's DIFF.
    const writer = newWriter(store, { keepsHigherMark: true });
    for (let zxid = kept + 1; zxid <= owed; zxid++) {
      if (zxid % 7 === 0) expect(recoverFrom(store, { onMissingTail: 'report' }).missingTail).not.toBeNull();
      const mark = readSyncMark(store, VERSION_2);
      expect(mark.kind === 'read' && mark.content.zxidLo).toBe(owed);
      append(writer, createEntry(BigInt(zxid), `/n${zxid}`, null), BigInt(zxid));
      writer.commit();
      writer.writeMark();
    }
    writer.close();
    expectKept(store, owed);
  });
});

/** What only reads leaves the disk as the next call finds it. */
const READING: ReadonlySet<string> = new Set(['open', 'list', 'read', 'close']);

/** Runs the repair with each of its changes to the disk met by `verdict`, and hands on what that left. */
function spoilEveryCall(
  spoiled: SimFileStore,
  loss: 'accepted' | 'owed',
  verdict: 'crash' | 'ENOSPC',
  visit: (store: SimFileStore) => void,
): number {
  for (let at = 0; ; at++) {
    const store = spoiled.fork(new Prng(at));
    const found = planned(store);
    let count = 0;
    store.onCall = ({ name }) => (!READING.has(name) && count++ === at ? verdict : 'ok');
    let error: unknown = null;
    try {
      applyLogRepair(store, found, { loss });
    } catch (thrown) {
      error = thrown;
    }
    if (error === null) return at;
    if (verdict === 'crash') expect(error).toBeInstanceOf(SimCrashError);
    else expect(String(error)).toContain(verdict);
    store.onCall = () => 'ok';
    if (verdict === 'crash') store.crash();
    visit(store);
  }
}

describe('a repair that does not come to its end', () => {
  const names = [
    'a flipped bit in the middle log',
    'a log without its magic number',
    'a log that is gone, without a mark',
    'the last record torn',
  ];
  test.each(names)(
    '%s: a crash at every file call leaves a state that is refused or right; a second repair ends it',
    (name) => {
      const fault = FAULTS[name] as Fault;
      const spoiled = spoiledBy(fault);
      const before = contents(spoiled, VERSION_2);
      let refused = 0;
      const total = spoilEveryCall(spoiled, 'accepted', 'crash', (store) => {
        expectNothingDestroyed(before, store);
        const again = plan(store);
        if (again === null) return expectKept(store, fault.kept);
        refused++;
        expect(() => recoverFrom(store)).toThrow(RecoveryError);
        applyLogRepair(store, again, { loss: 'accepted' });
        expectKept(store, fault.kept);
        expectNothingDestroyed(before, store);
      });
      expect(total).toBeGreaterThanOrEqual(10);
      expect(refused).toBeGreaterThanOrEqual(total / 3);
    },
  );

  test('a failing call is the end of the attempt, and the next one succeeds', () => {
    const fault = FAULTS['a flipped bit in the middle log'] as Fault;
    spoilEveryCall(spoiledBy(fault), 'accepted', 'ENOSPC', (store) => {
      const again = plan(store);
      if (again !== null) applyLogRepair(store, again, { loss: 'accepted' });
      expectKept(store, fault.kept);
    });
  });

  test("a member's: refused at every moment, with all that is owed", () => {
    const fault = FAULTS['a log that is gone, without a mark'] as Fault;
    spoilEveryCall(spoiledBy(fault), 'owed', 'crash', (store) => {
      expect(() => recoverFrom(store)).toThrow(RecoveryError);
      const again = planned(store);
      expect([again.keptLo, again.owedLo]).toEqual([fault.kept, fault.owed]);
      applyLogRepair(store, again, { loss: 'owed' });
      expect(recoverFrom(store, { onMissingTail: 'report' }).missingTail).toMatchObject({ syncedLo: fault.owed });
    });
  });
});

describe('a snapshot that cannot be used, and that the log does not reach', () => {
  /** snapshot.3c is spoilt, and log.29 is gone: what is left leads to 0x28. */
  function unreached(): SimFileStore {
    const store = threeLogs();
    store.unlink(LOG_29);
    store.unlink(`${VERSION_2}/durableZxid`);
    store.place(`${VERSION_2}/snapshot.3c`, new Uint8Array(3));
    return store;
  }

  test('goes as well, and is what was owed', () => {
    const store = unreached();
    expect(() => recoverFrom(store)).toThrow('zkLogRepair --accept-loss');
    const repair = planned(store);
    expect(repair.findings.map(describeFinding)).toEqual([
      '/data/version-2/snapshot.3c cannot be used, and the log ends before it: last good zxid 0x28',
    ]);
    expect(repair).toMatchObject({ cuts: [], snapshots: ['snapshot.3c'], keptLo: 0x28, owedLo: 0x3c });
    const aside = applyLogRepair(store, repair, { loss: 'accepted' });
    expect(store.contentsOf(joinPath(aside, 'snapshot.3c'))).toHaveLength(3);
    expect(recoverFrom(store)).toMatchObject({ lastZxidLo: 0x28, missingTail: null });
  });

  test('a member owes what it held', () => {
    const store = unreached();
    applyLogRepair(store, planned(store), { loss: 'owed' });
    expect(() => recoverFrom(store)).toThrow(RecoveryError);
    expect(recoverFrom(store, { onMissingTail: 'report' }).missingTail).toMatchObject({ syncedLo: 0x3c });
  });
});

describe('recorded directories that are refused', () => {
  const kept: Readonly<Record<string, number>> = {
    'log-flip-data': 2,
    'log-flip-last': 0xf,
    'log-flip-eor': 5,
    'log-flip-crc': 5,
    'log-zero-length': 5,
    'log-zeroed-sector': 6,
    'log-len-minus1': 5,
    'log-len-huge': 5,
    'log-len-past-end': 5,
    'log-bad-magic': 0,
    'log-empty-first': 0,
    'log-gap': 4,
    'log-gap-after-snapshot': 0,
    'log-short-body': 0x10,
    'snap-fallback-gap': 7,
  };
  for (const [name, zxid] of Object.entries(kept)) {
    test(`${name} starts after a repair, with zxid 0x${zxid.toString(16)}`, () => {
      const store = storeWith(name);
      const before = contents(store, VERSION_2);
      applyLogRepair(store, planned(store), { loss: 'accepted' });
      expect(recoverFrom(store).lastZxidLo).toBe(zxid);
      expectNothingDestroyed(before, store);
    });
  }

  test.each(['snap-all-bad', 'no-snapshot'])('%s is not repaired by setting logs aside', (name) => {
    const store = storeWith(name);
    expect(() => plan(store)).toThrow(NotRepairable);
  });

  test.each(['tiny-3.9', 'log-torn-padded', 'log-torn-then-next', 'log-empty-last', 'snap-flip-newest'])(
    '%s starts, so there is nothing to repair',
    (name) => {
      const store = storeWith(name);
      const before = contents(store, VERSION_2);
      expect(plan(store)).toBeNull();
      expect(contents(store, VERSION_2)).toEqual(before);
    },
  );
});

describe('logs that are not there at all', () => {
  test('are given up in the same way: the mark beside the snapshots is not asked again', () => {
    const store = new SimFileStore(new Prng(1));
    const separate = { dataLogDir: '/log' };
    recoverFrom(store, separate);
    const writer = newWriter(store, { directory: '/log/version-2', snapshotDirectory: VERSION_2 });
    append(writer, createEntry(1n, '/n1', null), 1n);
    writer.close();
    for (const name of store.list('/log/version-2')) store.unlink(`/log/version-2/${name}`);
    const look = (): LogRepairPlan | null =>
      planLogRepair({ fileStore: store, dataDir: DATA_DIR, dataLogDir: '/log', tree: scratch, warn: () => undefined });
    const found = look();
    expect(found).toMatchObject({ cuts: [], keptLo: 0, owedLo: 1, findings: [{ kind: 'missingTail' }] });
    expect(() => recoverFrom(store, separate)).toThrow(RecoveryError);
    applyLogRepair(store, found as LogRepairPlan, { loss: 'accepted' });
    expect(look()).toBeNull();
    expect(recoverFrom(store, separate).lastZxidLo).toBe(0);
  });
});

describe('a database of which nothing is there but the mark', () => {
  test('is given up, and begins anew', () => {
    const store = new SimFileStore(new Prng(1));
    store.makeDirectories(VERSION_2);
    oweSyncMark(store, VERSION_2, 0, 9);
    applyLogRepair(store, planned(store), { loss: 'accepted' });
    expect(plan(store)).toBeNull();
    expect(recoverFrom(store).lastZxidLo).toBe(0);
  });
});

describe('a file system without hard links', () => {
  test('gets copies', () => {
    const spoiled = threeLogs();
    change(spoiled, LOG_29, (bytes) => bytes.fill(0, 1024, 1536));
    const before = contents(spoiled, VERSION_2);
    spoiled.hasLinks = false;
    applyLogRepair(spoiled, planned(spoiled), { loss: 'accepted' });
    expectKept(spoiled, 45);
    expectNothingDestroyed(before, spoiled);
  });
});
