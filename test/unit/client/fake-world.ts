/**
 * The world of one client under test: a transport whose connections are scripted by hand, a clock that is moved, turns
 * that run when the test says so. Nothing happens by itself.
 */
import { ManualClock } from '../../../src/base/clock.js';
import { Prng } from '../../../src/base/prng.js';
import type {
  ClientPorts,
  Connection,
  ConnectionHandlers,
  Transport,
  TurnScheduler,
} from '../../../src/client/transport.js';
import type { WatchedEvent } from '../../../src/client/watched-event.js';
import { watchedEventText } from '../../../src/client/watched-event.js';
import { ZooKeeper, type ZooKeeperOptions } from '../../../src/client/zookeeper.js';
import { JuteReader } from '../../../src/jute/jute-reader.js';
import { JuteWriter } from '../../../src/jute/jute-writer.js';
import { encodeConnectResponse } from '../../../src/protocol/connect.js';
import { encodeReplyHeader } from '../../../src/protocol/headers.js';
import { encodeWatcherEvent } from '../../../src/protocol/replies.js';

export const PASSWORD: Uint8Array = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
export const SESSION_ID = 0x100002b20130000n;

export class FakeConnection implements Connection {
  readonly host: string;
  readonly port: number;
  readonly handlers: ConnectionHandlers;
  readonly writes: Uint8Array[] = [];
  isDestroyed = false;
  isPaused = false;
  /** The next send keeps the array, as a full socket does. */
  holdsNextSend = false;
  private read = 0;

  constructor(host: string, port: number, handlers: ConnectionHandlers) {
    this.host = host;
    this.port = port;
    this.handlers = handlers;
  }

  send(bytes: Uint8Array): boolean {
    this.writes.push(bytes.slice());
    const held = this.holdsNextSend;
    this.holdsNextSend = false;
    return !held;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  destroy(): void {
    this.isDestroyed = true;
  }

  /** Everything written since the last call, as one hex string. */
  takeHex(): string {
    const hex = this.writes.slice(this.read).map((bytes) => Buffer.from(bytes).toString('hex'));
    this.read = this.writes.length;
    return hex.join('');
  }

  /** The frames written since the last call, without their lengths. */
  takeFrames(): JuteReader[] {
    const all = Buffer.concat(this.writes.slice(this.read));
    this.read = this.writes.length;
    const frames: JuteReader[] = [];
    for (let at = 0; at < all.length; ) {
      const length = all.readInt32BE(at);
      frames.push(new JuteReader(all, at + 4, at + 4 + length));
      at += 4 + length;
    }
    return frames;
  }

  /** xid and type of each frame written since the last call. */
  takeHeaders(): [number, number][] {
    return this.takeFrames().map((r) => [r.readInt(), r.readInt()]);
  }

  answer(...frames: Uint8Array[]): void {
    const bytes = Buffer.concat(frames);
    this.handlers.onData(bytes);
    bytes.fill(0xee); // valid only during the call
  }
}

class FakeTransport implements Transport {
  readonly connections: FakeConnection[] = [];

  connect(host: string, port: number, handlers: ConnectionHandlers): Connection {
    const connection = new FakeConnection(host, port, handlers);
    this.connections.push(connection);
    return connection;
  }
}

class FakeScheduler implements TurnScheduler {
  onTurn: (() => void) | null = null;
  isRequested = false;
  deadlineMs = Number.POSITIVE_INFINITY;

  start(onTurn: () => void): void {
    this.onTurn = onTurn;
  }

  requestTurn(): void {
    this.isRequested = true;
  }

  wakeAtMs(deadlineMs: number): void {
    this.deadlineMs = deadlineMs;
  }

  stop(): void {
    this.onTurn = null;
  }
}

export class FakeWorld {
  readonly clock = new ManualClock();
  readonly transport = new FakeTransport();
  readonly scheduler = new FakeScheduler();
  readonly ports: ClientPorts;
  /** What the default watcher was told, as text without the common beginning. */
  readonly events: string[] = [];
  readonly zk: ZooKeeper;

  constructor(connectString = 'a:1', options: ZooKeeperOptions = {}, seed = 1, otherPorts: Partial<ClientPorts> = {}) {
    this.ports = {
      transport: this.transport,
      clock: this.clock,
      prng: new Prng(seed),
      scheduler: this.scheduler,
      ...otherPorts,
    };
    const watcher = (event: WatchedEvent): void => {
      this.events.push(watchedEventText(event).replace('WatchedEvent ', ''));
    };
    this.zk = new ZooKeeper(connectString, { watcher, ...options }, this.ports);
    this.runTurns();
  }

  get connection(): FakeConnection {
    return this.transport.connections.at(-1) as FakeConnection;
  }

  runTurns(): void {
    while (this.scheduler.isRequested) {
      this.scheduler.isRequested = false;
      this.scheduler.onTurn?.();
    }
  }

  /** Moves the clock to each deadline on the way, as a timer would. */
  advance(ms: number): void {
    this.runTurns();
    const until = this.clock.monotonicMs() + ms;
    while (this.scheduler.onTurn !== null && this.scheduler.deadlineMs <= until) {
      this.clock.advance(Math.max(0, this.scheduler.deadlineMs - this.clock.monotonicMs()));
      this.scheduler.onTurn();
      this.runTurns();
    }
    this.clock.advance(until - this.clock.monotonicMs());
  }

  /** Until the next attempt to dial; returns how long that took. */
  advanceToDial(): number {
    const before = this.transport.connections.length;
    const start = this.clock.monotonicMs();
    for (let i = 0; this.transport.connections.length === before; i++) {
      if (i > 60_000) throw new Error('no attempt within a minute');
      this.advance(1);
    }
    return this.clock.monotonicMs() - start;
  }

  /** The newest connection is established and the session granted. */
  accept(timeOut = 6000): FakeConnection {
    const { connection } = this;
    connection.handlers.onConnect();
    this.runTurns();
    connection.takeHex();
    connection.answer(connectResponse(timeOut));
    this.runTurns();
    return connection;
  }
}

/** All promise reactions that can run now have run. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

export function frame(write: (w: JuteWriter) => void): Uint8Array {
  const w = new JuteWriter();
  w.writeInt(0);
  write(w);
  const bytes = Buffer.from(w.toBytes());
  bytes.writeInt32BE(bytes.length - 4, 0);
  return bytes;
}

export function connectResponse(timeOut: number, sessionId = SESSION_ID, readOnly: boolean | null = false): Uint8Array {
  return frame((w) => encodeConnectResponse(w, { protocolVersion: 0, timeOut, sessionId, passwd: PASSWORD, readOnly }));
}

export function reply(xid: number, zxid: bigint, err = 0, body: (w: JuteWriter) => void = () => {}): Uint8Array {
  return frame((w) => {
    encodeReplyHeader(w, { xid, zxid, err });
    if (err === 0) body(w);
  });
}

export function notification(type: number, path: string, zxid = -1n): Uint8Array {
  return reply(-1, zxid, 0, (w) => encodeWatcherEvent(w, { type, state: 3, path }));
}

export function hexBytes(hex: string): Uint8Array {
  return Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');
}

/** What became of a promise: 'pending', its value, or its error. */
export function watchPromise<T>(promise: Promise<T>): { outcome: T | Error | 'pending' } {
  const seen: { outcome: T | Error | 'pending' } = { outcome: 'pending' };
  promise.then(
    (value) => {
      seen.outcome = value;
    },
    (error: Error) => {
      seen.outcome = error;
    },
  );
  return seen;
}
