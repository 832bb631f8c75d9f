import { describe, expect, test } from 'vitest';
import { JuteError } from '../../../src/jute/jute-error.js';
import { JuteReader } from '../../../src/jute/jute-reader.js';
import { JuteWriter } from '../../../src/jute/jute-writer.js';
import {
  decodeMultiRequest,
  decodeMultiResponse,
  encodeMultiHeader,
  encodeMultiRequest,
  type MultiOp,
} from '../../../src/protocol/multi.js';
import { OpCode } from '../../../src/protocol/op-code.js';

function requestBytes(ops: readonly MultiOp[]): JuteReader {
  const w = new JuteWriter();
  encodeMultiRequest(w, ops);
  return new JuteReader(w.toBytes());
}

const DELETE: MultiOp = { type: OpCode.delete, request: { path: '/a', version: -1 } };
const GET_DATA: MultiOp = { type: OpCode.getData, request: { path: '/a', watch: false } };

describe('what may be inside', () => {
  test('writes in a multi, reads in a multiRead', () => {
    expect(decodeMultiRequest(requestBytes([DELETE, DELETE]))).toEqual([DELETE, DELETE]);
    expect(decodeMultiRequest(requestBytes([GET_DATA]), OpCode.multiRead)).toEqual([GET_DATA]);
  });

  test('not the other way round, and not mixed', () => {
    expect(() => decodeMultiRequest(requestBytes([GET_DATA]))).toThrow(JuteError);
    expect(() => decodeMultiRequest(requestBytes([DELETE]), OpCode.multiRead)).toThrow(JuteError);
    expect(() => decodeMultiRequest(requestBytes([DELETE, GET_DATA]))).toThrow(JuteError);
  });

  test('nothing at all is legal', () => {
    expect(decodeMultiRequest(requestBytes([]))).toEqual([]);
    expect(decodeMultiRequest(requestBytes([]), OpCode.multiRead)).toEqual([]);
  });
});

describe('the end', () => {
  test('is done alone, whatever type and err say', () => {
    const w = new JuteWriter();
    encodeMultiHeader(w, { type: OpCode.create, done: true, err: 7 });
    expect(decodeMultiRequest(new JuteReader(w.toBytes()))).toEqual([]);
    expect(decodeMultiResponse(new JuteReader(w.toBytes()))).toEqual([]);
  });

  test('must be there', () => {
    expect(() => decodeMultiRequest(new JuteReader(new Uint8Array(0)))).toThrow(JuteError);
    const whole = requestBytes([DELETE]);
    expect(() => decodeMultiRequest(new JuteReader(whole.bytes, 0, whole.end - 9))).toThrow(JuteError);
  });
});
