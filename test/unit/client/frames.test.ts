import { expect, test } from 'vitest';
import { DataCopies } from '../../../src/client/data-copies.js';
import { IncomingFrames } from '../../../src/client/incoming-frames.js';
import { OutgoingFrames } from '../../../src/client/outgoing-frames.js';
import { JuteError } from '../../../src/jute/jute-error.js';
import { FakeConnection, frame, hexBytes } from './fake-world.js';

function collect(incoming: IncomingFrames, chunks: readonly Uint8Array[]): string[] {
  const frames: string[] = [];
  for (const chunk of chunks) {
    const copy = new Uint8Array(chunk);
    incoming.accept(copy, (bytes, start, end) => {
      frames.push(Buffer.from(bytes.subarray(start, end)).toString('latin1'));
      return true;
    });
    copy.fill(0xee); // valid only during the call
  }
  return frames;
}

const TEXTS = ['', 'a', 'four', 'x'.repeat(3000), '', 'tail'];
const STREAM = Buffer.concat(TEXTS.map((text) => frame((w) => w.writeRaw(Buffer.from(text), 0, text.length))));

test.each([1, 2, 3, 4, 5, 7, 64, 1023, 4096])('frames come whole out of chunks of %i bytes', (size) => {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < STREAM.length; at += size) chunks.push(STREAM.subarray(at, at + size));
  expect(collect(new IncomingFrames(5000), chunks)).toEqual(TEXTS);
});

test('every cut of a stream in two gives the same frames', () => {
  const short = STREAM.subarray(0, 40);
  const whole = collect(new IncomingFrames(5000), [short]);
  for (let cut = 0; cut <= short.length; cut++) {
    expect(collect(new IncomingFrames(5000), [short.subarray(0, cut), short.subarray(cut)])).toEqual(whole);
  }
});

test.each(['ffffffff', '80000000', '00001389'])('length %s loses the stream, wherever it is cut', (hex) => {
  for (let cut = 0; cut <= 3; cut++) {
    const bytes = hexBytes(hex);
    const incoming = new IncomingFrames(5000);
    expect(() => collect(incoming, [bytes.subarray(0, cut), bytes.subarray(cut)])).toThrow(JuteError);
  }
});

test('the longest frame allowed is taken', () => {
  const text = 'm'.repeat(5000);
  const bytes = frame((w) => w.writeRaw(Buffer.from(text), 0, text.length));
  expect(collect(new IncomingFrames(5000), [bytes])).toEqual([text]);
});

test('a handler that says stop gets no further frame', () => {
  let count = 0;
  new IncomingFrames(5000).accept(STREAM, () => ++count < 3);
  expect(count).toBe(3);
});

function queue(outgoing: OutgoingFrames, ...values: number[]): void {
  for (const value of values) {
    outgoing.begin().writeInt(value);
    outgoing.end();
  }
}

function connection(): FakeConnection {
  return new FakeConnection('a', 1, { onConnect() {}, onData() {}, onDrain() {}, onClose() {} });
}

test('all frames of a turn leave in one write', () => {
  const outgoing = new OutgoingFrames();
  const to = connection();
  queue(outgoing, 1, 2);
  outgoing.send(to);
  expect(to.writes.length).toBe(1);
  expect(to.takeHex()).toBe('00000004000000010000000400000002');
  expect(outgoing.isEmpty).toBe(true);
});

test('a cancelled frame leaves no trace', () => {
  const outgoing = new OutgoingFrames();
  const to = connection();
  queue(outgoing, 1);
  outgoing.begin().writeUstring('half a fra');
  outgoing.cancel();
  queue(outgoing, 2);
  outgoing.send(to);
  expect(to.takeHex()).toBe('00000004000000010000000400000002');
});

test('while the connection holds the array, frames gather in the other one', () => {
  const outgoing = new OutgoingFrames();
  const to = connection();
  to.holdsNextSend = true;
  const held: Uint8Array[] = [];
  const original = to.send.bind(to);
  to.send = (bytes) => {
    held.push(bytes);
    return original(bytes);
  };
  queue(outgoing, 1);
  outgoing.send(to);
  expect(outgoing.isBlocked).toBe(true);
  queue(outgoing, 2, 3);
  expect(Buffer.from(held[0] as Uint8Array).toString('hex')).toBe('0000000400000001'); // not written over
  outgoing.onDrain();
  outgoing.send(to);
  queue(outgoing, 4);
  outgoing.send(to);
  expect(to.takeHex()).toBe([1, 2, 3, 4].map((n) => `000000040000000${n}`).join(''));
});

test('a dead connection keeps the array it held: it is not used again', () => {
  const outgoing = new OutgoingFrames();
  const dead = connection();
  dead.holdsNextSend = true;
  let held = new Uint8Array(0);
  const original = dead.send.bind(dead);
  dead.send = (bytes) => {
    held = bytes as Uint8Array<ArrayBuffer>;
    return original(bytes);
  };
  queue(outgoing, 1);
  outgoing.send(dead);
  queue(outgoing, 9);
  outgoing.discard();
  expect(outgoing.isEmpty).toBe(true);
  const to = connection();
  queue(outgoing, 2);
  outgoing.send(to);
  queue(outgoing, 3);
  outgoing.send(to);
  expect(Buffer.from(held).toString('hex')).toBe('0000000400000001');
  expect(to.takeHex()).toBe('00000004000000020000000400000003');
});

test('copies of data stay what they were, whatever their length, and never overlap', () => {
  const copies = new DataCopies();
  const source = Buffer.alloc(5000);
  const kept: [Uint8Array, number][] = [];
  for (let i = 0; i < 400; i++) {
    const length = (i * 37) % 1500;
    source.fill(i & 0xff);
    kept.push([copies.copy(source.subarray(0, length)), i & 0xff]);
  }
  source.fill(0xee);
  for (const [i, [copy, value]] of kept.entries()) {
    expect(copy.length).toBe((i * 37) % 1500);
    expect(copy.every((byte) => byte === value)).toBe(true);
    expect(Buffer.isBuffer(copy)).toBe(false);
  }
});
