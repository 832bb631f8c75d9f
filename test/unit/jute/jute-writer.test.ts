import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { JuteReader } from '../../../src/jute/jute-reader.js';
import { decodeNullableStrings, decodeStrings, encodeStrings } from '../../../src/jute/jute-vector.js';
import { JuteWriter } from '../../../src/jute/jute-writer.js';

function written(write: (w: JuteWriter) => void): number[] {
  const w = new JuteWriter();
  write(w);
  return Array.from(w.toBytes());
}

describe('what is written', () => {
  test('primitives are big-endian', () => {
    expect(written((w) => w.writeByte(-2))).toEqual([0xfe]);
    expect(written((w) => w.writeBool(true))).toEqual([1]);
    expect(written((w) => w.writeInt(-103))).toEqual([0xff, 0xff, 0xff, 0x99]);
    expect(written((w) => w.writeLong(-2n))).toEqual([255, 255, 255, 255, 255, 255, 255, 254]);
    expect(written((w) => w.writeLongHalves(1, 4))).toEqual([0, 0, 0, 1, 0, 0, 0, 4]);
  });

  test('null and empty are different', () => {
    expect(written((w) => w.writeBuffer(null))).toEqual([255, 255, 255, 255]);
    expect(written((w) => w.writeBuffer(new Uint8Array(0)))).toEqual([0, 0, 0, 0]);
    expect(written((w) => w.writeUstring(null))).toEqual([255, 255, 255, 255]);
    expect(written((w) => w.writeUstring(''))).toEqual([0, 0, 0, 0]);
    expect(written((w) => w.startVector(-1))).toEqual([255, 255, 255, 255]);
  });

  test('a string is UTF-8 behind its length in bytes', () => {
    expect(written((w) => w.writeUstring('/é中'))).toEqual([0, 0, 0, 6, 0x2f, 0xc3, 0xa9, 0xe4, 0xb8, 0xad]);
    expect(written((w) => w.writeUstring('\ud83d\ude00'))).toEqual([0, 0, 0, 4, 0xf0, 0x9f, 0x98, 0x80]);
  });
});

describe('the space it is written to', () => {
  test('grows from nothing and keeps what was written', () => {
    const prng = new Prng(21);
    const w = new JuteWriter(0);
    const ints: number[] = [];
    for (let i = 0; i < 5000; i++) {
      const v = prng.next32() | 0;
      ints.push(v);
      w.writeInt(v);
    }
    const r = new JuteReader(w.bytes, 0, w.length);
    expect(ints.map(() => r.readInt())).toEqual(ints);
    expect(r.remaining).toBe(0);
  });

  test('a string needs no more than it takes in the end', () => {
    const w = new JuteWriter(0);
    w.writeUstring('中'.repeat(1000));
    expect(w.length).toBe(4 + 3000);
    w.writeUstring('a'.repeat(1000));
    expect(w.length).toBe(4 + 3000 + 4 + 1000);
  });

  test('a copy outlives the reset', () => {
    const w = new JuteWriter();
    w.writeInt(1);
    const copy = w.toBytes();
    w.reset();
    expect(w.length).toBe(0);
    w.writeInt(2);
    expect(Array.from(copy)).toEqual([0, 0, 0, 1]);
  });
});

describe('vectors of strings', () => {
  test('survive with their nulls, or read leniently', () => {
    const w = new JuteWriter();
    encodeStrings(w, ['/a', null, '']);
    encodeStrings(w, null);
    expect(decodeNullableStrings(new JuteReader(w.bytes, 0, w.length))).toEqual(['/a', null, '']);
    const lenient = new JuteReader(w.bytes, 0, w.length);
    expect(decodeStrings(lenient)).toEqual(['/a', '', '']);
    expect(decodeStrings(lenient)).toEqual([]);
  });
});
