import { describe, expect, it } from 'vitest';
import { SeqlockReader, SeqlockWriter } from '../../../src/store/seqlock.js';

function newLock(start = 1): { words: Int32Array; writer: SeqlockWriter; reader: SeqlockReader } {
  const words = new Int32Array(new SharedArrayBuffer(64));
  words[3] = start;
  return { words, writer: new SeqlockWriter(words, 3), reader: new SeqlockReader(words, 3) };
}

describe('seqlock', () => {
  it('gives readers nothing until the writer has ended its first section', () => {
    const { writer, reader } = newLock();
    expect(reader.begin()).toBe(-1);
    writer.end();
    expect(reader.begin()).toBe(2);
  });

  it('is valid while nothing is written, not while a section is open, not after it', () => {
    const { writer, reader } = newLock();
    writer.end();
    const sequence = reader.begin();
    expect(reader.valid(sequence)).toBe(true);
    writer.begin();
    expect(reader.valid(sequence)).toBe(false);
    expect(reader.isStale(sequence)).toBe(true);
    expect(reader.begin()).toBe(-1);
    writer.end();
    expect(reader.valid(sequence)).toBe(false);
    expect(reader.valid(reader.begin())).toBe(true);
  });

  it('stays even and non-negative across the wrap of the word', () => {
    const { writer, reader } = newLock(0x7fffffff);
    writer.end();
    const first = reader.begin();
    expect(first).toBe(0);
    expect(reader.valid(first)).toBe(true);
    writer.begin();
    writer.end();
    expect(reader.begin()).toBe(2);
    expect(reader.valid(first)).toBe(false);
  });
});
