import { describe, expect, it } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { FRAME_BYTES_MAX, RecvWorker } from '../../../src/election/recv-worker.js';

function frame(payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + payload.length);
  new DataView(bytes.buffer).setInt32(0, payload.length);
  bytes.set(payload, 4);
  return bytes;
}

function receiver(): { worker: RecvWorker; payloads: string[] } {
  const payloads: string[] = [];
  const worker = new RecvWorker((bytes, offset, length) =>
    payloads.push(Buffer.from(bytes.slice(offset, offset + length)).toString('hex')),
  );
  return { worker, payloads };
}

describe('the receiving half of a link', () => {
  it('finds frames in any pieces', () => {
    const prng = new Prng(4);
    const sent = Array.from({ length: 40 }, (_, i) => {
      const payload = new Uint8Array(1 + prng.below(i % 7 === 0 ? 5000 : 60));
      for (let at = 0; at < payload.length; at++) payload[at] = prng.below(256);
      return payload;
    });
    const stream = Buffer.concat(sent.map(frame));
    for (const pieceBytesMax of [1, 2, 3, 5, 17, 300, 4000, stream.length]) {
      const { worker, payloads } = receiver();
      for (let at = 0; at < stream.length; ) {
        const count = Math.min(stream.length - at, pieceBytesMax === 1 ? 1 : 1 + prng.below(pieceBytesMax));
        // A socket's memory is used again at once.
        const piece = new Uint8Array(stream.subarray(at, at + count));
        expect(worker.onData(piece, 0, count)).toBeNull();
        piece.fill(0xdb);
        at += count;
      }
      expect(payloads).toEqual(sent.map((payload) => Buffer.from(payload).toString('hex')));
    }
  });

  it('takes the longest frame, and one byte', () => {
    const { worker, payloads } = receiver();
    const bytes = Buffer.concat([frame(new Uint8Array(FRAME_BYTES_MAX)), frame(new Uint8Array(1))]);
    expect(worker.onData(bytes, 0, 70_000)).toBeNull();
    expect(worker.onData(bytes, 70_000, bytes.length - 70_000)).toBeNull();
    expect(payloads.map((hex) => hex.length / 2)).toEqual([524_288, 1]);
  });

  it.each([
    [0, '00000000'],
    [-1, 'ffffffff'],
    [524_289, '00080001'],
    [1_195_725_856, '47455420'],
  ])('refuses a length of %i as soon as it is there', (length, hex) => {
    const reason = `a frame of ${length} bytes`;
    const bytes = new Uint8Array(Buffer.from(hex, 'hex'));
    expect(receiver().worker.onData(bytes, 0, 4)).toBe(reason);
    const { worker } = receiver();
    expect(worker.onData(bytes, 0, 3)).toBeNull();
    expect(worker.onData(bytes, 3, 1)).toBe(reason);
  });

  it('hands nothing on once it is closed, not even what is there', () => {
    const payloads: number[] = [];
    const worker: RecvWorker = new RecvWorker((_bytes, _offset, length) => {
      payloads.push(length);
      worker.close();
    });
    const bytes = Buffer.concat([frame(new Uint8Array(2)), frame(new Uint8Array(3))]);
    expect(worker.onData(bytes, 0, bytes.length)).toBeNull();
    expect(payloads).toEqual([2]);
  });
});
