// Every golden frame of a client connection, decoded and encoded again: the objects must be those of the vector, the
// bytes those of Apache ZooKeeper.

import { describe, expect, test } from 'vitest';
import { hiOf, loOf } from '../../src/base/int64.js';
import { encodeUtf8 } from '../../src/base/utf8.js';
import { JuteError } from '../../src/jute/jute-error.js';
import { JuteReader } from '../../src/jute/jute-reader.js';
import { JuteWriter } from '../../src/jute/jute-writer.js';
import { digestLogin } from '../../src/net/auth/digest-login.js';
import {
  decodeReplyHeader,
  decodeRequestHeader,
  encodeReplyHeader,
  encodeRequestHeader,
} from '../../src/protocol/headers.js';
import { OpCode, opName } from '../../src/protocol/op-code.js';
import { passwordMatches, sessionPassword } from '../../src/protocol/session-password.js';
import { type GoldenFrame, hex, readClientVectors, unhex } from './golden-frames.js';
import { CONNECT_CODECS, type Codec, codec, FRAME_CODECS } from './record-codecs.js';

const REQUEST_HEADER = codec(encodeRequestHeader, decodeRequestHeader);
const REPLY_HEADER = codec(encodeReplyHeader, decodeReplyHeader);

const vectors = readClientVectors();

describe('golden frames of client connections', () => {
  test('all 71 vectors are here', () => {
    expect(vectors.map((vector) => vector.number)).toEqual(Array.from({ length: 71 }, (_, i) => i + 1));
  });

  for (const { number, title, frames } of vectors) {
    frames.forEach((frame, index) => {
      if (frame.kind === 'text') return;
      test(`V${number}.${index + 1} ${frame.direction} ${frame.kind}: ${title}`, () => checkFrame(frame));
    });
  }

  test('the header of each request names the operation of its frame', () => {
    const requests = vectors.flatMap(({ frames }) => frames).filter(({ direction }) => direction === '>');
    for (const { kind, header } of requests) {
      if (kind === 'connect' || kind === 'text') continue;
      const { type } = header as { type: number };
      expect(opName(type)).toBe(kind === 'unknown' ? 'unknown 99' : kind);
    }
  });

  test('V69: four letters and their answer have no length in front', () => {
    const texts = valuesOf(69).frames.map(({ bytes }) => String.fromCharCode(...bytes));
    expect(texts).toEqual(['ruok', 'imok']);
  });

  test('V70: digest identities', () => {
    const identities = valuesOf(70).values.map(([, value]) => value as { auth: string; id: string });
    expect(identities).toHaveLength(3);
    for (const { auth, id } of identities) {
      expect(digestLogin(encodeUtf8(auth), 'sha1', null)).toEqual([{ scheme: 'digest', id }]);
    }
  });

  test('V71: session passwords', () => {
    const passwords = valuesOf(71).values.map(([, value]) => value as { sessionId: bigint; hex: string });
    expect(passwords).toHaveLength(3);
    for (const { sessionId, hex: password } of passwords) {
      expect(hex(sessionPassword(hiOf(sessionId), loOf(sessionId)))).toBe(password);
      expect(passwordMatches(hiOf(sessionId), loOf(sessionId), unhex(password), 0, 16)).toBe(true);
    }
  });
});

function valuesOf(number: number) {
  const vector = vectors.find((candidate) => candidate.number === number);
  if (vector === undefined) throw new Error(`V${number} is missing`);
  return vector;
}

function checkFrame(frame: GoldenFrame): void {
  const { bytes } = frame;
  const r = new JuteReader(bytes);
  expect(r.readInt()).toBe(bytes.length - 4);
  const w = new JuteWriter(0);
  w.writeInt(0);
  const side = frame.direction === '>' ? 0 : 1;
  if (frame.kind === 'connect') {
    roundTrip(CONNECT_CODECS[side], r, w, frame.body);
  } else {
    roundTrip(side === 0 ? REQUEST_HEADER : REPLY_HEADER, r, w, frame.header);
    const bodyCodec = FRAME_CODECS[frame.kind][side];
    if (frame.isUndecodable) {
      expect(() => bodyCodec?.decode(r)).toThrow(JuteError);
      return;
    }
    if (frame.body === undefined) {
      // Only a request of an operation without a record, or a reply that is an error or just says ok, ends here.
      const { type, err } = frame.header as { type?: number; err?: number };
      const mayEnd = bodyCodec === null || (err ?? 0) !== 0 || type === OpCode.whoAmI;
      expect(mayEnd).toBe(true);
    } else {
      expect(bodyCodec).not.toBeNull();
      roundTrip(bodyCodec as Codec, r, w, frame.body);
    }
  }
  expect(r.remaining).toBe(0);
  const end = w.length;
  w.reset();
  w.writeInt(end - 4);
  expect(hex(w.bytes.subarray(0, end))).toBe(hex(bytes));
}

function roundTrip(both: Codec, r: JuteReader, w: JuteWriter, expected: unknown): void {
  const record = both.decode(r);
  expect(record).toEqual(expected);
  both.encode(w, record);
}
