// The conversation V1 to V49 of client-protocol section 14, sent byte for byte as Apache's clients sent it, to a server by
// hand that starts with the same session id: what comes back must be what Apache ZooKeeper answered. Times are blotted out,
// and lists of children sorted, since both differ from run to run.

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

const vectors = readClientVectors();
const authDefaults = InlineServer.defaults().auth;

class Script {
  readonly server = InlineServer.start({ clock: new ManualClock(1_000_000, WALL_MS) });
  /** The connection of most vectors, that of the session behind it, and the one of the vector in work. */
  main!: SimConnection;
  private other!: SimConnection;
  private current!: SimConnection;

  run(vector: GoldenVector): void {
    this.choose(vector.number);
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
    if (value.every((item) => typeof item === 'string')) list.sort(byText);
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

/** Names of children and paths of ephemerals come in no order. */
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

/** Byte for byte. */
function replay(server: InlineServer, connection: SimConnection, vector: GoldenVector): void {
  for (const frame of vector.frames) if (frame.direction === '>') connection.send(frame.bytes);
  server.run();
  const received = cut(connection.takeReceived()).map((bytes) => Buffer.from(bytes).toString('hex'));
  const expected = answering(vector).map(({ bytes }) => Buffer.from(bytes).toString('hex'));
  expect(received).toEqual(expected);
}

test('V50 to V52: paths and ACLs', () => {
  const server = InlineServer.start();
  const { connection } = server.connect();
  for (const vector of vectors.slice(49, 52)) replay(server, connection, vector);
});

test('V53 and V54: a stats node kept by the server, a hard limit', () => {
  const server = InlineServer.start({
    clock: new ManualClock(1_000_000, 1_795_316_467_920),
    config: { quotas: { enforceQuota: true } },
  });
  const client = server.connect();
  client.create('/q');
  client.create('/zookeeper/quota/q');
  client.create('/zookeeper/quota/q/zookeeper_limits', { data: 'count=-1,bytes=-1=;countHardLimit=2' });
  client.create('/zookeeper/quota/q/zookeeper_stats', { data: 'count=0,bytes=0' });
  client.create('/q/a');
  server.run();
  client.take();
  replay(server, client.connection, vectors[52] as GoldenVector);
  replay(server, client.connection, vectors[53] as GoldenVector);
});

const NONCE_OF_V55 = 'XRLjRyW4LFlksOOiMUXMllhf8eMOtnZlD2cvSrXs';

test('V55 and V56: SASL DIGEST-MD5, and a wrong password', () => {
  const server = InlineServer.start({
    randomBytes: () => Buffer.from(NONCE_OF_V55, 'base64'),
    config: { auth: { ...authDefaults, sasl: { passwords: new Map([['bob', 'bobsecret']]), superUsers: [] } } },
  });
  const right = server.connect().connection;
  replay(server, right, vectors[54] as GoldenVector);
  expect(right.ending).toBe(Ending.open);

  const wrong = server.connect().connection;
  const [first, , second] = (vectors[54] as GoldenVector).frames as [GoldenFrame, GoldenFrame, GoldenFrame];
  wrong.send(first.bytes);
  server.run();
  wrong.takeReceived();
  // The response of V55 with its last digit changed: as good as made with another password.
  wrong.send(replaceText(second.bytes, '204aa511', '204aa512'));
  replay(server, wrong, vectors[55] as GoldenVector);
  expect(wrong.ending).toBe(Ending.fin);
});

test('V57: enforced authentication', () => {
  const server = InlineServer.start({ config: { auth: { ...authDefaults, enforcedSchemes: ['digest'] } } });
  const { connection } = server.connect();
  replay(server, connection, vectors[56] as GoldenVector);
  expect(connection.ending).toBe(Ending.fin);
});

function replaceText(bytes: Uint8Array, from: string, to: string): Uint8Array {
  const text = Buffer.from(bytes).toString('latin1');
  expect(text).toContain(from);
  return Buffer.from(text.replace(from, to), 'latin1');
}
