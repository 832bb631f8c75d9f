// Checked against the platform's own encoder and decoder, which the code under test may not use.

import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { decodeUtf8, encodeUtf8, encodeUtf8Into, latin1, utf8Length } from '../../../src/base/utf8.js';

const platformEncoder = new TextEncoder();
const platformDecoder = new TextDecoder('utf-8', { ignoreBOM: true });

const TEXTS = [
  '',
  '/v',
  '/é中',
  'a'.repeat(5000),
  '\ud83d\ude00',
  'x\ud83d\ude00'.repeat(3000),
  '\ufeffbom',
  '\u0000\u007f\u0080\u07ff\u0800\uffff',
];
const BROKEN_TEXTS = ['\ud800', 'a\udc00b', '\ud83d', '\ud83d\ud83d\ude00', '\ude00\ud83d', 'end\udbff'];

function decode(bytes: Uint8Array): string {
  return decodeUtf8(bytes, 0, bytes.length);
}

describe('encoding', () => {
  test('writes what the platform writes, lone surrogates included', () => {
    for (const text of [...TEXTS, ...BROKEN_TEXTS]) {
      const expected = platformEncoder.encode(text);
      expect(encodeUtf8(text)).toEqual(expected);
      expect(utf8Length(text)).toBe(expected.length);
    }
  });

  test('encodeUtf8Into returns the length and touches nothing else', () => {
    const bytes = new Uint8Array(12).fill(0xaa);
    expect(encodeUtf8Into('é/中', bytes, 2)).toBe(6);
    expect(bytes[1]).toBe(0xaa);
    expect(bytes[8]).toBe(0xaa);
    expect(decodeUtf8(bytes, 2, 6)).toBe('é/中');
  });
});

describe('decoding', () => {
  test('reads back every text', () => {
    for (const text of TEXTS) expect(decode(platformEncoder.encode(text))).toBe(text);
  });

  test('every sequence of one, two or three bytes of interest decodes as the platform decodes it', () => {
    const interesting = [
      0x00, 0x2f, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xee, 0xef,
      0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff,
    ];
    let differing = 0;
    const check = (...list: number[]): void => {
      const bytes = Uint8Array.from(list);
      if (decode(bytes) !== platformDecoder.decode(bytes)) differing++;
    };
    for (let a = 0; a < 256; a++) check(a);
    for (const a of interesting) {
      for (const b of interesting) {
        check(a, b);
        for (const c of interesting) {
          check(a, b, c);
          check(a, b, c, 0x80);
          check(a, b, c, 0x41);
        }
      }
    }
    expect(differing).toBe(0);
  });

  test('random bytes of any length decode as the platform decodes them', () => {
    const prng = new Prng(8);
    for (let round = 0; round < 2000; round++) {
      const isLong = round % 100 === 0;
      const bytes = new Uint8Array(prng.below(isLong ? 20_000 : 40));
      for (let i = 0; i < bytes.length; i++) bytes[i] = prng.below(3) === 0 ? prng.below(256) : 0x20 + prng.below(0x60);
      expect(decode(bytes)).toBe(platformDecoder.decode(bytes));
    }
  });

  test('reads shared memory and only the given range', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(64));
    shared.set(platformEncoder.encode('//path/中/x'), 5);
    expect(decodeUtf8(shared, 6, 9)).toBe('/path/中');
  });
});

describe('latin1', () => {
  test('is one character per byte, whatever the length', () => {
    for (const length of [0, 1, 16, 17, 4096, 4097, 10_000]) {
      const bytes = Uint8Array.from({ length }, (_, i) => i * 7);
      const text = latin1(bytes, 0, length);
      expect(Array.from(text, (char) => char.charCodeAt(0))).toEqual(Array.from(bytes));
    }
  });
});
