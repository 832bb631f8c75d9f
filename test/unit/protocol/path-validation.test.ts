import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { decodeUtf8, encodeUtf8 } from '../../../src/base/utf8.js';
import { validatePath, validatePathBytes } from '../../../src/protocol/path-validation.js';

function bytesAreValid(bytes: Uint8Array): boolean {
  // with neighbours that would be valid, so that reading beyond the range shows
  const framed = new Uint8Array(bytes.length + 4).fill(0x61);
  framed.set(bytes, 2);
  return validatePathBytes(framed, 2, bytes.length);
}

const VALID = [
  '/',
  '/a',
  '/a/b',
  '/...',
  '/.a',
  '/a..',
  '/a./b',
  '/..a/b',
  '/ ',
  '/é中',
  '/\u00a0',
  '/\ud7ff',
  '/\uf900',
  '/\uffef',
  '/zookeeper/quota',
  `/${'x'.repeat(5000)}`,
];

const INVALID: readonly (readonly [string, string])[] = [
  ['', 'Path length must be > 0'],
  ['a', 'Path must start with / character'],
  ['a/b', 'Path must start with / character'],
  ['//', 'Path must not end with / character'],
  ['/a/', 'Path must not end with / character'],
  ['//a', 'Invalid path string "//a" caused by empty node name specified @1'],
  ['/a//b', 'Invalid path string "/a//b" caused by empty node name specified @3'],
  ['/.', 'Invalid path string "/." caused by relative paths not allowed @1'],
  ['/..', 'Invalid path string "/.." caused by relative paths not allowed @2'],
  ['/./a', 'Invalid path string "/./a" caused by relative paths not allowed @1'],
  ['/a/../b', 'Invalid path string "/a/../b" caused by relative paths not allowed @4'],
  ['/a\u0000b', 'Invalid path string "/a\u0000b" caused by null character not allowed @2'],
  ['/\u0001', 'Invalid path string "/\u0001" caused by invalid character @1'],
  ['/a\u001f', 'Invalid path string "/a\u001f" caused by invalid character @2'],
  ['/\u007f', 'Invalid path string "/\u007f" caused by invalid character @1'],
  ['/\u009f', 'Invalid path string "/\u009f" caused by invalid character @1'],
  ['/\ue000', 'Invalid path string "/\ue000" caused by invalid character @1'],
  ['/\uf8ff', 'Invalid path string "/\uf8ff" caused by invalid character @1'],
  ['/\ufff0', 'Invalid path string "/\ufff0" caused by invalid character @1'],
  ['/\ufffd', 'Invalid path string "/\ufffd" caused by invalid character @1'],
  ['/a\ud83d\ude00', 'Invalid path string "/a\ud83d\ude00" caused by invalid character @2'],
];

describe('valid paths', () => {
  test.each(VALID)('%j', (path) => {
    expect(validatePath(path)).toBeNull();
    expect(bytesAreValid(encodeUtf8(path))).toBe(true);
  });
});

describe('invalid paths and what Java says about them', () => {
  test.each(INVALID)('%j: %s', (path, sentence) => {
    expect(validatePath(path)).toBe(sentence);
    expect(bytesAreValid(encodeUtf8(path))).toBe(false);
  });

  test('null', () => {
    expect(validatePath(null)).toBe('Path cannot be null');
  });
});

describe('both doors are one rule', () => {
  test('for every UTF-16 unit', () => {
    const different: number[] = [];
    for (let unit = 0; unit <= 0xffff; unit++) {
      const path = `/a${String.fromCharCode(unit)}b`;
      if (bytesAreValid(encodeUtf8(path)) !== (validatePath(path) === null)) different.push(unit);
    }
    expect(different).toEqual([]);
  });

  test('for bytes of every kind, malformed ones included', () => {
    const prng = new Prng(61);
    const interesting = [
      0x00, 0x1f, 0x20, 0x2e, 0x2e, 0x2f, 0x2f, 0x61, 0x7f, 0x80, 0x9f, 0xa0, 0xbf, 0xc2, 0xc3, 0xe0, 0xe4, 0xed, 0xee,
      0xef, 0xf0, 0xf4,
    ];
    const different: string[] = [];
    let valid = 0;
    for (let round = 0; round < 100_000; round++) {
      const bytes = Uint8Array.from({ length: 1 + prng.below(8) }, () => interesting[prng.below(interesting.length)]);
      bytes[0] = 0x2f;
      const text = decodeUtf8(bytes, 0, bytes.length);
      const isValid = validatePath(text) === null;
      if (isValid) valid++;
      if (bytesAreValid(bytes) !== isValid) different.push(text);
    }
    expect(different).toEqual([]);
    expect(valid).toBeGreaterThan(1000);
  });

  test('for a sequence that the end of the range cuts', () => {
    const bytes = encodeUtf8('/中');
    expect(validatePathBytes(bytes, 0, 4)).toBe(true);
    expect(validatePathBytes(bytes, 0, 3)).toBe(false);
    expect(validatePathBytes(bytes, 0, 2)).toBe(false);
  });
});
