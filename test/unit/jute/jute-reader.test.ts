import { describe, expect, test } from 'vitest';
import { JuteError } from '../../../src/jute/jute-error.js';
import { JUTE_LENGTH_MAX_DEFAULT, JuteReader } from '../../../src/jute/jute-reader.js';
import { decodeVector } from '../../../src/jute/jute-vector.js';
import { JuteWriter } from '../../../src/jute/jute-writer.js';

function reader(...bytes: number[]): JuteReader {
  return new JuteReader(Uint8Array.from(bytes));
}

const MINUS_ONE = [0xff, 0xff, 0xff, 0xff];
const MINUS_TWO = [0xff, 0xff, 0xff, 0xfe];

describe('primitives', () => {
  test('a byte is signed, any byte but zero is true', () => {
    expect(reader(0xff).readByte()).toBe(-1);
    expect(reader(0x7f).readByte()).toBe(127);
    expect([reader(0).readBool(), reader(1).readBool(), reader(0x80).readBool()]).toEqual([false, true, true]);
  });

  test('int and long are signed and big-endian', () => {
    expect(reader(0x80, 0, 0, 1).readInt()).toBe(-0x7fff_ffff);
    expect(reader(1, 0, 0, 0x2b, 0x20, 0x13, 0, 0).readLong()).toBe(0x100002b20130000n);
    expect(reader(...MINUS_ONE, ...MINUS_TWO).readLong()).toBe(-2n);
  });

  test('reading stops at the end that was given, not at the end of the bytes', () => {
    const r = new JuteReader(new Uint8Array(16), 4, 7);
    expect(r.remaining).toBe(3);
    expect(() => r.readInt()).toThrow(JuteError);
    expect(r.position).toBe(4);
    expect(r.readByte()).toBe(0);
    expect(r.remaining).toBe(2);
  });
});

describe('strings and buffers', () => {
  test('null and empty stay apart', () => {
    expect(reader(...MINUS_ONE).readBuffer()).toBeNull();
    expect(reader(0, 0, 0, 0).readBuffer()).toEqual(new Uint8Array(0));
    expect(reader(...MINUS_ONE).readUstring()).toBeNull();
    expect(reader(0, 0, 0, 0).readUstring()).toBe('');
  });

  test('a buffer is a view of the input', () => {
    const bytes = Uint8Array.of(0, 0, 0, 2, 7, 8);
    const buffer = new JuteReader(bytes).readBuffer();
    expect(buffer).toEqual(Uint8Array.of(7, 8));
    expect(buffer?.buffer).toBe(bytes.buffer);
  });

  test('malformed text becomes U+FFFD', () => {
    expect(reader(0, 0, 0, 3, 0x2f, 0xff, 0x41).readUstring()).toBe('/\ufffdA');
  });

  test('skipBuffer says where the bytes are without making anything of them', () => {
    const r = reader(0, 0, 0, 3, 1, 2, 3, ...MINUS_ONE, 9);
    expect(r.skipBuffer()).toBe(3);
    expect(r.position).toBe(7);
    expect(r.skipBuffer()).toBe(-1);
    expect(r.remaining).toBe(1);
  });

  test('requireUstring refuses null', () => {
    expect(reader(0, 0, 0, 1, 0x2f).requireUstring()).toBe('/');
    expect(() => reader(...MINUS_ONE).requireUstring()).toThrow(JuteError);
  });

  test.each([
    ['below -1', MINUS_TWO],
    ['beyond the end', [0, 0, 0, 3, 1, 2]],
    ['enormous', [0x7f, 0xff, 0xff, 0xff, 1]],
    ['cut in its length', [0, 0, 0]],
  ])('a length that is %s does not decode', (_what, bytes) => {
    expect(() => reader(...bytes).readBuffer()).toThrow(JuteError);
    expect(() => reader(...bytes).readUstring()).toThrow(JuteError);
    expect(() => reader(...bytes).skipBuffer()).toThrow(JuteError);
  });

  test('the limit counts, whatever the frame could hold', () => {
    const bytes = new Uint8Array(4 + JUTE_LENGTH_MAX_DEFAULT + 1);
    const w = new JuteWriter();
    w.writeInt(JUTE_LENGTH_MAX_DEFAULT + 1);
    bytes.set(w.toBytes());
    expect(() => new JuteReader(bytes).skipBuffer()).toThrow(JuteError);
    expect(new JuteReader(bytes, 0, bytes.length, JUTE_LENGTH_MAX_DEFAULT + 1).skipBuffer()).toBe(
      JUTE_LENGTH_MAX_DEFAULT + 1,
    );
  });
});

describe('vectors', () => {
  test('-1 is null, other negative counts are empty', () => {
    expect(reader(...MINUS_ONE).readVectorCount()).toBe(-1);
    expect(reader(...MINUS_TWO).readVectorCount()).toBe(0);
    expect(reader(0x80, 0, 0, 0).readVectorCount()).toBe(0);
    expect(decodeVector(reader(...MINUS_ONE), 4, (r) => r.readInt())).toBeNull();
    expect(decodeVector(reader(...MINUS_TWO), 4, (r) => r.readInt())).toEqual([]);
  });

  test('a count that what is left cannot hold is refused before any element is read', () => {
    let elements = 0;
    const decodeElement = (r: JuteReader): number => {
      elements++;
      return r.readInt();
    };
    const twoForThree = [0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2];
    expect(() => decodeVector(reader(...twoForThree), 4, decodeElement)).toThrow(JuteError);
    expect(() => decodeVector(reader(0x7f, 0xff, 0xff, 0xff, 1), 1, decodeElement)).toThrow(JuteError);
    expect(elements).toBe(0);
    expect(decodeVector(reader(0, 0, 0, 2, ...twoForThree.slice(4)), 4, decodeElement)).toEqual([1, 2]);
  });
});
