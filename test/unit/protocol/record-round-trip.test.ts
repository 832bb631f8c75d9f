// Properties of every record: what is encoded decodes to the same object and ends where it ended; cut short anywhere
// it throws JuteError and nothing else; mutated it decodes to something or throws JuteError.

import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { JuteError } from '../../../src/jute/jute-error.js';
import { JuteReader } from '../../../src/jute/jute-reader.js';
import { JuteWriter } from '../../../src/jute/jute-writer.js';
import { RECORD_SAMPLES, type RecordSample } from './record-samples.js';

const SEED = 20_251;
const SAMPLES_PER_RECORD = 60;

function encoded(record: RecordSample, sample: unknown): Uint8Array {
  const w = new JuteWriter(0);
  record.encode(w, sample);
  return w.toBytes();
}

/** true: decoded; false: refused with JuteError. Any other error passes through and fails the test. */
function tryDecode(record: RecordSample, bytes: Uint8Array): boolean {
  try {
    record.decode(new JuteReader(bytes));
    return true;
  } catch (error) {
    if (error instanceof JuteError) return false;
    throw error;
  }
}

describe.each(RECORD_SAMPLES)('$name', (record) => {
  test('survives the round trip', () => {
    const prng = new Prng(SEED).fork(record.name);
    for (let i = 0; i < SAMPLES_PER_RECORD; i++) {
      const sample = record.sample(prng);
      const bytes = encoded(record, sample);
      const r = new JuteReader(bytes);
      const decoded = record.decode(r);
      expect(decoded).toEqual(sample);
      expect(r.remaining).toBe(0);
      expect(encoded(record, decoded)).toEqual(bytes);
    }
  });

  test('cut short at any byte it does not decode', () => {
    const prng = new Prng(SEED).fork(`${record.name} cut`);
    for (let i = 0; i < SAMPLES_PER_RECORD / 4; i++) {
      const sample = record.sample(prng);
      const bytes = encoded(record, sample);
      const legal = new Set(record.legalCuts(sample, bytes.length));
      const wrong: number[] = [];
      for (let cut = 0; cut < bytes.length; cut++) {
        if (tryDecode(record, bytes.subarray(0, cut)) !== legal.has(cut)) wrong.push(cut);
      }
      expect(wrong).toEqual([]);
    }
  });

  test('mutated bytes never raise anything but JuteError', () => {
    const prng = new Prng(SEED).fork(`${record.name} mutated`);
    const others: unknown[] = [];
    for (let i = 0; i < SAMPLES_PER_RECORD; i++) {
      const bytes = encoded(record, record.sample(prng));
      for (let round = 0; round < 20 && bytes.length > 0; round++) {
        const mutated = bytes.slice();
        mutated[prng.below(bytes.length)] = prng.below(3) === 0 ? 0xff : prng.below(256);
        try {
          record.decode(new JuteReader(mutated));
        } catch (error) {
          if (!(error instanceof JuteError)) others.push(error);
        }
      }
    }
    expect(others).toEqual([]);
  });
});
