// Where reading a log ends, and what that place means: the clean end, the torn tail of a crash, or damage.

import { describe, expect, test } from 'vitest';
import { adler32 } from '../../../src/base/adler32.js';
import { writeInt32 } from '../../../src/base/bytes.js';
import { Prng } from '../../../src/base/prng.js';
import { SimFileStore } from '../../../src/persistence/sim-file-store.js';
import { TxnLogDamage } from '../../../src/persistence/txn-log-damage.js';
import { TxnLogReader } from '../../../src/persistence/txn-log-reader.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { storeWith, VERSION_2 } from './persistence-fixture.js';
import { append, createEntry, entryOf, newWriter, type ReadLog, readLog } from './txn-entries.js';

const PATH = `${VERSION_2}/log.1`;

/** 16 records of all kinds, 1539 bytes, no padding. */
const whole = storeWith('tiny-3.8').contentsOf(PATH).subarray(0, 1539);
const starts = recordStarts(whole);

function read(bytes: Uint8Array): ReadLog {
  const store = new SimFileStore(new Prng(1));
  store.place(PATH, bytes);
  return readLog(store, PATH);
}

function recordStarts(bytes: Uint8Array): number[] {
  const store = new SimFileStore(new Prng(1));
  store.place(PATH, bytes);
  const reader = new TxnLogReader(store, PATH);
  const offsets: number[] = [];
  while (reader.next()) offsets.push(reader.recordOffset);
  return offsets;
}

function damageOf(bytes: Uint8Array): TxnLogDamage {
  try {
    read(bytes);
  } catch (error) {
    if (error instanceof TxnLogDamage) return error;
    throw error;
  }
  throw new Error('no damage was found');
}

/** One record around any bytes, with a right checksum. */
function recordOf(entry: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(entry.length + 13);
  writeInt32(bytes, 4, adler32(entry, 0, entry.length));
  writeInt32(bytes, 8, entry.length);
  bytes.set(entry, 12);
  bytes[bytes.length - 1] = 0x42;
  return bytes;
}

function concat(...parts: Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

const zeros = (count: number): Uint8Array => new Uint8Array(count);
const entries = read(whole).entries;
const HEADER = whole.subarray(0, 16);

function isPrefix(kept: readonly Uint8Array[], count: number): boolean {
  return kept.length === count && Buffer.compare(concat(...kept), concat(...entries.slice(0, count))) === 0;
}

/** A record begins with four zero bytes: a cut behind less than five of its bytes leaves nothing to see of it. */
function showsNothing(size: number, count: number): boolean {
  return size - (starts[count] ?? size) <= 4;
}

describe('a log that a crash cut short', () => {
  test('at any byte: the whole records before the cut, and a torn tail', () => {
    for (let size = 0; size < whole.length; size++) {
      const { entries: kept, end } = read(whole.subarray(0, size));
      const count = starts.filter((_, i) => (starts[i + 1] ?? whole.length) <= size).length;
      expect(isPrefix(kept, count)).toBe(true);
      expect(end).toBe(size < 16 ? 'noHeader' : showsNothing(size, count) ? 'clean' : 'torn');
    }
  });

  test('at any byte, with the padding of the file behind it: the same records, and no damage', () => {
    for (let size = 16; size < whole.length; size++) {
      const padded = concat(whole.subarray(0, size), zeros(5000));
      const { entries: kept, end } = read(padded);
      const count = starts.filter((_, i) => (starts[i + 1] ?? whole.length) <= size).length;
      expect(isPrefix(kept, count)).toBe(true);
      expect(end).toBe(showsNothing(size, count) ? 'clean' : 'torn');
    }
  });
});

describe('a log with one wrong byte', () => {
  test('anywhere in front of the last record: refused, with the offset of that record and the last zxid before it', () => {
    const last = starts.at(-1) ?? 0;
    for (let offset = 16; offset < last; offset++) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const bytes = whole.slice();
        bytes[offset] ^= flip;
        const record = starts.filter((start) => start <= offset).length - 1;
        const damage = damageOf(bytes);
        expect(damage.finding.offset).toBe(starts[record]);
        expect(damage.message).toContain(record === 0 ? 'no good record before' : `zxid is 0x${record.toString(16)}`);
        expect(damage.finding.later).not.toBeNull();
        expect(damage.finding.later?.offset).toBeGreaterThan(starts[record]);
      }
    }
  });

  test('in the last record: refused, or taken for a torn tail when length or end byte are hit, never accepted', () => {
    const last = starts.at(-1) ?? 0;
    for (let offset = last; offset < whole.length; offset++) {
      const bytes = whole.slice();
      bytes[offset] ^= 0x10;
      const hitsFrame = (offset >= last + 8 && offset < last + 12) || offset === whole.length - 1;
      if (hitsFrame && offset !== last + 8) {
        try {
          expect(read(bytes)).toEqual({ entries: entries.slice(0, 15), end: 'torn', endOffset: last });
        } catch (error) {
          if (!(error instanceof TxnLogDamage)) throw error;
          expect(error.finding.offset).toBe(last);
        }
      } else if (!hitsFrame) {
        expect(damageOf(bytes).finding.offset).toBe(last);
      }
    }
  });

  test('in the padding: refused when a whole record could stand there no more', () => {
    const bytes = concat(whole, zeros(3000));
    bytes[2000] = 1;
    const damage = damageOf(bytes);
    expect(damage.finding.offset).toBe(whole.length);
    expect(damage.message).toContain('a record of length 0 is followed by other bytes; the last good zxid is 0x10');
  });
});

describe('where records claim what is not there', () => {
  test('a length of more than the file does not take memory', () => {
    const bytes = whole.slice();
    writeInt32(bytes, starts[15] + 8, 0x7fffffff);
    expect(read(bytes)).toMatchObject({ end: 'torn', endOffset: starts[15] });
  });

  test.each([-1, -2, -2147483648])('a length of %i is refused', (length) => {
    const bytes = whole.slice();
    writeInt32(bytes, starts[15] + 8, length);
    expect(damageOf(bytes).message).toContain(`a record has the length ${length}`);
  });

  test('a right checksum over less than a header is refused', () => {
    expect(damageOf(concat(HEADER, recordOf(entries[0].subarray(0, 31)))).message).toContain('body is cut short');
  });

  test('a right checksum over a body cut anywhere is refused, unless it is whole without the rest', () => {
    const body = createEntry(1n, '/a', Uint8Array.of(1, 2), 1);
    for (let size = 32; size < body.length; size++) {
      const bytes = concat(HEADER, recordOf(body.subarray(0, size)));
      // A create that ends with its flag byte is the old form; one with part of a cversion counts as such, too.
      if (size >= body.length - 4) expect(read(bytes).entries).toHaveLength(1);
      else expect(damageOf(bytes).message).toContain('body is cut short');
    }
  });

  test.each([
    ['of a type nobody knows', 77],
    ['check, which stands in a multi only', OpCode.check],
    ['ping, which is never logged', OpCode.ping],
  ])('a record %s is refused', (_, type) => {
    const entry = createEntry(1n, '/a', null);
    writeInt32(entry, 28, type);
    expect(damageOf(concat(HEADER, recordOf(entry))).message).toContain(`unknown type ${type}`);
  });

  test('a multi is checked part by part, a failed one is not', () => {
    const cut = new Uint8Array([0, 0, 0, 2, 0x2f]);
    const good = entryOf(1n, {
      type: OpCode.multi,
      txn: { txns: [{ type: OpCode.delete, data: new Uint8Array([0, 0, 0, 1, 0x2f]) }] },
    });
    const bad = entryOf(1n, { type: OpCode.multi, txn: { txns: [{ type: OpCode.delete, data: cut }] } });
    const failed = entryOf(1n, {
      type: OpCode.multi,
      txn: {
        txns: [
          { type: OpCode.delete, data: cut },
          { type: OpCode.error, data: new Uint8Array([255, 255, 255, 254]) },
        ],
      },
    });
    expect(read(concat(HEADER, recordOf(good))).entries).toHaveLength(1);
    expect(read(concat(HEADER, recordOf(failed))).entries).toHaveLength(1);
    expect(damageOf(concat(HEADER, recordOf(bad))).message).toContain('body is cut short');
  });

  test('a closeSession has a list of paths, or only a digest, or nothing', () => {
    const header = entryOf(1n, { type: OpCode.closeSession, txn: null });
    expect(header).toHaveLength(32);
    const digest = Buffer.from('000000020000000012345678', 'hex');
    const list = Buffer.from('00000001000000022f61', 'hex');
    for (const rest of [zeros(0), digest, list, concat(list, digest)]) {
      expect(read(concat(HEADER, recordOf(concat(header, rest)))).entries).toHaveLength(1);
    }
    for (const rest of [
      zeros(3),
      digest.subarray(0, 11),
      concat(list, zeros(5)),
      Buffer.from('0000000100000001', 'hex'),
    ]) {
      expect(damageOf(concat(HEADER, recordOf(concat(header, rest)))).message).toContain('body is cut short');
    }
  });
});

describe('records of any size', () => {
  test('that cross the edges of the window, or exceed it', () => {
    const store = new SimFileStore(new Prng(1));
    store.makeDirectories(VERSION_2);
    const writer = newWriter(store, { preAllocBytes: 0 });
    const prng = new Prng(7);
    const written: Uint8Array[] = [];
    for (let zxid = 1n; zxid <= 60n; zxid++) {
      const size = zxid === 30n ? 3_000_000 : prng.below(200_000);
      const entry = createEntry(zxid, `/n${zxid}`, new Uint8Array(size).fill(prng.below(256)));
      written.push(entry);
      append(writer, entry, zxid);
    }
    writer.close();
    const { entries: kept, end } = readLog(store, PATH);
    expect(end).toBe('clean');
    expect(kept.map((entry, i) => Buffer.compare(entry, written[i])).filter((order) => order !== 0)).toEqual([]);
    expect(kept).toHaveLength(60);
  });

  test('a whole record inside the data of the one that was cut makes the tail suspicious: refused', () => {
    const inner = recordOf(createEntry(9n, '/inner', null));
    const outer = recordOf(createEntry(1n, '/outer', inner));
    const damage = damageOf(concat(HEADER, outer.subarray(0, outer.length - 3)));
    expect(damage.finding.later).toEqual({ offset: expect.any(Number), zxidHi: 0, zxidLo: 9 });
  });

  test('an old record inside the data of the one that was cut is only data: a torn tail', () => {
    const first = recordOf(createEntry(9n, '/first', null));
    const outer = recordOf(createEntry(10n, '/outer', recordOf(createEntry(9n, '/inner', null))));
    const cut = concat(HEADER, first, outer.subarray(0, outer.length - 3));
    expect(read(cut)).toMatchObject({ end: 'torn', endOffset: 16 + first.length });
  });

  test('a whole record that far behind the damage, past several chunks, is named', () => {
    const gap = zeros(2_500_000);
    const damage = damageOf(concat(whole, gap, recordOf(createEntry(0x11n, '/late', null))));
    expect(damage.finding.later).toEqual({ offset: whole.length + gap.length, zxidHi: 0, zxidLo: 0x11 });
  });
});
