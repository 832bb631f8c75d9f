// The parts of the differential test without any server: that frames which differ do not look alike, that what is meant to
// be alike does, and that sequences hold all operations, come out of their seed and keep their promises.

import { describe, expect, test } from 'vitest';
import { OpCode } from '../../../src/protocol/op-code.js';
import { counted, int32, int64 } from '../../testing/wire-connection.js';
import { ALLOWED_DIFFERENCES, type Place } from './allowed-differences.js';
import type { Frame } from './frame.js';
import { readEvent, replyBodyText } from './frame-text.js';
import { makeSequence } from './sequence.js';
import { Closing, type MadeRequest, type Step, stepText } from './step.js';
import { Trait } from './trait.js';

const symbols = { session: (id: bigint): string => `S${id}`, time: (zxid: bigint): string => `t${zxid}` };
const INGREDIENTS = { enforcedQuota: false, quota: true, without: new Set<number>() };

function stat(owner: bigint, pzxid: bigint): Buffer {
  const longs = [1n, 2n, 10n, 20n].map(int64);
  const ints = [3, 4, 5].map(int32);
  return Buffer.concat([...longs, ...ints, int64(owner), int32(6), int32(7), int64(pzxid)]);
}

describe('a body as text', () => {
  test('shows every field', () => {
    const body = Buffer.concat([counted('x'), stat(9n, 8n)]);
    expect(replyBodyText(OpCode.getData, 0, body, symbols)).toBe(
      ' data="x" stat{czxid=1 mzxid=2 ctime=t1 mtime=t2 version=3 cversion=4 aversion=5 ephemeralOwner=S9 dataLength=6 ' +
        'numChildren=7 pzxid=8}',
    );
  });

  test.each([
    ['null and empty data', OpCode.getData, counted(null), counted('')],
    ['an invalid byte and its replacement', OpCode.getData, counted(Uint8Array.of(0xff)), counted('\ufffd')],
    ['long data', OpCode.getData, counted(Buffer.alloc(9000, 'a')), counted(Buffer.alloc(9000, 'b'))],
  ])('tells %s apart', (_what, op, one, other) => {
    const text = (data: Buffer): string => replyBodyText(op, 0, Buffer.concat([data, stat(0n, 8n)]), symbols);
    expect(text(one)).not.toBe(text(other));
  });

  test('bytes left over, bytes missing and a body where none is due are seen', () => {
    const body = Buffer.concat([counted('/a')]);
    expect(replyBodyText(OpCode.create, 0, Buffer.concat([body, Buffer.of(0)]), symbols)).toBe(' path="/a" + 00');
    expect(replyBodyText(OpCode.create, 0, body.subarray(0, 5), symbols)).toContain('undecodable');
    expect(replyBodyText(OpCode.create, -101, body, symbols)).toContain('undecodable');
    expect(replyBodyText(OpCode.ping, 0, Buffer.of(1), symbols)).toContain('undecodable');
  });

  test('lists without an order are sorted, null ones are not empty ones', () => {
    const list = (...names: string[]): Buffer => Buffer.concat([int32(names.length), ...names.map(counted)]);
    const text = (body: Buffer): string => replyBodyText(OpCode.getChildren, 0, body, symbols);
    expect(text(list('b', 'a'))).toBe(text(list('a', 'b')));
    expect(text(list('a'))).not.toBe(text(list('a', 'a')));
    expect(text(int32(-1))).not.toBe(text(list()));
  });

  test('results of a multi keep their order, their types and their errors', () => {
    const result = (type: number, err: number, body: Buffer): Buffer =>
      Buffer.concat([int32(type), Buffer.of(0), int32(err), body]);
    const end = Buffer.concat([int32(-1), Buffer.of(1), int32(-1)]);
    const body = Buffer.concat([result(OpCode.delete, 0, Buffer.alloc(0)), result(-1, -101, int32(-101)), end]);
    expect(replyBodyText(OpCode.multi, 0, body, symbols)).toBe(' [delete(0), error(-101) err=-101] end(-1 -1)');
  });
});

test('an event shows type, state and path; what is none is none', () => {
  const body = Buffer.concat([int32(3), int32(3), counted('/a')]);
  expect(readEvent(body)?.text).toBe('event NodeDataChanged state=3 path="/a"');
  expect(readEvent(body.subarray(0, 9))).toBeNull();
});

describe('allowed differences', () => {
  const step: Step = { kind: 'requests', slot: 0, requests: [] };
  const event = (zxid: bigint, path = '"/a"'): Frame => {
    const fieldsText = `event NodeCreated state=3 path=${path}`;
    return { kind: 'event', text: `${fieldsText} zxid=${zxid} err=0`, zxid, type: 1, path, fieldsText };
  };
  const reply = (made: MadeRequest, zxid: bigint, err: number): Frame => {
    return { kind: 'reply', text: `${zxid} ${err}`, request: made, zxid, err, bodyText: '' };
  };
  const request = (op: number, body: Buffer, ...traits: Trait[]): MadeRequest => {
    return { op, xid: 1, body, text: '', closing: Closing.Never, traits };
  };
  const explained = (place: Partial<Place>): string | undefined => {
    const all = { step, slot: 0, zxidBefore: 5n, zxidAfter: 7n, apache: [], ours: [], ...place };
    return ALLOWED_DIFFERENCES.find((entry) => entry.explain(all) !== null)?.name;
  };

  test('a notification has a zxid of its step, and nothing else about it differs', () => {
    expect(explained({ apache: [event(-1n)], ours: [event(6n)] })).toBe('zxid of notifications');
    expect(explained({ apache: [event(-1n)], ours: [event(5n)] })).toBeUndefined();
    expect(explained({ apache: [event(-1n)], ours: [event(8n)] })).toBeUndefined();
    expect(explained({ apache: [event(-1n)], ours: [event(6n, '"/b"')] })).toBeUndefined();
    expect(explained({ apache: [event(-1n)], ours: [] })).toBeUndefined();
    expect(explained({ apache: [], ours: [event(6n)] })).toBeUndefined();
  });

  test('exists may be refused, with a header only, and at the same zxid', () => {
    const made = request(OpCode.exists, Buffer.concat([counted('/a'), Buffer.of(1)]), Trait.ExistsWatch);
    expect(explained({ apache: [reply(made, 6n, 0)], ours: [reply(made, 6n, -102)] })).toBe('exists needs READ');
    expect(explained({ apache: [reply(made, 6n, 0)], ours: [reply(made, 6n, -101)] })).toBeUndefined();
    expect(explained({ apache: [reply(made, 6n, 0)], ours: [reply(made, 7n, -102)] })).toBeUndefined();
  });

  test('a refusal of getData is none of them', () => {
    const made = request(OpCode.getData, Buffer.concat([counted('/a'), Buffer.of(0)]));
    expect(explained({ apache: [reply(made, 6n, 0)], ours: [reply(made, 6n, -102)] })).toBeUndefined();
  });

  test('each has a reason and a place in the specification', () => {
    for (const { reason, reference } of ALLOWED_DIFFERENCES) {
      expect(reason.length).toBeGreaterThan(20);
      expect(reference).toMatch(/^client-protocol \d/);
    }
  });
});

describe('sequences', () => {
  const requestsOf = (step: Step): readonly MadeRequest[] =>
    step.kind === 'requests' ? step.requests : step.kind === 'open' ? step.behind : [];
  const some = Array.from({ length: 150 }, (_, seed) => makeSequence(seed, 60, INGREDIENTS));

  test('come out of their seed', () => {
    const texts = (seed: number): string => makeSequence(seed, 40, INGREDIENTS).map(stepText).join('\n');
    expect(texts(7)).toBe(texts(7));
    expect(texts(7)).not.toBe(texts(8));
  });

  test('hold every operation', () => {
    const ops = new Set(some.flat().flatMap((step) => requestsOf(step).map((made) => made.op)));
    for (const [name, op] of Object.entries(OpCode)) expect(ops, name).toContain(op);
  });

  test('end what closes a connection, and never send Apache what kills it', () => {
    for (const made of some.flat().flatMap(requestsOf)) {
      if (made.op !== OpCode.createTTL || made.traits.includes(Trait.Damaged)) continue;
      const { body } = made;
      const flags = body.readInt32BE(body.length - 12);
      if (flags !== 5 && flags !== 6)
        expect(body.readBigInt64BE(body.length - 8), made.text).toBeGreaterThanOrEqual(0n);
    }
    for (const step of some.flat()) {
      for (const made of requestsOf(step).slice(0, -1)) expect(made.closing, stepText(step)).toBe(Closing.Never);
    }
  });
});
