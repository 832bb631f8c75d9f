/** Sockets between servers on the loopback, plain: what `PeerNetwork` promises, on real connections. */
import { createConnection, createServer, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/actor/logger.js';
import { Prng } from '../../../src/base/prng.js';
import { attemptPlain } from '../../../src/peer/connection-race.js';
import { NodePeerNetwork } from '../../../src/peer/node-peer-network.js';
import { until } from '../../testing/until.js';
import { closedPort, connecting, DEADLINE_MS, firstOf, type Listening, listening, PeerEnd } from './loopback.js';

let network: NodePeerNetwork;
let listener: Listening;

beforeEach(async () => {
  network = new NodePeerNetwork({ keepAlive: true, tls: null, refusesForeign: false }, silentLogger);
  listener = await listening(network);
});
afterEach(async () => {
  await listener.close();
  for (const end of listener.accepted) end.socket?.destroy();
  network.close();
});

async function pair(): Promise<{ caller: PeerEnd; called: PeerEnd }> {
  const caller = await connecting(network, listener.port).opened();
  return { caller, called: await firstOf(listener.accepted) };
}

describe('a connection', () => {
  it('carries bytes both ways, tells its other end and its close once', async () => {
    const { caller, called } = await pair();
    expect([caller.socket?.remoteAddress, caller.socket?.remotePort]).toEqual(['127.0.0.1', listener.port]);
    expect(called.socket?.remoteAddress).toBe('127.0.0.1');
    expect(caller.send('hello')).toBe(true);
    await called.has('hello');
    called.send('and back');
    await caller.has('and back');
    called.socket?.destroy();
    expect(await caller.gone()).toBe('closed by the peer');
    expect([caller.closed.length, called.closed.length]).toEqual([1, 0]);
  });

  it('ends in order behind what is queued, and drops what comes later', async () => {
    const { caller, called } = await pair();
    const much = Buffer.alloc(8 << 20, 7);
    caller.send(much);
    caller.socket?.end();
    expect(caller.send('too late')).toBe(true);
    await until('all of it has arrived', DEADLINE_MS, () => called.received.length === much.length);
    expect(await called.gone()).toBe('closed by the peer');
    expect(await caller.gone()).toBe('ended by this server');
  });

  it('that the other side resets is gone, with the reason', async () => {
    const accepted: Socket[] = [];
    const server = createServer((socket) => accepted.push(socket.on('error', () => socket.destroy())));
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
    const caller = await connecting(network, port).opened();
    await until('it is accepted', DEADLINE_MS, () => accepted.length > 0);
    accepted[0]?.resetAndDestroy();
    expect(await caller.gone()).toMatch(/ECONNRESET/);
    server.close();
  });

  it('whose other side sends nothing more but reads on, is over', async () => {
    const half = createConnection({ port: listener.port, host: '127.0.0.1', allowHalfOpen: true });
    half.end('last words');
    const called = await firstOf(listener.accepted);
    expect(await called.gone()).toBe('closed by the peer');
    expect(called.received.toString()).toBe('last words');
    half.destroy();
  });

  it('keeps the memory of what the system did not take, says so, and tells of the drain', async () => {
    const { caller, called } = await pair();
    called.socket?.pause();
    const piece = Buffer.alloc(1 << 20);
    let sent = 0;
    let isTaken = true;
    while (isTaken) {
      isTaken = caller.send(piece.fill(sent++));
      expect(sent).toBeLessThan(200);
    }
    expect(caller.socket?.queuedBytes).toBeGreaterThan(0);
    // A small one behind it must come behind it, and be heard of in the end although it is below every high-water mark.
    expect(caller.send(Buffer.from('end'))).toBe(false);
    expect(caller.drains).toBe(0);
    called.socket?.resume();
    await until('it has drained', DEADLINE_MS, () => caller.drains > 0);
    expect(caller.socket?.queuedBytes).toBe(0);
    await until('all of it has arrived', DEADLINE_MS, () => called.received.length === sent * piece.length + 3);
    for (let i = 0; i < sent - 1; i++) expect(called.received[i * piece.length]).toBe(i & 0xff);
  });

  it('reads nothing while it is paused', async () => {
    const { caller, called } = await pair();
    caller.send('one');
    await called.has('one');
    called.socket?.pause();
    caller.send('two');
    caller.socket?.end();
    // The end would have been told, had anything been read.
    const other = await connecting(network, listener.port).opened();
    other.send('x');
    await until(
      'another connection is served meanwhile',
      DEADLINE_MS,
      () => listener.accepted[1]?.received.length === 1,
    );
    expect(called.received.toString()).toBe('one');
    called.socket?.resume();
    await called.has('onetwo');
  });

  it('that nobody wants is closed at once', async () => {
    const refusing = await new Promise<{ port: number; close: () => void }>((resolve, reject) => {
      const made = network.listen(
        '127.0.0.1',
        0,
        () => null,
        (port) => resolve({ port, close: () => made.close() }),
        reject,
      );
    });
    const caller = connecting(network, refusing.port);
    expect(await caller.gone()).toBe('closed by the peer');
    refusing.close();
  });

  it('tells nothing any more once it is destroyed, at any moment', async () => {
    const { caller, called } = await pair();
    caller.send('x');
    await called.has('x');
    called.socket?.destroy();
    await caller.gone();
    expect(called.closed).toEqual([]);
    const early = connecting(network, listener.port);
    early.socket?.destroy();
    const ended = connecting(network, listener.port);
    ended.socket?.end();
    expect(await ended.gone()).toBe('ended before it was open');
    expect([early.isOpen, early.closed, ended.isOpen]).toEqual([false, [], false]);
    expect(listener.accepted.length).toBe(1);
  });
});

describe('opening', () => {
  it('ZOOKEEPER-3758: takes the first of several addresses that answers, whatever the others are, and one only', async () => {
    const caller = connecting(network, listener.port, ['192.0.2.1', 'no-such-host.invalid', '127.0.0.2', '127.0.0.1']);
    await caller.opened();
    caller.send('hello');
    const called = await firstOf(listener.accepted);
    await called.has('hello');
    expect(caller.socket?.remoteAddress).toBe('127.0.0.1');
    expect(listener.accepted.length).toBe(1);
    caller.socket?.destroy();
  });

  it('of a name with addresses of both kinds makes one connection', async () => {
    const caller = await connecting(network, listener.port, ['localhost']).opened();
    caller.send('hello');
    await (await firstOf(listener.accepted)).has('hello');
    expect(listener.accepted.length).toBe(1);
    caller.socket?.destroy();
  });

  it('fails with all reasons when nobody answers', async () => {
    const port = await closedPort();
    const caller = connecting(network, port, ['127.0.0.1', 'no-such-host.invalid']);
    const reason = await caller.gone();
    expect(reason).toContain(`ECONNREFUSED 127.0.0.1:${port}`);
    expect(reason).toMatch(/no-such-host\.invalid: E/);
    const nowhere = connecting(network, port, []);
    expect(await nowhere.gone()).toBe('it has no address');
  });

  it('is given up in time', async () => {
    // An address of documentation, to which nothing is routed; where the system says so at once, that is the reason.
    const end = new PeerEnd();
    end.socket = network.connect([{ host: '192.0.2.1', port: 2888 }], 50, end);
    expect(await end.gone()).toMatch(/no connection after 50 ms|ENETUNREACH|EHOSTUNREACH|ECONNREFUSED/);
  });

  it('never makes a connection with itself', async () => {
    // The system gives callers ports of a range in which tests listen, too, and may give the very one that is called.
    const port = await closedPort();
    const made = (): Socket => {
      const socket = new Socket();
      const connect = socket.connect.bind(socket) as (options: object) => Socket;
      const bound = (options: object): Socket => connect({ ...options, localPort: port, localAddress: '127.0.0.1' });
      socket.connect = bound as unknown as Socket['connect'];
      return socket;
    };
    const reason = await new Promise<string>((resolve) => {
      attemptPlain(made)('127.0.0.1', port, '127.0.0.1', () => resolve('connected'), resolve);
    });
    expect(reason).toBe(`connect ECONNREFUSED 127.0.0.1:${port}`);
  });
});

describe('a foreign address (CVE-2018-8012)', () => {
  const warnings: string[] = [];
  const guarded = new NodePeerNetwork(
    { keepAlive: false, tls: null, refusesForeign: true },
    { ...silentLogger, warn: (message) => void warnings.push(message) },
  );

  async function isTaken(hosts: readonly string[]): Promise<boolean> {
    guarded.setMemberHosts(hosts);
    const port = await listening(guarded);
    const caller = connecting(network, port.port);
    await until('it is taken or gone', DEADLINE_MS, () => port.accepted.length > 0 || caller.closed.length > 0);
    const taken = port.accepted.length > 0;
    caller.socket?.destroy();
    await port.close();
    return taken;
  }

  it('is refused, and said so once in a while', async () => {
    expect(await isTaken(['192.0.2.7', 'no-such-host.invalid'])).toBe(false);
    expect(await isTaken(['192.0.2.7'])).toBe(false);
    expect(warnings.filter((line) => line.includes('127.0.0.1 is refused: no member'))).toHaveLength(1);
  });

  it('is none where a name of a member stands for it, or for this machine itself', async () => {
    expect(await isTaken(['192.0.2.7', '127.0.0.1'])).toBe(true);
    expect(await isTaken(['localhost'])).toBe(true);
    // As Debian has it for a machine's own name; who calls that comes from 127.0.0.1.
    expect(await isTaken(['127.0.1.1'])).toBe(true);
    expect(await isTaken(['0.0.0.0'])).toBe(true);
  });

  it('is none before the members are known', async () => {
    expect(await isTaken([])).toBe(true);
  });
});

describe('a listener', () => {
  it('says that its port is taken', async () => {
    await expect(listening(network, '127.0.0.1', listener.port)).rejects.toThrow(/EADDRINUSE/);
    await expect(listening(network, 'no-such-host.invalid')).rejects.toThrow(/ENOTFOUND|EAI_AGAIN/);
  });

  it('of a name listens where the name stands for IPv4', async () => {
    const named = await listening(network, 'localhost');
    await connecting(network, named.port, ['127.0.0.1']).opened();
    await named.close();
  });

  it('on all addresses takes callers of every one', async () => {
    const everywhere = await listening(network, null);
    await connecting(network, everywhere.port, ['127.0.0.1']).opened();
    await connecting(network, everywhere.port, ['127.0.0.5']).opened();
    for (const end of everywhere.accepted) end.socket?.destroy();
    await everywhere.close();
  });

  it('is closed while connections live on, and its port is free at once', async () => {
    const { caller, called } = await pair();
    await listener.close();
    const again = await listening(network, '127.0.0.1', listener.port);
    caller.send('still there');
    await called.has('still there');
    await again.close();
    caller.socket?.destroy();
  });

  it('serves a newcomer beside thousands of silent connections', async () => {
    const silent: Socket[] = [];
    for (let i = 0; i < 1500; i++) {
      silent.push(createConnection(listener.port, '127.0.0.1').on('error', () => {}));
      if (i % 100 === 99) await until('they are accepted', DEADLINE_MS, () => listener.accepted.length > i - 50);
    }
    const caller = await connecting(network, listener.port).opened();
    caller.send('hello');
    await until('it is heard', DEADLINE_MS, () => listener.accepted.some((end) => end.received.length === 5));
    for (const socket of silent) socket.destroy();
    caller.socket?.destroy();
  });
});

it('a random conversation of many connections loses and swaps no byte', async () => {
  const prng = new Prng(7);
  const callers = Array.from({ length: 12 }, () => connecting(network, listener.port));
  await Promise.all(callers.map((end) => end.opened()));
  await until('all are accepted', DEADLINE_MS, () => listener.accepted.length === callers.length);
  const sent = callers.map(() => [] as Buffer[]);
  for (let i = 0; i < 1500; i++) {
    const k = prng.below(callers.length);
    const bytes = Buffer.alloc(1 + prng.below(prng.below(20) === 0 ? 300_000 : 500), prng.below(256));
    sent[k]?.push(bytes);
    // Memory that may be used again is: whatever was not taken in truth comes out wrong.
    const scratch = Buffer.from(bytes);
    if (callers[k]?.send(scratch) === true) scratch.fill(0xee);
    const end = listener.accepted[prng.below(callers.length)];
    if (prng.below(3) === 0) end?.socket?.pause();
    else end?.socket?.resume();
  }
  for (const end of listener.accepted) end.socket?.resume();
  const whole = sent.map((pieces) => Buffer.concat(pieces));
  const total = whole.reduce((sum, bytes) => sum + bytes.length, 0);
  await until('everything has arrived', DEADLINE_MS, () => {
    return listener.accepted.reduce((sum, end) => sum + end.received.length, 0) === total;
  });
  const byPort = new Map(listener.accepted.map((end) => [end.socket?.remotePort, end.received]));
  const arrived = [...byPort.values()].map((bytes) => bytes.toString('latin1')).sort();
  expect(arrived).toEqual(whole.map((bytes) => bytes.toString('latin1')).sort());
  for (const caller of callers) caller.socket?.destroy();
});
