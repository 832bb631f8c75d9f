// Which sockets a shard opens, and in what order: at a start, when it is made anew, and when a port moves. The network is a list of
// what was asked of it; ports are had or refused by hand.

import { describe, expect, test } from 'vitest';
import type { ActorContext } from '../../../src/actor/actor.js';
import { silentLogger } from '../../../src/actor/logger.js';
import {
  type ClientNetwork,
  type ClientSocket,
  type ClientSocketEvents,
  type ListenOptions,
  PortKind,
} from '../../../src/net/client-socket.js';
import { ListenState } from '../../../src/net/listen-state.js';
import { ShardRecord } from '../../../src/net/shard-control.js';
import { ShardListener } from '../../../src/net/shard-listener.js';

type Accept = (socket: ClientSocket) => ClientSocketEvents | null;

class ListedNetwork implements ClientNetwork {
  readonly canReusePort: boolean;
  readonly said: string[] = [];
  readonly accepts: Accept[] = [];
  refused = -1;
  private fds = 20;

  constructor(canReusePort: boolean) {
    this.canReusePort = canReusePort;
  }

  listen(
    { host, port, fd, reusePort }: ListenOptions,
    accept: Accept,
    onListening: (fd: number, port: number) => void,
    onError: (error: Error) => void,
  ) {
    const own = fd ?? this.fds++;
    const name = `${host ?? '*'}:${port}${reusePort ? ' shared' : ''}${fd === undefined ? '' : ` on ${fd}`}`;
    this.accepts.push(accept);
    // As a socket does: never from within the call.
    this.later.push(() => {
      this.said.push(port === this.refused ? `refuse ${name}` : `open ${name}`);
      if (port === this.refused) onError(Object.assign(new Error('in use'), { code: 'EADDRINUSE' }));
      else onListening(own, port);
    });
    return {
      close: (onClosed?: () => void) => {
        this.said.push(`close ${name}`);
        if (onClosed !== undefined) this.later.push(onClosed);
      },
    };
  }

  close(): void {}

  private readonly later: (() => void)[] = [];

  /** The last one that was asked for listens first: names are looked up, and that takes as long as it takes. */
  hurryLast(): void {
    this.later.unshift(this.later.pop() as () => void);
  }

  /** The next thing that the system has to tell, alone. */
  step(): void {
    this.later.shift()?.();
  }

  /** Everything that was said since the last time. */
  run(): string[] {
    for (let call = this.later.shift(); call !== undefined; call = this.later.shift()) call();
    return this.said.splice(0);
  }
}

const RECORD_NAMES = new Map<number, string>(Object.entries(ShardRecord).map(([name, number]) => [number, name]));

function bench(canReusePort: boolean, shard: number, shardCount: number) {
  const network = new ListedNetwork(canReusePort);
  const state = new ListenState(new SharedArrayBuffer(ListenState.byteLengthFor(shardCount)));
  const told: string[] = [];
  const warned: string[] = [];
  const outbox = (to: string) => {
    const words = new Int32Array(64);
    const bytes = new Uint8Array(words.buffer);
    let type = 0;
    return {
      words,
      bytes,
      offset: 0,
      claim: (claimed: number) => {
        type = claimed;
      },
      commit: () => told.push(`${RECORD_NAMES.get(type)} to ${to}`),
    };
  };
  const context = {
    outbox,
    outboxes: () => [outbox('others')],
    requestTurn: () => {},
    log: { ...silentLogger, warn: (message: string) => void warned.push(message) },
  } as unknown as ActorContext;
  const listener = new ShardListener(
    context,
    network,
    state,
    {
      shard,
      shardCount,
      ports: [{ port: 2181, host: undefined, kind: PortKind.plain }],
      backlog: undefined,
      keepAlive: true,
    },
    () => ({}) as ClientSocketEvents,
  );
  return { network, state, told, warned, listener };
}

describe('shards with sockets of their own', () => {
  test('the first is alone on the port before it is shared', () => {
    const { network, listener, state, told } = bench(true, 0, 2);
    listener.start();
    expect(network.run()).toEqual(['open *:2181', 'close *:2181', 'open *:2181 shared']);
    expect(told).toEqual(['listening to others', 'listening to supervisor']);
    expect([state.host(0), state.port(0), state.fd(0)]).toEqual([undefined, 2181, -1]);
  });

  test('a first shard made anew does not try to be alone where the others are', () => {
    const { network, listener, state } = bench(true, 0, 2);
    state.publish(0, 'h', 2182, -1);
    listener.resume();
    expect(network.run()).toEqual(['open h:2182 shared']);
  });

  test('a port that moves is open before the old one closes', () => {
    const { network, listener, told } = bench(true, 0, 2);
    listener.start();
    network.run();
    told.length = 0;
    listener.move(0, 'h', 2182);
    expect(network.run()).toEqual(['open h:2182', 'close h:2182', 'open h:2182 shared', 'close *:2181 shared']);
    expect(told).toEqual(['listening to others', 'listening to supervisor']);
  });

  test('another shard follows the first, and closes what it had', () => {
    const { network, listener, state } = bench(true, 1, 2);
    state.publish(0, undefined, 2181, -1);
    listener.listenLike(0, -1, 2181);
    state.publish(0, 'h', 2182, -1);
    listener.listenLike(0, -1, 2182);
    expect(network.run()).toEqual(['open *:2181 shared', 'open h:2182 shared', 'close *:2181 shared']);
  });
});

describe('shards that share a descriptor', () => {
  test('never close it: the old port refuses everybody, and serves again when it is wanted back', () => {
    const { network, listener } = bench(false, 0, 2);
    listener.start();
    listener.move(0, 'h', 2182);
    expect(network.run()).toEqual(['open *:2181', 'open h:2182']);
    const isServedAt = (index: number) => (network.accepts[index] as Accept)({} as ClientSocket) !== null;
    expect([isServedAt(0), isServedAt(1)]).toEqual([false, true]);
    listener.move(0, undefined, 2181);
    expect(network.run()).toEqual([]);
    expect([isServedAt(0), isServedAt(1)]).toEqual([true, false]);
  });

  test('another shard does the same, by the descriptors', () => {
    const { network, listener, state } = bench(false, 1, 2);
    for (const [host, port, fd] of [
      [undefined, 2181, 20],
      ['h', 2182, 21],
      [undefined, 2181, 20],
    ] as const) {
      state.publish(0, host, port, fd);
      listener.listenLike(0, fd, port);
      network.run();
    }
    const served = network.accepts.map((accept) => accept({} as ClientSocket) !== null);
    expect(served).toEqual([true, false]);
  });
});

test('a port that cannot be had is told, and the old one serves on', () => {
  const { network, listener, state, told } = bench(false, 0, 1);
  listener.start();
  network.refused = 2182;
  listener.move(0, 'h', 2182);
  expect(network.run()).toEqual(['open *:2181', 'refuse h:2182']);
  expect(told).toEqual(['listening to supervisor', 'failed to supervisor']);
  expect([state.port(0), (network.accepts[0] as Accept)({} as ClientSocket) !== null]).toEqual([2181, true]);
  listener.close();
  expect(network.run()).toEqual(['close *:2181']);
});

test('a single shard made anew opens the port at which clients were served', () => {
  const { network, listener, state } = bench(true, 0, 1);
  state.publish(0, 'h', 2182, 20);
  listener.resume();
  expect(network.run()).toEqual(['open h:2182']);
});

describe('two moves right behind each other', () => {
  test('another shard that hears of the first when the second is done opens nothing but the second', () => {
    const { network, listener, state } = bench(true, 1, 2);
    state.publish(0, undefined, 2181, -1);
    listener.listenLike(0, -1, 2181);
    network.run();
    state.publish(0, 'h', 2182, -1);
    state.publish(0, 'other', 2183, -1);
    listener.listenLike(0, -1, 2182);
    listener.listenLike(0, -1, 2183);
    expect(network.run()).toEqual(['open other:2183 shared', 'close *:2181 shared']);
  });

  test.each([
    [true, ['open two:2183 shared', 'close *:2181 shared', 'open one:2182 shared', 'close one:2182 shared'], -1, -1],
    [false, ['open two:2183 on 22', 'open one:2182 on 21'], 21, 22],
  ])('the newest counts, whichever listens first (own sockets: %s)', (canReusePort, said, firstFd, secondFd) => {
    const { network, listener, state } = bench(canReusePort, 1, 2);
    const start = canReusePort ? -1 : 20;
    state.publish(0, undefined, 2181, start);
    listener.listenLike(0, start, 2181);
    network.run();
    state.publish(0, 'one', 2182, firstFd);
    listener.listenLike(0, firstFd, 2182);
    state.publish(0, 'two', 2183, secondFd);
    listener.listenLike(0, secondFd, 2183);
    network.hurryLast();
    expect(network.run()).toEqual(said);
    if (canReusePort) return;
    const served = network.accepts.map((accept) => accept({} as ClientSocket) !== null);
    expect(served).toEqual([false, false, true]);
  });
});

test('a shard made anew that has seen where to listen is told of it once more, and does nothing', () => {
  const { network, listener, state } = bench(false, 1, 2);
  state.publish(0, 'h', 2182, 21);
  listener.resume();
  listener.listenLike(0, 21, 2182);
  expect(network.run()).toEqual(['open h:2182 on 21']);
  expect((network.accepts[0] as Accept)({} as ClientSocket)).not.toBeNull();
});

test('another shard that cannot follow a move stays where it was, and the server goes on', () => {
  const { network, listener, state, told, warned } = bench(true, 1, 2);
  state.publish(0, undefined, 2181, -1);
  listener.listenLike(0, -1, 2181);
  network.run();
  network.refused = 2182;
  state.publish(0, 'h', 2182, -1);
  listener.listenLike(0, -1, 2182);
  expect(network.run()).toEqual(['refuse h:2182 shared']);
  expect([told, warned]).toEqual([[], ['Shard 1 cannot listen on h:2182, and stays on 2181: in use']]);
});

describe('a server that ends in the middle of a move', () => {
  test('opens no port behind its end', () => {
    const { network, listener, told } = bench(true, 0, 2);
    listener.start();
    network.run();
    told.length = 0;
    listener.move(0, 'h', 2182);
    network.step();
    listener.close();
    listener.move(0, 'h', 2183);
    expect(network.run()).toEqual(['open h:2182', 'close h:2182', 'close *:2181 shared']);
    expect(told).toEqual([]);
  });

  test('tells of no port that listens, or fails to, behind its end', () => {
    for (const refused of [-1, 2182]) {
      const { network, listener, told } = bench(false, 0, 1);
      listener.start();
      network.run();
      told.length = 0;
      network.refused = refused;
      listener.move(0, 'h', 2182);
      listener.close();
      network.run();
      expect(told).toEqual([]);
    }
  });
});
