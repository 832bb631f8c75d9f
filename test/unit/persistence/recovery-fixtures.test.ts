// Every recorded data directory: what Apache's servers wrote must come back field by field, and what is damaged must be
// refused with a message that says where.

import { describe, expect, test } from 'vitest';
import { int64FromHalves } from '../../../src/base/int64.js';
import { Prng } from '../../../src/base/prng.js';
import type { LogFinding } from '../../../src/persistence/log-finding.js';
import type { RecoveredDatabase } from '../../../src/persistence/recovery.js';
import { RecoveryError } from '../../../src/persistence/recovery-error.js';
import { SimFileStore } from '../../../src/persistence/sim-file-store.js';
import { DataTree } from '../../../src/store/data-tree.js';
import type { DigestMismatch } from '../../../src/store/digest-check.js';
import { createTreeMemory } from '../../../src/store/tree-memory.js';
import {
  type ExpectedState,
  expectedState,
  fixtureNames,
  readCase,
  recoverFrom,
  stateOf,
  storeWith,
  VERSION_2,
} from './persistence-fixture.js';
import { append, createEntry, newWriter } from './txn-entries.js';

/** Refusals must name the place. */
const REFUSALS: Readonly<Record<string, RegExp>> = {
  'log-flip-data':
    /log\.1 is damaged at offset 177: the checksum .* last good zxid is 0x2; .* 0x4 follows at offset 250/,
  'log-flip-last': /log\.1 is damaged at offset 1472: the checksum of a record is wrong; the last good zxid is 0xf\./,
  'log-flip-eor':
    /log\.1 is damaged at offset 399: the end byte .* last good zxid is 0x5; .* 0x7 follows at offset 509/,
  'log-flip-crc': /log\.1 is damaged at offset 399: the checksum/,
  'log-zero-length': /log\.1 is damaged at offset 399: .* 0x7 follows at offset 509/,
  'log-zeroed-sector': /log\.1 is damaged at offset 509: .* last good zxid is 0x6; .* follows at offset \d+/,
  'log-len-minus1': /log\.1 is damaged at offset 399: a record has the length -1/,
  'log-len-huge': /log\.1 is damaged at offset 399: a record of length 2147483647 runs past the end of the file/,
  'log-len-past-end': /log\.1 is damaged at offset 399: a record of length \d+ runs past .* 0x7 follows at offset 509/,
  'log-bad-magic': /log\.1 is damaged at offset 0: it does not begin with the magic number/,
  'log-empty-first': /0x0 \(the snapshot\) is followed by 0x6 in .*log\.6 at offset 16/,
  'log-gap': /0x4 is followed by 0x6 in .*log\.6 at offset 16/,
  'log-gap-after-snapshot': /0x0 \(the snapshot\) is followed by 0x4 in .*log\.1 at offset 16/,
  'log-short-body': /log\.1 is damaged at offset \d+: the checksum of a record is right but its body is cut short/,
  'no-snapshot': /No snapshot found, but there are log entries\. Something is broken!/,
  'snap-all-bad': /Not able to find valid snapshots in \/data\/version-2: .*snapshot\.10.*snapshot\.0/,
  'snap-fallback-gap':
    /0x7 is followed by 0xb in .*log\.b at offset 16\. Newer snapshots could not be used: .*snapshot\.10/,
};

/** What the error says to those who do not read messages. */
const FINDINGS: Readonly<Record<string, Partial<LogFinding>>> = {
  'log-flip-last': { kind: 'damage', path: `${VERSION_2}/log.1`, offset: 1472, lastLo: 0xf, later: null },
  'log-zeroed-sector': { kind: 'damage', offset: 509, lastLo: 6, later: { offset: 1100, zxidHi: 0, zxidLo: 0xc } },
  'log-bad-magic': { kind: 'damage', offset: 0, lastHi: -1 },
  'log-gap': {
    kind: 'hole',
    path: `${VERSION_2}/log.6`,
    offset: 16,
    lastLo: 4,
    later: { offset: 16, zxidHi: 0, zxidLo: 6 },
  },
  'snap-all-bad': { kind: 'snapshot', path: `${VERSION_2}/snapshot.10`, offset: -1 },
  'snap-fallback-gap': { kind: 'hole', path: `${VERSION_2}/log.b`, offset: 16, lastLo: 7 },
};

/** Records that ours replays and 3.9.5 does not count: it leaves repeats under an equal zxid out of its committed log. */
const REPLAYED: Readonly<Record<string, number>> = {
  'duplicate-zxid-3.9': 7,
  'digest-off-3.9': 0,
  'close-session-legacy-3.9': 6,
  'log-header-short': 0,
  'snap-tmp-complete': 16, // ours ignores the temporary and replays the log instead
  'fuzzy-uncovered-3.9': 0xd0, // ours skips the snapshot that the log does not cover
};

/** Digests that are not the tree's, where it is not what 3.9.5 counts. */
const MISMATCHES: Readonly<Record<string, number>> = {
  'log-overlap': 0, // 3.9.5 applies the repeats once more
};

describe('recorded data directories', () => {
  for (const name of fixtureNames()) {
    const { expected, mustDo, reference } = readCase(name);
    const refusal = REFUSALS[name];
    if (refusal !== undefined) {
      test(`${name} is refused: ${mustDo}`, () => {
        const store = storeWith(name);
        const before = filesOf(store);
        let error: unknown;
        try {
          recoverFrom(store);
        } catch (thrown) {
          error = thrown;
        }
        expect(error).toBeInstanceOf(RecoveryError);
        expect((error as RecoveryError).exitCode).toBe(1);
        expect((error as RecoveryError).message).toMatch(refusal);
        expect((error as RecoveryError).finding ?? {}).toMatchObject(FINDINGS[name] ?? {});
        expect(filesOf(store)).toEqual(before);
      });
      continue;
    }
    test(`${name} loads: ${mustDo}`, () => {
      expect(expected).toBe('load');
      const database = recoverFrom(storeWith(name));
      expect(withoutQuotaCounts(stateOf(database))).toEqual(withoutQuotaCounts(expectedState(name)));
      expect(digestOf(database)).toBe(expectedState(name).treeDigest);
      expect(database.digestMismatches).toBe(MISMATCHES[name] ?? reference['3.9.5'].digestMismatches ?? 0);
      expect(database.recordsReplayed).toBe(REPLAYED[name] ?? reference['3.9.5'].replayed);
    });
  }
});

describe('a snapshot that the log does not cover', () => {
  test('does not come back when other transactions have taken the zxids that it misses', () => {
    const store = storeWith('fuzzy-uncovered-3.9');
    const warnings: string[] = [];
    const first = recoverFrom(store, { warn: (message) => warnings.push(message) });
    const [skipped] = store.list(VERSION_2).filter((name) => name.startsWith('uncovered.snapshot.'));
    expect(warnings.join()).toContain(`to ${skipped}: no start has a use for it`);
    const writer = newWriter(store);
    const last = int64FromHalves(first.lastZxidHi, first.lastZxidLo);
    for (let zxid = last + 1n; zxid < last + 500n; zxid++)
      append(writer, createEntry(zxid, `/other${zxid}`, null), zxid);
    writer.close();
    const second = recoverFrom(store);
    expect(second.snapshot).toEqual(first.snapshot);
    expect(second.lastZxidLo).toBe(first.lastZxidLo + 499);
    expect(second.tree.nodeCount).toBe(first.tree.nodeCount + 499);
  });
});

describe('digests that differ from the tree', () => {
  test('are reported with what was expected and what is there, and the start goes on', () => {
    const mismatches: DigestMismatch[] = [];
    const database = recoverFrom(storeWith('digest-charset-3.8'), {
      onDigestMismatch: (mismatch) => mismatches.push(mismatch),
    });
    expect(mismatches).toHaveLength(database.digestMismatches);
    for (const { of, expectedHi, expectedLo, actualHi, actualLo } of mismatches) {
      expect(of).toMatch(/^the (transaction|snapshot)$/);
      expect([actualHi, actualLo]).not.toEqual([expectedHi, expectedLo]);
    }
  });

  test('are not looked for when digests are off', () => {
    const tree = new DataTree(createTreeMemory(1, 2), () => undefined, false);
    const database = recoverFrom(storeWith('digest-charset-3.8'), {
      tree,
      onDigestMismatch: () => expect.unreachable('digests are off'),
    });
    expect(database.digestMismatches).toBe(0);
    expect([tree.digestHi, tree.digestLo]).toEqual([0, 0]);
    expect(stateOf(database)).toEqual(expectedState('digest-charset-3.8'));
  });
});

describe('the same data by another way', () => {
  for (const name of ['standalone-3.8', 'standalone-3.9']) {
    test(`${name} without its snapshot: all 266 records replayed give the same tree`, () => {
      const store = storeWith(name);
      store.unlink(`${VERSION_2}/snapshot.f5`);
      const database = recoverFrom(store);
      expect(database.recordsReplayed).toBe(266);
      expect(withoutQuotaCounts(stateOf(database))).toEqual(withoutQuotaCounts(expectedState(name)));
    });
  }

  test('ZOOKEEPER-3056: no-snapshot loads when snapshot.trust.empty is set', () => {
    const database = recoverFrom(storeWith('no-snapshot'), { trustEmptySnapshot: true });
    expect(stateOf(database)).toEqual(expectedState('tiny-3.8'));
    expect(database.snapshot).toBeNull();
  });

  test('a new database begins with the snapshot that 3.9 begins with, byte for byte', () => {
    const store = new SimFileStore(new Prng(1));
    recoverFrom(store);
    const theirs = storeWith('tiny-3.9').contentsOf(`${VERSION_2}/snapshot.0`);
    expect(Buffer.from(store.contentsOf(`${VERSION_2}/snapshot.0`)).toString('hex')).toBe(
      Buffer.from(theirs).toString('hex'),
    );
  });

  test('an empty last log is removed, an empty one before it is not', () => {
    const store = storeWith('log-empty-last');
    recoverFrom(store);
    expect(store.list(VERSION_2)).toEqual(['log.1', 'snapshot.0']);
  });
});

/** The counts in zookeeper_stats are upkeep beside the log (persistence 3.6), which recovery does not do. */
function withoutQuotaCounts(state: ExpectedState): ExpectedState {
  const nodes = state.nodes.map((node) => (node.path.endsWith('/zookeeper_stats') ? { ...node, data: '' } : node));
  return { ...state, nodes };
}

function digestOf({ tree }: RecoveredDatabase): string {
  tree.checkInvariants();
  return String(int64FromHalves(tree.digestHi, tree.digestLo));
}

function filesOf(store: ReturnType<typeof storeWith>): Map<string, string> {
  const files = new Map<string, string>();
  for (const name of store.list(VERSION_2)) {
    files.set(name, Buffer.from(store.contentsOf(`${VERSION_2}/${name}`)).toString('base64'));
  }
  return files;
}
