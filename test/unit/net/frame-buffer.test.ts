// FrameBuffer alone: the byte stream of one connection cut into frames, however it arrives (client-protocol 1.2). The
// frames handed out are noted as text; a handler answers what the test tells it to.

import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { FrameBuffer, FrameResult, FrameVerdict } from '../../../src/net/frame-buffer.js';

const MAX = 100;

function frame(...payload: number[]): number[] {
  return [0, 0, 0, payload.length, ...payload];
}

/** Frames as `1,2,3`, and a handler that takes them all unless told otherwise. */
function collector(verdicts: FrameVerdict[] = []) {
  const frames: string[] = [];
  const onFrame = (bytes: Uint8Array, offset: number, length: number): FrameVerdict => {
    const verdict = verdicts.shift() ?? FrameVerdict.taken;
    if (verdict === FrameVerdict.taken) frames.push(bytes.subarray(offset, offset + length).join(','));
    return verdict;
  };
  return { frames, onFrame };
}

function push(buffer: FrameBuffer, bytes: number[], onFrame: ReturnType<typeof collector>['onFrame']): FrameResult {
  return buffer.push(Uint8Array.from(bytes), bytes.length, MAX, onFrame);
}

describe('cutting', () => {
  test('several frames in one segment', () => {
    const { frames, onFrame } = collector();
    const result = push(new FrameBuffer(), [...frame(1), ...frame(), ...frame(2, 3)], onFrame);
    expect(result).toBe(FrameResult.drained);
    expect(frames).toEqual(['1', '', '2,3']);
  });

  test('any cut of the stream gives the same frames', () => {
    const prng = new Prng(7);
    const payloads = Array.from({ length: 40 }, () => Array.from({ length: prng.below(30) }, () => prng.below(256)));
    const stream = payloads.flatMap((payload) => frame(...payload));
    for (let round = 0; round < 50; round++) {
      const buffer = new FrameBuffer();
      const { frames, onFrame } = collector();
      for (let at = 0; at < stream.length; ) {
        const count = Math.min(1 + prng.below(50), stream.length - at);
        expect(push(buffer, stream.slice(at, at + count), onFrame)).toBe(FrameResult.drained);
        at += count;
      }
      expect(frames).toEqual(payloads.map((payload) => payload.join(',')));
      expect(buffer.restBytes).toBe(0);
    }
  });

  test('a frame of the greatest length is taken, one byte more is not', () => {
    const { frames, onFrame } = collector();
    const most = new Array<number>(MAX).fill(1);
    expect(push(new FrameBuffer(), frame(...most), onFrame)).toBe(FrameResult.drained);
    expect(frames).toHaveLength(1);
    expect(push(new FrameBuffer(), frame(...most, 1), onFrame)).toBe(FrameResult.badLength);
  });

  test('a bad length is judged by its four bytes alone, and told through peekInt', () => {
    const buffer = new FrameBuffer();
    const { frames, onFrame } = collector();
    expect(push(buffer, [...frame(9), 0xff, 0xff, 0xff], onFrame)).toBe(FrameResult.drained);
    expect(push(buffer, [0xfe], onFrame)).toBe(FrameResult.badLength);
    expect(frames).toEqual(['9']);
    expect(buffer.peekInt()).toBe(-2);
  });

  test('what stands behind four letters is kept for them', () => {
    const buffer = new FrameBuffer();
    const { onFrame } = collector();
    const word = [...new TextEncoder().encode('stmk'), 1, 2, 3];
    expect(push(buffer, word, onFrame)).toBe(FrameResult.badLength);
    expect([...buffer.takeRest()]).toEqual(word);
    expect(buffer.restBytes).toBe(0);
  });
});

describe('a handler that wants a frame later', () => {
  test('gets it first when work goes on', () => {
    const buffer = new FrameBuffer();
    const { frames, onFrame } = collector([FrameVerdict.taken, FrameVerdict.later]);
    expect(push(buffer, [...frame(1), ...frame(2), ...frame(3)], onFrame)).toBe(FrameResult.later);
    expect(frames).toEqual(['1']);
    expect(buffer.resume(MAX, onFrame)).toBe(FrameResult.drained);
    expect(frames).toEqual(['1', '2', '3']);
  });

  test('gets what arrives meanwhile behind it', () => {
    const buffer = new FrameBuffer();
    const { frames, onFrame } = collector([FrameVerdict.later]);
    push(buffer, frame(1), onFrame);
    expect(push(buffer, frame(2), onFrame)).toBe(FrameResult.drained);
    expect(frames).toEqual(['1', '2']);
  });
});

describe('a handler that ends the connection', () => {
  test('is given no further frame', () => {
    const buffer = new FrameBuffer();
    const { frames, onFrame } = collector([FrameVerdict.taken, FrameVerdict.closed]);
    expect(push(buffer, [...frame(1), ...frame(2), ...frame(3)], onFrame)).toBe(FrameResult.closed);
    expect(frames).toEqual(['1']);
  });

  test.each([
    ['frames that came whole', false],
    ['frames that waited', true],
  ])('may clear the buffer from inside, with %s', (_what, waited) => {
    const buffer = new FrameBuffer();
    if (waited) push(buffer, [...frame(1), ...frame(2)], collector([FrameVerdict.later]).onFrame);
    const verdicts = [FrameVerdict.taken, FrameVerdict.closed];
    const clearing = (): FrameVerdict => {
      buffer.clear();
      return verdicts.shift() as FrameVerdict;
    };
    push(buffer, frame(3), clearing);
    expect(buffer.restBytes).toBe(0);
    expect(buffer.peekInt()).toBe(0);
  });
});

describe('memory', () => {
  test('a megabyte that comes in small pieces is copied a few times over, not once a piece', () => {
    const buffer = new FrameBuffer();
    const payload = new Uint8Array(1_000_000);
    const header = Uint8Array.of(0, 0x0f, 0x42, 0x40);
    let taken = 0;
    const onFrame = (_bytes: Uint8Array, _offset: number, length: number): FrameVerdict => {
      taken = length;
      return FrameVerdict.taken;
    };
    const began = performance.now();
    buffer.push(header, 4, 1_048_575, onFrame);
    for (let at = 0; at < payload.length; at += 100)
      buffer.push(payload.subarray(at, at + 100), 100, 1_048_575, onFrame);
    expect(taken).toBe(1_000_000);
    expect(performance.now() - began).toBeLessThan(5000);
  });

  test('a length alone takes no memory', () => {
    const buffer = new FrameBuffer();
    const { onFrame } = collector();
    const before = process.memoryUsage().arrayBuffers;
    buffer.push(Uint8Array.of(0x07, 0xff, 0xff, 0xff), 4, 0x7fffffff, onFrame);
    expect(buffer.restBytes).toBe(4);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 20);
  });
});
