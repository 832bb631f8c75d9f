import { describe, expect, it } from 'vitest';
import { equalBytes } from '../../../src/base/bytes.js';
import { SlabCopier } from '../../../src/store/slab-copier.js';

const LENGTHS = [0, 1, 2, 3, 4, 5, 7, 8, 24, 68, 100, 191, 192, 193, 2047, 2048, 2051, 16384, 16385, 50_001];

describe('SlabCopier', () => {
  const slab = new SharedArrayBuffer(1 << 17);
  const words = new Int32Array(slab);
  const bytes = new Uint8Array(slab);

  for (const shared of [false, true]) {
    it(`copies out exactly the bytes asked for, whatever the address (${shared ? 'shared' : 'private'} target)`, () => {
      for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 7 + (i >> 8)) & 0xff;
      const copier = new SlabCopier();
      const buffer = shared ? new SharedArrayBuffer(60_000) : new ArrayBuffer(60_000);
      const outs = [new Uint8Array(buffer), new Uint8Array(buffer, 3)];
      for (let repeat = 0; repeat < 3; repeat++) {
        for (const out of outs) {
          for (const length of LENGTHS) {
            for (const pos of [0, 1, 5, 8]) {
              out.fill(0xee);
              copier.copyOut(words, bytes, 10, out, pos, length);
              expect(equalBytes(out, pos, bytes, 40, length)).toBe(true);
              expect(pos === 0 || out[pos - 1] === 0xee).toBe(true);
              expect(out[pos + length]).toBe(0xee);
            }
          }
        }
      }
    });

    it(`copies in exactly, padding the last word with zeros (${shared ? 'shared' : 'private'} source)`, () => {
      const copier = new SlabCopier();
      const buffer = shared ? new SharedArrayBuffer(60_000) : new ArrayBuffer(60_000);
      const source = new Uint8Array(buffer);
      for (let i = 0; i < source.length; i++) source[i] = (i * 13 + (i >> 7) + 1) & 0xff;
      for (let repeat = 0; repeat < 3; repeat++) {
        for (const length of LENGTHS) {
          for (const offset of [0, 1, 6]) {
            bytes.fill(0xee, 0, 60_000);
            copier.copyIn(source, offset, length, words, bytes, 8);
            const padded = (length + 3) & ~3;
            expect(equalBytes(bytes, 32, source, offset, length)).toBe(true);
            for (let i = length; i < padded; i++) expect(bytes[32 + i]).toBe(0);
            expect(bytes[31]).toBe(0xee);
            expect(bytes[32 + padded]).toBe(0xee);
          }
        }
      }
    });
  }
});
