// Every golden entry of a transaction log, decoded and encoded again, sub-txns of a multi included; and the checksum
// that the log keeps of it.

import { describe, expect, test } from 'vitest';
import { adler32 } from '../../src/base/adler32.js';
import { JuteReader } from '../../src/jute/jute-reader.js';
import { JuteWriter } from '../../src/jute/jute-writer.js';
import { OpCode, opName } from '../../src/protocol/op-code.js';
import { decodeSubTxn, decodeTxnEntry, encodeSubTxn, encodeTxnEntry, type TxnBody } from '../../src/protocol/txns.js';
import { hex, readTxnVectors } from './golden-frames.js';

const vectors = readTxnVectors();

describe('golden entries of a transaction log', () => {
  test('all 16 are here, each type of the log among them', () => {
    expect(vectors.map(({ number }) => number)).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
    const types = new Set(vectors.map(({ header }) => (header as { type: number }).type));
    expect(types.size).toBe(11);
  });

  for (const { number, name, bytes, checksum, header, body, digest } of vectors) {
    test(`T${number} ${name}`, () => {
      const r = new JuteReader(bytes);
      const entry = decodeTxnEntry(r);
      expect(r.remaining).toBe(0);
      expect(opName(entry.header.type)).toBe(name);
      expect(entry.header).toEqual(header);
      expect(entry.body.type).toBe(entry.header.type);
      expect(plainBody(entry.body)).toEqual(body);
      expect(entry.digest).toEqual(digest);

      const w = new JuteWriter(0);
      encodeTxnEntry(w, { ...entry, body: rebuilt(entry.body) });
      expect(hex(w.toBytes())).toBe(hex(bytes));
      expect(adler32(bytes, 0, bytes.length)).toBe(checksum);
    });
  }
});

/** The body as the vector has it: a multi as the list of its decoded parts. */
function plainBody(body: TxnBody): unknown {
  return body.type === OpCode.multi ? body.txn.txns.map(decodeSubTxn) : body.txn;
}

/** The same body with each part of a multi encoded anew. */
function rebuilt(body: TxnBody): TxnBody {
  if (body.type !== OpCode.multi) return body;
  return { type: body.type, txn: { txns: body.txn.txns.map(decodeSubTxn).map(encodeSubTxn) } };
}
