// The conversation V1 to V49 of client-protocol section 14, sent byte for byte as Apache's clients sent it, to a server by
// hand that starts with the same session id: what comes back must be what Apache ZooKeeper answered. Times are blotted out,
// and lists of children sorted, since both differ from run to run. Operations that come with a later version are left out.

import { expect, test } from 'vitest';
import { ManualClock } from '../../../src/base/clock.js';
import { JuteReader } from '../../../src/jute/jute-reader.js';
import { decodeReplyHeader } from '../../../src/protocol/headers.js';
import { Ending, type SimConnection } from '../../testing/inline/sim-client-network.js';
import { InlineServer } from '../../testing/inline-server.js';
import { type GoldenFrame, type GoldenVector, readClientVectors } from '../../wire/golden-frames.js';
import { CONNECT_CODECS, FRAME_CODECS } from '../../wire/record-codecs.js';

/** The low 40 bits of this are those that the first session id of the capture was made of. */
const WALL_MS = 2 * 2 ** 40 + 0x2b2013;

const NOT_SERVED = new Set([43]);

const vectors = readClientVectors();

class Script {
  readonly server = InlineServer.start({ clock: new ManualClock(1_000_000, WALL_MS) });
  /** The connection of most vectors, that of the session behind it, and the one of the vector in work. */
  main!: SimConnection;
  private other!: SimConnection;
  private current!: SimConnection;

  run(vector: GoldenVector): void {
    this.choose(vector.number);
    if (NOT_SERVED.has(vector.number)) return;
    for (const frame of vector.frames) if (frame.direction === '>') this.current.send(frame.bytes);
    this.server.run();
    const expected = vector.frames
      .filter(({ direction }) => direction === '<')
      .map((frame) => told(frame, frame.bytes));
    const received = cut(this.current.takeReceived());
    expect(received.map((bytes, i) => told(answering(vector)[i] as GoldenFrame, bytes))).toEqual(expected);
    expect(this.current.ending).toBe(vector.endsClosed || vector.number === 49 ? Ending.fin : Ending.open);
  }

  private choose(number: number): void {
    switch (number) {
      case 1:
        this.main = this.dial();
        this.current = this.main;
        break;
      case 2:
        this.other = this.dial();
        this.current = this.other;
        break;
      case 26:
        this.current = this.other;
        break;
      case 45:
      case 46:
        // The handshakes of these two are not among the vectors.
        this.current = this.server.connect().connection;
        break;
      case 47:
      case 49:
        this.current = this.dial();
        break;
      case 48:
        break;
      default:
        this.current = this.main;
    }
  }

  private dial(): SimConnection {
    return this.server.network.connect(0);
  }
}

function answering(vector: GoldenVector): GoldenFrame[] {
  return vector.frames.filter(({ direction }) => direction === '<');
}

function cut(bytes: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length; ) {
    const length = 4 + view.getInt32(at);
    frames.push(bytes.slice(at, at + length));
    at += length;
  }
  return frames;
}

/** What a frame says, as the golden frame beside it is read. */
function told(golden: GoldenFrame, bytes: Uint8Array): unknown {
  const r = new JuteReader(bytes);
  r.readInt();
  if (golden.kind === 'connect') return CONNECT_CODECS[1].decode(r);
  const header = decodeReplyHeader(r);
  const body = r.remaining === 0 ? null : comparable(FRAME_CODECS[golden.kind]?.[1]?.decode(r));
  return { header, body, behind: r.remaining };
}

function comparable(value: unknown): unknown {
  if (Array.isArray(value)) {
    const list = value.map(comparable);
    if (value.every((item) => typeof item === 'string' || 'authScheme' in item)) list.sort(byText);
    return list;
  }
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      name === 'ctime' || name === 'mtime' ? 'a time' : comparable(field),
    ]),
  );
}

/** Names of children, paths of ephemerals and identities come in no order. */
function byText(a: unknown, b: unknown): number {
  const [first, second] = [JSON.stringify(a), JSON.stringify(b)];
  return first < second ? -1 : first > second ? 1 : 0;
}

test('the conversation V1 to V49', () => {
  const script = new Script();
  for (const vector of vectors.slice(0, 49)) {
    try {
      script.run(vector);
    } catch (error) {
      throw new Error(`V${vector.number} ${vector.title}`, { cause: error });
    }
  }
  expect(script.main.ending).toBe(Ending.fin);
});

test('V50 to V52: paths and ACLs', () => {
  const server = InlineServer.start();
  const connection = server.connect().connection;
  for (const vector of vectors.slice(49, 52)) {
    for (const frame of vector.frames) if (frame.direction === '>') connection.send(frame.bytes);
    server.run();
    const received = cut(connection.takeReceived()).map((bytes) => Buffer.from(bytes).toString('hex'));
    const expected = answering(vector).map(({ bytes }) => Buffer.from(bytes).toString('hex'));
    expect(received).toEqual(expected);
  }
});
