// The simulated network between servers: what it promises (order, ends, refusals) and what it takes the liberty to do
// (cut bytes anywhere, hold them while a direction is cut, leave one side in ignorance), each in a test of its own.

import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../src/base/clock.js';
import { Prng } from '../../../src/base/prng.js';
import { decodeUtf8, encodeUtf8 } from '../../../src/base/utf8.js';
import type { PeerSocket, PeerSocketEvents } from '../../../src/election/peer-network.js';
import { SimPeerNetwork, type SimPeerNetworkOptions } from '../../testing/inline/sim-peer-network.js';

const QUORUM = 2888;
const ELECTION = 3888;

/** Notes what one end is told. */
class Witness implements PeerSocketEvents {
  readonly told: string[] = [];
  text = '';
  onOpen(): void {
    this.told.push('open');
  }
  onData(bytes: Uint8Array, length: number): void {
    this.text += decodeUtf8(bytes, 0, length);
  }
  onDrain(): void {
    this.told.push('drain');
  }
  onClose(reason: string): void {
    this.told.push(`close: ${reason}`);
  }
}

class Pair {
  readonly clock = new ManualClock();
  readonly network: SimPeerNetwork;
  readonly client = new Witness();
  readonly server = new Witness();
  clientSocket!: PeerSocket;
  serverSocket: PeerSocket | null = null;

  constructor(options: SimPeerNetworkOptions = {}, seed = 1) {
    this.network = new SimPeerNetwork(new Prng(seed), this.clock, options);
    this.network.host('a');
    this.network.host('b');
  }

  listen(port = QUORUM): this {
    const accept = (socket: PeerSocket): PeerSocketEvents => {
      this.serverSocket = socket;
      return this.server;
    };
    this.network.host('b').listen(
      undefined,
      port,
      accept,
      () => {},
      (error) => {
        throw error;
      },
    );
    return this;
  }

  connect(port = QUORUM, timeoutMs = 5000): this {
    this.clientSocket = this.network.host('a').connect([{ host: 'b', port }], timeoutMs, this.client);
    return this;
  }

  /** Time goes on so far, and everything that can be told is told. */
  pass(ms: number): this {
    const untilMs = this.clock.monotonicMs() + ms;
    for (;;) {
      this.network.deliverAll();
      const nextMs = Math.min(this.network.nextMs(), untilMs);
      if (this.clock.monotonicMs() >= untilMs) return this;
      this.clock.advance(Math.max(0, nextMs - this.clock.monotonicMs()));
    }
  }

  connected(port = QUORUM): this {
    return this.listen(port).connect(port).pass(20);
  }
}

function say(socket: PeerSocket | null, text: string): boolean {
  const bytes = encodeUtf8(text);
  return (socket as PeerSocket).write(bytes, 0, bytes.length);
}

describe('a connection', () => {
  it('opens, carries both directions, and tells both of an orderly end behind the bytes', () => {
    const pair = new Pair().connected();
    expect(pair.client.told).toEqual(['open']);
    say(pair.clientSocket, 'hello');
    say(pair.serverSocket, 'hi');
    pair.serverSocket?.end();
    pair.pass(50);
    expect([pair.server.text, pair.client.text]).toEqual(['hello', 'hi']);
    expect(pair.client.told).toEqual(['open', 'close: ended by the peer']);
    expect(pair.server.told.at(-1)).toBe('close: ended by the peer');
    expect(pair.network.connections()).toEqual([]);
  });

  it('brings bytes late, in order, and in pieces cut anywhere', () => {
    const pair = new Pair({ latencyMsMin: 1, latencyMsMax: 40 }).connected();
    pair.pass(100);
    let expected = '';
    const prng = new Prng(7);
    for (let i = 0; i < 40; i++) {
      say(pair.clientSocket, `<${i}>`.repeat(50));
      expected += `<${i}>`.repeat(50);
      pair.clock.advance(3);
      for (let steps = prng.below(3); steps > 0; steps--) pair.network.stepAtRandom(prng);
    }
    expect(pair.server.text.length).toBeLessThan(expected.length);
    expect(expected.startsWith(pair.server.text)).toBe(true);
    pair.clock.advance(1000);
    while (pair.network.stepAtRandom(prng));
    expect(pair.server.text).toBe(expected);
  });

  it('is refused where nobody listens, and by a process that will not have it', () => {
    const nobody = new Pair().connect().pass(50);
    expect(nobody.client.told).toEqual(['close: refused']);
    const pair = new Pair();
    pair.network.host('b').listen(
      undefined,
      QUORUM,
      () => null,
      () => {},
      () => {},
    );
    pair.connect().pass(50);
    // A reset may overtake the news that the connection was made.
    expect(pair.client.told.filter((text) => text !== 'open')).toHaveLength(1);
    expect(pair.client.told.at(-1)).toMatch(/^close: (?:reset|ended) by the peer$/);
  });

  it('times out at a machine without power, and is made when the power is back in time', () => {
    const pair = new Pair().listen().connect(QUORUM, 5000);
    pair.network.host('b').powerOff();
    pair.pass(4999);
    expect(pair.client.told).toEqual([]);
    pair.pass(2);
    expect(pair.client.told).toEqual(['close: connecting timed out']);

    const later = new Pair();
    later.network.host('b').powerOff();
    later.connect(QUORUM, 5000).pass(1500);
    later.network.host('b').powerOn();
    later.listen().pass(1000);
    expect(later.client.told).toEqual(['open']);
  });

  it('takes the first of several addresses that answers', () => {
    const pair = new Pair().listen();
    const addresses = [
      { host: 'nowhere', port: QUORUM },
      { host: 'b', port: QUORUM },
    ];
    pair.network.host('a').connect(addresses, 5000, pair.client);
    pair.pass(50);
    expect(pair.client.told).toEqual(['open']);
  });

  it('keeps what the systems cannot hold in the writer’s memory, and says when it is gone', () => {
    const pair = new Pair({ systemBytesMax: 10 }).connected();
    pair.serverSocket?.pause();
    const bytes = encodeUtf8('0123456789abcde');
    expect(pair.clientSocket.write(bytes, 0, bytes.length)).toBe(false);
    pair.pass(100);
    expect(pair.clientSocket.queuedBytes).toBe(5);
    expect(pair.server.text).toBe('');
    bytes.fill(0x78, 12); // what a writer must not do is seen
    pair.serverSocket?.resume();
    pair.pass(100);
    expect(pair.server.text).toBe('0123456789abxxx');
    expect(pair.client.told).toEqual(['open', 'drain']);
  });

  it('says nothing after destroy, and the other side learns of it', () => {
    for (let seed = 1; seed <= 8; seed++) {
      const pair = new Pair({}, seed).connected();
      say(pair.serverSocket, 'unread');
      say(pair.clientSocket, 'last words');
      pair.clientSocket.destroy();
      pair.pass(100);
      expect(pair.client.told).toEqual(['open']);
      expect(pair.client.text).toBe('');
      expect(['', 'last words']).toContain(pair.server.text);
      expect(pair.server.told.filter((text) => text.startsWith('close'))).toHaveLength(1);
    }
  });
});

describe('a fault', () => {
  it('of one direction holds its bytes until it heals, and nothing is lost', () => {
    const pair = new Pair().connected();
    pair.network.cut('a', 'b');
    say(pair.clientSocket, 'held');
    say(pair.serverSocket, 'through');
    pair.pass(5000);
    expect([pair.server.text, pair.client.text]).toEqual(['', 'through']);
    pair.network.heal('a', 'b');
    pair.pass(1000);
    expect(pair.server.text).toBe('held');
  });

  it('of one port leaves the other alone', () => {
    const pair = new Pair().listen(ELECTION).listen(QUORUM);
    pair.network.cutBoth('a', 'b', ELECTION);
    pair.connect(QUORUM).pass(50);
    expect(pair.client.told).toEqual(['open']);
    const other = new Witness();
    pair.network.host('a').connect([{ host: 'b', port: ELECTION }], 3000, other);
    pair.pass(4000);
    expect(other.told).toEqual(['close: connecting timed out']);
  });

  it('that tells one side only leaves the other half open until it writes', () => {
    const pair = new Pair().connected();
    pair.network.connections()[0]?.resetAt('initiator');
    pair.pass(10_000);
    expect(pair.client.told).toEqual(['open', 'close: reset by the network']);
    expect(pair.server.told).toEqual([]);
    say(pair.serverSocket, 'anybody there?');
    pair.pass(100);
    expect(pair.server.told.at(-1)).toBe('close: reset by the peer');
  });

  it('that swallows a connection tells nobody until a system gives up', () => {
    const pair = new Pair().connected();
    const [connection] = pair.network.connections();
    if (connection !== undefined) connection.isBlackHole = true;
    say(pair.clientSocket, 'lost');
    pair.pass(10_000);
    expect([pair.client.told, pair.server.told]).toEqual([['open'], []]);
    pair.pass(5000);
    expect([pair.client.told, pair.server.told]).toEqual([['open', 'close: timed out'], []]);
    pair.serverSocket?.destroy();
    expect(pair.network.connections()).toEqual([]);
  });

  it('that stops a process lets its system take what comes', () => {
    const pair = new Pair().listen();
    pair.network.host('b').pause();
    pair.connect().pass(50);
    expect(pair.client.told).toEqual(['open']);
    say(pair.clientSocket, 'wait for me');
    pair.pass(50);
    expect(pair.serverSocket).toBeNull();
    pair.network.host('b').resume();
    pair.pass(50);
    expect(pair.server.text).toBe('wait for me');
  });

  it('that kills a process is told by its system; one that takes the power is not', () => {
    const killed = new Pair().connected();
    killed.network.host('b').kill();
    killed.pass(50);
    expect(killed.client.told.at(-1)).toMatch(/^close/);
    expect(killed.server.told).toEqual([]);

    const off = new Pair().connected();
    off.network.host('b').powerOff();
    say(off.clientSocket, 'hello?');
    off.pass(60_000);
    expect(off.client.told).toEqual(['open']);
    off.network.host('b').powerOn();
    off.pass(1000);
    expect(off.client.told.at(-1)).toBe('close: reset by the peer');
    expect(off.server.text).toBe('');
  });

  it('that makes a link slow makes it slow in one direction', () => {
    const pair = new Pair().connected();
    pair.network.slow('a', 'b', 300, 1);
    say(pair.clientSocket, 'x'.repeat(200));
    say(pair.serverSocket, 'quick');
    pair.pass(400);
    expect([pair.server.text.length, pair.client.text]).toEqual([0, 'quick']);
    pair.pass(200);
    expect(pair.server.text.length).toBe(200);
    pair.network.healAll();
    expect(pair.network.isHealthy).toBe(true);
  });

  it('that parts a network parts groups only, and may be of any shape', () => {
    const pair = new Pair();
    for (const name of ['c', 'd']) pair.network.host(name);
    pair.network.partition([['a', 'c'], ['b']]);
    const open = (from: string, to: string) =>
      pair.network.isOpen(pair.network.host(from), pair.network.host(to), QUORUM);
    expect([open('a', 'c'), open('a', 'b'), open('b', 'c'), open('d', 'b')]).toEqual([true, false, false, true]);
  });
});

describe('a listener', () => {
  it('is told that it listens, later; a port is taken once, and free again after the process is gone', () => {
    const { network } = new Pair();
    const told: string[] = [];
    const listen = (name: string): void => {
      network.host('b').listen(
        '0.0.0.0',
        QUORUM,
        () => null,
        (port) => told.push(`${name} on ${port}`),
        (error) => told.push(`${name}: ${error.message}`),
      );
    };
    listen('first');
    expect(told).toEqual([]);
    listen('second');
    network.deliverAll();
    expect(told).toEqual(['first on 2888', 'second: listen EADDRINUSE: *:2888']);
    network.host('b').kill();
    listen('third');
    network.deliverAll();
    expect(told.at(-1)).toBe('third on 2888');
  });

  it('that is closed refuses whoever comes', () => {
    const pair = new Pair();
    const told: string[] = [];
    const listener = pair.network.host('b').listen(
      undefined,
      QUORUM,
      () => null,
      () => told.push('listening'),
      () => {},
    );
    listener.close(() => told.push('closed'));
    pair.connect().pass(50);
    expect(told).toEqual(['closed']);
    expect(pair.client.told).toEqual(['close: refused']);
  });
});

it('the same seed makes the same network', () => {
  const run = (seed: number): string => {
    const pair = new Pair({ latencyMsMin: 1, latencyMsMax: 30 }, seed).listen().connect();
    const prng = new Prng(seed);
    const log: string[] = [];
    pair.network.onWrite = (end, _bytes, _offset, length) =>
      log.push(`${pair.clock.monotonicMs()} ${end.host.name} ${length}`);
    for (let i = 0; i < 300; i++) {
      pair.clock.advance(prng.below(5));
      pair.network.stepAtRandom(prng);
      if (pair.client.told.length > 0 && prng.below(4) === 0 && !pair.client.told.at(-1)?.startsWith('close')) {
        say(pair.clientSocket, 'x'.repeat(prng.below(100)));
      }
      log.push(`${pair.server.text.length} ${pair.client.told.length}`);
    }
    return log.join('\n');
  };
  expect(run(3)).toBe(run(3));
  expect(run(3)).not.toBe(run(4));
});
