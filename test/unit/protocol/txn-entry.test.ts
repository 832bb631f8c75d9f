// Entries whose bodies are not in the plain form: written by old servers, or by servers with the body of closeSession
// switched off.

import { describe, expect, test } from 'vitest';
import { JuteError } from '../../../src/jute/jute-error.js';
import { JuteReader } from '../../../src/jute/jute-reader.js';
import { JuteWriter } from '../../../src/jute/jute-writer.js';
import { OPEN_ACL_UNSAFE } from '../../../src/protocol/acl.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import {
  decodeSubTxn,
  decodeTxnEntry,
  encodeCloseSessionTxn,
  encodeCreateTxnV0,
  encodeTxnDigest,
  encodeTxnHeader,
  type TxnEntry,
} from '../../../src/protocol/txns.js';

const DIGEST = { version: 2, treeDigest: 0x7eadbeefn };

function decodeEntry(type: number, ...parts: ((w: JuteWriter) => void)[]): TxnEntry {
  const w = new JuteWriter();
  encodeTxnHeader(w, { clientId: 1n, cxid: 2, zxid: 3n, time: 4n, type });
  for (const part of parts) part(w);
  return decodeTxnEntry(new JuteReader(w.bytes, 0, w.length));
}

const withDigest = (w: JuteWriter): void => encodeTxnDigest(w, DIGEST);
const oldCreate = (w: JuteWriter): void =>
  encodeCreateTxnV0(w, { path: '/a', data: null, acl: OPEN_ACL_UNSAFE, ephemeral: true });

describe('create', () => {
  test('without parentCVersion gets -1', () => {
    const { body } = decodeEntry(OpCode.create, oldCreate);
    expect(body).toMatchObject({ txn: { path: '/a', ephemeral: true, parentCVersion: -1 } });
  });

  test('only the first kind of create may be so short', () => {
    expect(() => decodeEntry(OpCode.create2, oldCreate)).toThrow(JuteError);
    const w = new JuteWriter();
    oldCreate(w);
    expect(() => decodeSubTxn({ type: OpCode.create, data: w.toBytes() })).toThrow(JuteError);
  });
});

describe('closeSession', () => {
  test('with a list, with and without digest', () => {
    const list = (w: JuteWriter): void => encodeCloseSessionTxn(w, { paths2Delete: ['/e', '/f'] });
    const txn = { paths2Delete: ['/e', '/f'] };
    expect(decodeEntry(OpCode.closeSession, list, withDigest)).toMatchObject({ body: { txn }, digest: DIGEST });
    expect(decodeEntry(OpCode.closeSession, list)).toMatchObject({ body: { txn }, digest: null });
  });

  test('without a body, with and without digest', () => {
    expect(decodeEntry(OpCode.closeSession, withDigest)).toMatchObject({ body: { txn: null }, digest: DIGEST });
    expect(decodeEntry(OpCode.closeSession)).toMatchObject({ body: { txn: null }, digest: null });
  });

  test('with an empty list and a digest the list is seen', () => {
    const empty = (w: JuteWriter): void => encodeCloseSessionTxn(w, { paths2Delete: [] });
    const entry = decodeEntry(OpCode.closeSession, empty, withDigest);
    expect(entry).toMatchObject({ body: { txn: { paths2Delete: [] } }, digest: DIGEST });
  });

  test('anything else is broken', () => {
    const relative = (w: JuteWriter): void => encodeCloseSessionTxn(w, { paths2Delete: ['e'] });
    expect(() => decodeEntry(OpCode.closeSession, relative, withDigest)).toThrow(JuteError);
    expect(() => decodeEntry(OpCode.closeSession, (w) => w.writeInt(7))).toThrow(JuteError);
  });
});

describe('types', () => {
  test('a check stands only inside a multi', () => {
    const check = (w: JuteWriter): void => {
      w.writeUstring('/a');
      w.writeInt(2);
    };
    expect(() => decodeEntry(OpCode.check, check)).toThrow(JuteError);
    const w = new JuteWriter();
    check(w);
    expect(decodeSubTxn({ type: OpCode.check, data: w.toBytes() })).toEqual({
      type: OpCode.check,
      txn: { path: '/a', version: 2 },
    });
  });

  test('unknown types and types that may not be in a multi do not decode', () => {
    expect(() => decodeEntry(99)).toThrow(JuteError);
    expect(() => decodeSubTxn({ type: OpCode.setACL, data: new Uint8Array(40) })).toThrow(JuteError);
    expect(() => decodeSubTxn({ type: OpCode.multi, data: new Uint8Array(4) })).toThrow(JuteError);
    expect(() => decodeSubTxn({ type: OpCode.error, data: null })).toThrow(JuteError);
  });
});
