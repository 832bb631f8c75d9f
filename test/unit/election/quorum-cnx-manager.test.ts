import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/actor/logger.js';
import { SeldomLogger } from '../../../src/actor/seldom-logger.js';
import { ManualClock } from '../../../src/base/clock.js';
import { Prng } from '../../../src/base/prng.js';
import { noPeerAuthentication, type PeerAuthenticator } from '../../../src/election/peer-authenticator.js';
import type { PeerSocket, PeerSocketEvents } from '../../../src/election/peer-network.js';
import { type CnxSettings, QuorumCnxManager } from '../../../src/election/quorum-cnx-manager.js';
import { parseQuorumConfigText } from '../../../src/election/quorum-config-text.js';
import type { SimPeerHost } from '../../testing/inline/sim-peer-host.js';
import { SimPeerNetwork } from '../../testing/inline/sim-peer-network.js';
import { FakeSasl } from './fake-sasl.js';

const PORT = 3000;
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

/** HELLO V1 of that server, as it announces `hN:3000`. */
function hello(sid: number, address = `h${sid}:${PORT}`): string {
  const length = address.length.toString(16).padStart(8, '0');
  return `ffffffffffff0000${sid.toString(16).padStart(16, '0')}${length}${Buffer.from(address).toString('hex')}`;
}

const frame = (payload: string) => `${(payload.length / 2).toString(16).padStart(8, '0')}${payload}`;

/** A connection by hand. */
class RawConnection implements PeerSocketEvents {
  received = '';
  isOpen = false;
  closed: string | null = null;
  socket: PeerSocket | null = null;

  onOpen(): void {
    this.isOpen = true;
  }

  onData(bytes: Uint8Array, length: number): void {
    this.received += hexOf(bytes.slice(0, length));
  }

  onDrain(): void {}

  onClose(reason: string): void {
    this.closed = reason;
  }

  send(hex: string): void {
    const bytes = bytesOf(hex);
    if (this.socket === null) throw new Error('it is not connected');
    this.socket.write(bytes, 0, bytes.length);
  }
}

/** The manager of server 5 in the ensemble 1 5 9, and whoever is scripted round it. */
class Bench {
  readonly clock = new ManualClock(1000);
  readonly network = new SimPeerNetwork(new Prng(3), this.clock, { latencyMsMin: 1, latencyMsMax: 1 });
  readonly manager: QuorumCnxManager;
  readonly events: string[] = [];
  readonly logged: string[] = [];
  /** What server N's listener has accepted. */
  readonly accepted = new Map<number, RawConnection[]>();
  onConnectedSend: string | null = null;

  constructor(settings: Partial<CnxSettings> = {}, authenticator: PeerAuthenticator = noPeerAuthentication) {
    const members = (text: string) => parseQuorumConfigText(text);
    const committed = members(
      `server.1=h1:2000:${PORT}\nserver.5=h5:2000:${PORT}|h5b:2000:3001\nserver.9=h9:2000:${PORT}\nversion=1`,
    );
    const lastSeen = members(
      `server.1=h1b:2000:${PORT}\nserver.5=h5:2000:${PORT}\nserver.7=h7:2000:${PORT}\nserver.9=h9:2000:${PORT}\nversion=2`,
    );
    const log = { ...silentLogger, warn: (message: string) => void this.logged.push(message) };
    this.manager = new QuorumCnxManager(
      {
        myId: 5,
        multiAddress: false,
        reconfigEnabled: false,
        cnxTimeoutMs: 5000,
        handshakeTimeoutMs: 2000,
        ...settings,
      },
      this.network.host('h5', ['h5b']),
      authenticator,
      {
        onMessage: (sid, bytes, offset, length) =>
          this.events.push(`${sid}: ${hexOf(bytes.slice(offset, offset + length))}`),
        onConnected: (sid) => {
          this.events.push(`connected ${sid}`);
          if (this.onConnectedSend !== null) this.send(sid, this.onConnectedSend);
        },
        onLost: (sid) => this.events.push(`lost ${sid}`),
      },
      log,
      new SeldomLogger(log, this.clock, 0),
      committed,
      lastSeen,
      committed.members[1],
    );
    this.network.host('h5').listen(
      'h5',
      PORT,
      (socket) => this.manager.accept(socket),
      () => {},
      fail,
    );
    for (const sid of [1, 7, 9]) this.listen(sid);
    this.run(1);
  }

  listen(sid: number, host = this.network.host(`h${sid}`), port = PORT): void {
    host.listen(
      undefined,
      port,
      (socket) => {
        const connection = new RawConnection();
        connection.socket = socket;
        this.accepted.set(sid, [...(this.accepted.get(sid) ?? []), connection]);
        return connection;
      },
      () => {},
      fail,
    );
  }

  /** What server `sid` accepted last. */
  last(sid: number): RawConnection {
    const connection = this.accepted.get(sid)?.at(-1);
    if (connection === undefined) throw new Error(`nobody has called server ${sid}`);
    return connection;
  }

  dial(sid: number, from: SimPeerHost = this.network.host(`h${sid}`)): RawConnection {
    const connection = new RawConnection();
    connection.socket = from.connect([{ host: 'h5', port: PORT }], 5000, connection);
    this.run(5);
    expect(connection.isOpen).toBe(true);
    return connection;
  }

  send(sid: number, hex: string): void {
    this.manager.toSend(sid, bytesOf(hex));
  }

  run(ms: number): void {
    for (let i = 0; i < ms; i++) {
      this.manager.now(this.clock.monotonicMs());
      this.network.deliverAll();
      if (i % 10 === 0) this.manager.tick();
      this.clock.advance(1);
    }
    this.manager.now(this.clock.monotonicMs());
    this.network.deliverAll();
    this.manager.tick();
  }

  take(): readonly string[] {
    return this.events.splice(0);
  }
}

function fail(error: Error): void {
  throw error;
}

describe('a connection to a server with a smaller id', () => {
  it('begins with the whole HELLO in one write, and is the link', () => {
    const bench = new Bench();
    const writes: string[] = [];
    bench.network.onWrite = (_end, bytes, offset, length) => writes.push(hexOf(bytes.slice(offset, offset + length)));
    bench.send(1, 'aabb');
    bench.run(10);
    expect(writes).toEqual([hello(5), frame('aabb')]);
    expect(bench.last(1).received).toBe(hello(5) + frame('aabb'));
    expect(bench.take()).toEqual(['connected 1']);
    bench.send(1, 'cc');
    bench.last(1).send(`${frame('0102')}${frame('03')}00`);
    bench.run(5);
    bench.last(1).send('00000104');
    bench.run(5);
    expect(bench.take()).toEqual(['1: 0102', '1: 03', '1: 04']);
    expect(bench.last(1).received).toBe(hello(5) + frame('aabb') + frame('cc'));
    expect(bench.accepted.get(1)).toHaveLength(1);
  });

  it('tells all own addresses where several are allowed', () => {
    const bench = new Bench({ multiAddress: true });
    bench.send(1, 'aa');
    bench.run(10);
    expect(bench.last(1).received).toBe(
      hello(5, 'h5:3000|h5b:3001').replace('ffffffffffff0000', 'ffffffffffff0001') + frame('aa'),
    );
  });

  it('goes also to the address that the last seen configuration has', () => {
    const bench = new Bench();
    bench.network.host('h1').refusesConnections = true;
    bench.listen(1, bench.network.host('h1b'));
    bench.send(1, 'aa');
    bench.run(10);
    expect(bench.take()).toEqual(['connected 1']);
    bench.send(7, 'aa');
    bench.run(10);
    // Server 7 is in the last seen configuration only, and its id is larger.
    expect(bench.last(7).received).toBe(hello(5));
  });

  it('ZOOKEEPER-3758: is tried at all addresses every time, though none of them has ever answered', () => {
    const bench = new Bench();
    const [first, second] = ['h1', 'h1b'].map((name) => bench.network.host(name)) as [SimPeerHost, SimPeerHost];
    first.refusesConnections = true;
    bench.send(1, 'aa');
    bench.run(10);
    expect(bench.take()).toEqual([]);
    bench.listen(1, second);
    bench.manager.connectAll();
    bench.run(10);
    expect(bench.take()).toEqual(['connected 1']);
  });

  it('is tried again only when there is something to send, or when asked to', () => {
    const bench = new Bench();
    bench.network.host('h1').refusesConnections = true;
    bench.send(1, 'aa');
    bench.run(2000);
    expect(bench.accepted.get(1)).toBeUndefined();
    bench.network.host('h1').refusesConnections = false;
    bench.run(2000);
    expect(bench.accepted.get(1)).toBeUndefined();
    bench.manager.connectAll();
    bench.run(10);
    expect(bench.take()).toEqual(['connected 1']);
  });

  it('is one at a time', () => {
    const bench = new Bench();
    bench.network.host('h1').dropsConnections = true;
    bench.send(1, 'aa');
    bench.send(1, 'bb');
    bench.manager.connectAll();
    bench.run(10);
    bench.network.host('h1').dropsConnections = false;
    bench.run(1100);
    expect(bench.accepted.get(1)).toHaveLength(1);
    expect(bench.last(1).received).toBe(hello(5) + frame('bb'));
  });
});

describe('a connection to a server with a larger id', () => {
  it('is a wake-up call: HELLO, and its end', () => {
    const bench = new Bench();
    bench.send(9, 'aabb');
    bench.run(10);
    expect(bench.last(9).received).toBe(hello(5));
    expect(bench.last(9).closed).toBe('ended by the peer');
    const back = bench.dial(9);
    back.send(hello(9));
    bench.run(5);
    expect(bench.take()).toEqual(['connected 9']);
    expect(back.received).toBe(frame('aabb'));
  });

  it('is not repeated while the other side may be connecting back', () => {
    const bench = new Bench();
    for (let i = 0; i < 40; i++) {
      bench.send(9, 'aabb');
      bench.run(10);
    }
    expect(bench.accepted.get(9)).toHaveLength(2);
  });
});

describe('a HELLO', () => {
  it('of a larger id is the link; the next one takes its place', () => {
    const bench = new Bench();
    const first = bench.dial(9);
    first.send(hello(9) + frame('01'));
    bench.run(5);
    expect(bench.take()).toEqual(['connected 9', '9: 01']);
    bench.send(9, 'aa');
    bench.run(5);
    expect(first.received).toBe(frame('aa'));
    const second = bench.dial(9);
    second.send(hello(9));
    bench.run(5);
    expect(first.closed).not.toBeNull();
    // What was told last may have been lost.
    expect(second.received).toBe(frame('aa'));
    expect(bench.take()).toEqual(['connected 9']);
    second.send(frame('02'));
    bench.run(5);
    expect(bench.take()).toEqual(['9: 02']);
  });

  it('of a smaller id is answered by connecting back, to the address it announces', () => {
    const bench = new Bench();
    bench.listen(1, bench.network.host('announced'), 4444);
    const call = bench.dial(1);
    call.send(hello(1, 'announced:4444'));
    bench.run(10);
    expect(call.closed).not.toBeNull();
    expect(bench.last(1).received).toBe(hello(5));
    expect(bench.network.connections().map((connection) => connection.port)).toContain(4444);
    expect(bench.take()).toEqual(['connected 1']);
  });

  it.each([
    ['a wildcard', hello(1, '0.0.0.0:4444')],
    ['nothing, in V0', '0000000000000001'],
  ])('that announces %s is called back at its configured address', (_name, hex) => {
    const bench = new Bench();
    const call = bench.dial(1);
    call.send(hex);
    bench.run(10);
    expect(call.closed).not.toBeNull();
    expect(bench.last(1).received).toBe(hello(5));
  });

  it('of a smaller id ends the link that there was: the caller does not have it any more', () => {
    const bench = new Bench();
    bench.send(1, 'aa');
    bench.run(10);
    const old = bench.last(1);
    bench.dial(1).send(hello(1));
    bench.run(10);
    expect(old.closed).not.toBeNull();
    expect(bench.last(1)).not.toBe(old);
    expect(bench.last(1).received).toBe(hello(5) + frame('aa'));
    expect(bench.take()).toEqual(['connected 1', 'connected 1']);
  });

  it('of this very id closes the connection', () => {
    const bench = new Bench();
    const call = bench.dial(1);
    call.send(hello(5));
    bench.run(5);
    expect(call.closed).not.toBeNull();
    expect(bench.logged).toEqual(['Election connection from h1:50000 says it is this server (5): closed']);
    expect(bench.take()).toEqual([]);
  });

  it('CVE-2018-8012: of an unknown id closes the connection', () => {
    const bench = new Bench();
    const call = bench.dial(1);
    call.send(hello(77));
    bench.run(5);
    expect(call.closed).not.toBeNull();
    expect(bench.logged).toEqual(['Election connection from h1:50000 closed: nobody knows a server 77']);
    expect(bench.manager.linkOf(77)).toBe('never');
  });

  it('of an unknown id is welcome where configurations change: it may be about to join', () => {
    const bench = new Bench({ reconfigEnabled: true });
    bench.listen(3, bench.network.host('h3'));
    bench.dial(3).send(hello(3));
    bench.run(10);
    expect(bench.last(3).received).toBe(hello(5));
    const large = bench.dial(9);
    large.send(hello(77) + frame('01'));
    bench.run(10);
    expect(bench.take()).toEqual(['connected 3', 'connected 77', '77: 01']);
    bench.send(77, 'aa');
    bench.run(5);
    expect(large.received).toBe(frame('aa'));
    large.socket?.end();
    bench.run(5);
    expect(bench.take()).toEqual(['lost 77']);
    // Nothing is kept of it, and there is no address to send to.
    bench.send(77, 'aa');
    expect(bench.manager.linkOf(77)).toBe('never');
    expect(bench.logged).toEqual(['No address of server 77: it is in no configuration']);
  });

  it('of a crowd of unknown ids is taken from 64 of them', () => {
    const bench = new Bench({ reconfigEnabled: true });
    const calls = Array.from({ length: 70 }, (_, i) => {
      const call = bench.dial(9);
      call.send(hello(1000 + i));
      return call;
    });
    bench.run(20);
    expect(bench.take()).toHaveLength(64);
    expect(calls.filter((call) => call.closed !== null)).toHaveLength(6);
  });

  it.each([
    ['garbage', '474554202f20485454502f312e310d0a0d0a'],
    ['another version', 'fffffffffffe0000'],
    ['no port', hello(9, 'h9')],
    ['an address of 3000 bytes', hello(9, 'h'.repeat(3000))],
    ['the id of observers without one', hello(9).replace('0000000000000009', '7fffffffffffffff')],
  ])('with %s closes the connection, and nothing else', (_name, hex) => {
    const bench = new Bench();
    const link = bench.dial(9);
    link.send(hello(9));
    const call = bench.dial(1);
    call.send(hex);
    bench.run(10);
    // "GET / HT" would be the id of a server of the oldest form.
    expect(call.closed).not.toBeNull();
    link.send(frame('01'));
    bench.run(5);
    expect(bench.take()).toEqual(['connected 9', '9: 01']);
  });

  it('in any pieces, with frames behind it, is whole', () => {
    const whole = hello(9) + frame('0102') + frame('03');
    for (let at = 2; at < whole.length; at += 2) {
      const bench = new Bench();
      const call = bench.dial(9);
      call.send(whole.slice(0, at));
      bench.run(3);
      call.send(whole.slice(at));
      bench.run(3);
      expect(bench.take()).toEqual(['connected 9', '9: 0102', '9: 03']);
    }
  });

  it('that does not come, or half of it, delays nobody, and is waited for only so long', () => {
    const bench = new Bench();
    const silent = bench.dial(1);
    const half = bench.dial(1);
    half.send(hello(1).slice(0, 20));
    const link = bench.dial(9);
    link.send(hello(9));
    bench.run(5);
    expect(bench.take()).toEqual(['connected 9']);
    bench.run(1900);
    expect([silent.closed, half.closed]).toEqual([null, null]);
    bench.run(120);
    expect(silent.closed).not.toBeNull();
    expect(half.closed).not.toBeNull();
    bench.run(5000);
    expect(link.closed).toBeNull();
  });

  it('of a member comes through a crowd that says nothing', () => {
    const bench = new Bench();
    const silent = Array.from({ length: 300 }, () => {
      const call = new RawConnection();
      call.socket = bench.network.host('h1').connect([{ host: 'h5', port: PORT }], 5000, call);
      return call;
    });
    bench.run(5);
    expect(silent.filter((call) => call.closed !== null)).toHaveLength(44);
    const link = bench.dial(9);
    link.send(hello(9));
    bench.run(5);
    expect(bench.take()).toEqual(['connected 9']);
  });
});

describe('a link', () => {
  it.each([
    ['00000000', 0],
    ['00080001', 524_289],
    ['ffffffff', -1],
  ])('ends with a frame of length %s', (hex, length) => {
    const bench = new Bench();
    const link = bench.dial(9);
    link.send(hello(9) + frame('01') + hex);
    bench.run(5);
    expect(link.closed).not.toBeNull();
    expect(bench.take()).toEqual(['connected 9', '9: 01', 'lost 9']);
    expect(bench.logged[0]).toContain(`closed: a frame of ${length} bytes`);
  });

  it('holds one unsent message, the newest, and tells the last one again to the next link', () => {
    const bench = new Bench();
    const link = bench.dial(9);
    link.send(hello(9));
    bench.run(5);
    bench.network.cut('h5', 'h9');
    // The systems between take so much and no more.
    bench.send(9, 'ee'.repeat(80_000));
    bench.send(9, 'aa');
    bench.send(9, 'bb');
    expect(bench.manager.haveDelivered()).toBe(false);
    bench.network.healAll();
    bench.run(500);
    expect(link.received.endsWith('ee')).toBe(false);
    expect(link.received).toBe(frame('ee'.repeat(80_000)) + frame('bb'));
    expect(bench.manager.haveDelivered()).toBe(true);
    link.socket?.end();
    bench.run(5);
    const next = bench.dial(9);
    next.send(hello(9));
    bench.run(5);
    expect(next.received).toBe(frame('bb'));
  });

  it('tells first what it is given when it comes up', () => {
    const bench = new Bench();
    bench.onConnectedSend = 'cc';
    bench.send(1, 'aa');
    bench.run(10);
    expect(bench.last(1).received).toBe(hello(5) + frame('cc'));
  });

  it('is known to be up, or to have been', () => {
    const bench = new Bench();
    expect([1, 9].map((sid) => bench.manager.linkOf(sid))).toEqual(['never', 'never']);
    bench.send(1, 'aa');
    expect(bench.manager.linkOf(1)).toBe('never');
    bench.run(10);
    expect(bench.manager.linkOf(1)).toBe('up');
    bench.last(1).socket?.end();
    bench.run(10);
    expect(bench.take()).toEqual(['connected 1', 'lost 1']);
    expect(bench.manager.linkOf(1)).toBe('lost');
    // It calls: it is about to be there.
    bench.network.host('h1').dropsConnections = true;
    bench.dial(1).send(hello(1));
    bench.run(10);
    expect(bench.manager.linkOf(1)).toBe('never');
  });

  it('is over with all others when the election ends', () => {
    const bench = new Bench();
    bench.send(1, 'aa');
    const silent = bench.dial(9);
    bench.run(10);
    bench.manager.close();
    bench.run(10);
    expect(bench.last(1).closed).not.toBeNull();
    expect(silent.closed).not.toBeNull();
    expect(bench.manager.haveDelivered()).toBe(false);
    expect(bench.take()).toEqual(['connected 1']);
  });
});

describe('authentication', () => {
  it('ZOOKEEPER-4886: stands behind HELLO, on both sides, for any order of ids', () => {
    const bench = new Bench({}, new FakeSasl('secret'));
    bench.send(1, 'aa');
    bench.run(5);
    expect(bench.last(1).received).toBe(hello(5) + FakeSasl.question('secret'));
    bench.last(1).send(`${FakeSasl.ok}${frame('01')}`);
    bench.run(5);
    expect(bench.take()).toEqual(['connected 1', '1: 01']);
    expect(bench.last(1).received).toBe(hello(5) + FakeSasl.question('secret') + frame('aa'));
    bench.send(9, 'bb');
    bench.run(5);
    expect(bench.last(9).received).toBe(hello(5) + FakeSasl.question('secret'));
    expect(bench.last(9).closed).toBeNull();
    bench.last(9).send(FakeSasl.ok);
    bench.run(5);
    expect(bench.last(9).closed).not.toBeNull();
    const back = bench.dial(9);
    back.send(`${hello(9)}${FakeSasl.question('secret')}${frame('02')}`);
    bench.run(5);
    expect(back.received).toBe(FakeSasl.ok + frame('bb'));
    expect(bench.take()).toEqual(['connected 9', '9: 02']);
  });

  it('comes in any pieces', () => {
    const whole = hello(9) + FakeSasl.question('secret') + frame('02');
    for (let at = 2; at < whole.length; at += 6) {
      const bench = new Bench({}, new FakeSasl('secret'));
      const call = bench.dial(9);
      call.send(whole.slice(0, at));
      bench.run(3);
      call.send(whole.slice(at));
      bench.run(3);
      expect(bench.take()).toEqual(['connected 9', '9: 02']);
    }
  });

  it('that fails closes the connection, behind the word that says so', () => {
    const bench = new Bench({}, new FakeSasl('secret'));
    const call = bench.dial(9);
    call.send(hello(9) + FakeSasl.question('guess') + frame('02'));
    bench.run(5);
    expect(call.received).toBe(FakeSasl.refused);
    expect(call.closed).not.toBeNull();
    expect(bench.take()).toEqual([]);
    expect(bench.logged).toEqual(['Election connection with server 9 (h9:50000) closed: the password is wrong']);
    const own = new Bench({}, new FakeSasl('secret'));
    own.send(1, 'aa');
    own.run(5);
    own.last(1).send(FakeSasl.refused);
    own.run(5);
    expect(own.last(1).closed).not.toBeNull();
    expect(own.take()).toEqual([]);
    own.send(1, 'aa');
    own.run(5);
    expect(own.accepted.get(1)).toHaveLength(2);
  });

  it('may be tolerated: what is no SASL is a frame already, and silence is a wake-up call', () => {
    const bench = new Bench({}, new FakeSasl('secret', true));
    const call = bench.dial(9);
    call.send(hello(9) + frame('02'));
    bench.run(5);
    expect(bench.take()).toEqual(['connected 9', '9: 02']);
    const wakeUp = bench.dial(1);
    wakeUp.send(hello(1));
    wakeUp.socket?.end();
    bench.run(10);
    expect(bench.last(1).received.startsWith(hello(5))).toBe(true);
    const strict = new Bench({}, new FakeSasl('secret'));
    const refused = strict.dial(1);
    refused.send(hello(1));
    refused.socket?.end();
    strict.run(10);
    expect(strict.accepted.get(1)).toBeUndefined();
    // A larger one that is gone again is no link.
    const gone = bench.dial(9);
    gone.send(hello(9));
    gone.socket?.end();
    bench.run(10);
    expect(bench.take()).toEqual([]);
  });

  it('that goes on for ever is given up', () => {
    const bench = new Bench({}, new FakeSasl('secret'));
    const call = bench.dial(9);
    call.send(hello(9));
    bench.run(2100);
    expect(call.closed).not.toBeNull();
    expect(bench.logged).toEqual(['Election connection with h9:50000 given up: still authenticating']);
  });
});
