import { describe, expect, test } from 'vitest';
import { hiOf, int64FromHalves, loOf } from '../../../src/base/int64.js';
import { Prng } from '../../../src/base/prng.js';
import { passwordMatches, sessionPassword } from '../../../src/protocol/session-password.js';

/** The definition, written down with integers as wide as they need to be. */
function definedPassword(sessionId: bigint): number[] {
  const mask = (1n << 48n) - 1n;
  let state = (sessionId ^ 0xb341_5c00n ^ 0x5_deec_e66dn) & mask;
  const bytes: number[] = [];
  for (let i = 0; i < 4; i++) {
    state = (state * 0x5_deec_e66dn + 0xbn) & mask;
    const word = Number((state >> 16n) & 0xffff_ffffn);
    bytes.push(word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24);
  }
  return bytes;
}

describe('sessionPassword', () => {
  test('is the defined function for ids of every kind', () => {
    const prng = new Prng(4);
    const ids = [1n, -1n, 0x100002b20130000n, 0x7fff_ffff_ffff_ffffn, -0x8000_0000_0000_0000n];
    for (let i = 0; i < 2000; i++) ids.push(int64FromHalves(prng.next32() | 0, prng.next32() | 0));
    for (const id of ids) expect(Array.from(sessionPassword(hiOf(id), loOf(id)))).toEqual(definedPassword(id));
  });
});

describe('passwordMatches', () => {
  const [hi, lo] = [0x0100_002b, 0x2013_0000];

  test('takes the right password at any offset', () => {
    const bytes = new Uint8Array(30);
    bytes.set(sessionPassword(hi, lo), 7);
    expect(passwordMatches(hi, lo, bytes, 7, 16)).toBe(true);
  });

  test('refuses a change in any byte, another length, another session and session 0', () => {
    for (let i = 0; i < 16; i++) {
      const changed = sessionPassword(hi, lo);
      changed[i] ^= 0x80;
      expect(passwordMatches(hi, lo, changed, 0, 16)).toBe(false);
    }
    const right = sessionPassword(hi, lo);
    expect(passwordMatches(hi, lo, right, 0, 15)).toBe(false);
    expect(passwordMatches(hi, lo, right, 0, 0)).toBe(false);
    expect(passwordMatches(hi, lo + 1, right, 0, 16)).toBe(false);
    expect(passwordMatches(0, 0, sessionPassword(0, 0), 0, 16)).toBe(false);
  });
});
