// A port with several addresses: all of them, or none and again a little later.

import { expect, test } from 'vitest';
import { ManualClock } from '../../../src/base/clock.js';
import type { PeerListener, PeerNetwork } from '../../../src/election/peer-network.js';
import { LearnerCnxAcceptor } from '../../../src/zab/learner-cnx-acceptor.js';

interface Bind {
  readonly place: string;
  readonly onListening: () => void;
  readonly onError: (error: Error) => void;
  isClosed: boolean;
}

class Port {
  readonly clock = new ManualClock(1000);
  readonly told: string[] = [];
  readonly binds: Bind[] = [];
  readonly acceptor: LearnerCnxAcceptor;

  constructor() {
    const network: Pick<PeerNetwork, 'listen'> = {
      listen: (host, port, _accept, onListening, onError): PeerListener => {
        const bind = {
          place: `${host ?? '*'}:${port}`,
          onListening: () => onListening(port),
          onError,
          isClosed: false,
        };
        this.binds.push(bind);
        return {
          close: () => {
            bind.isClosed = true;
          },
        };
      },
    };
    this.acceptor = new LearnerCnxAcceptor(network as PeerNetwork, this.clock, 100, {
      onSocket: () => null,
      onOpen: () => this.told.push('open'),
      onFailed: (failure) => this.told.push(`failed ${failure}`),
    });
  }

  /** Where it tries to listen. */
  open(isEverywhere = false, hosts = 'a b'): string[] {
    const before = this.binds.length;
    this.acceptor.open(
      hosts.split(' ').map((host) => ({ host, port: 2888 })),
      isEverywhere,
    );
    return this.binds.slice(before).map(({ place }) => place);
  }
}

test('is open when it listens on all of its addresses', () => {
  const port = new Port();
  expect(port.open()).toEqual(['a:2888', 'b:2888']);
  port.binds[1].onListening();
  expect(port.told).toEqual([]);
  port.binds[0].onListening();
  expect(port.told).toEqual(['open']);
  expect(port.acceptor.isDue(1_000_000)).toBe(false);
});

test('everywhere is one address for each port, and twice the same is one', () => {
  expect(new Port().open(true)).toEqual(['*:2888']);
  expect(new Port().open(false, 'a a b')).toEqual(['a:2888', 'b:2888']);
});

test('where one fails all are closed, and it is due again after a while', () => {
  const port = new Port();
  port.open();
  port.binds[0].onListening();
  port.binds[1].onError(new Error('EADDRINUSE'));
  expect(port.told).toEqual(['failed b:2888: EADDRINUSE']);
  expect(port.binds.map(({ isClosed }) => isClosed)).toEqual([true, true]);
  expect(port.acceptor.isDue(1099)).toBe(false);
  expect(port.acceptor.isDue(1100)).toBe(true);
  port.open();
  expect(port.acceptor.isDue(5000)).toBe(false);
});

test('what is still said of an attempt that is over counts for nothing', () => {
  const port = new Port();
  port.open();
  port.binds[0].onError(new Error('gone'));
  port.binds[1].onError(new Error('gone as well'));
  port.open();
  port.binds[1].onListening();
  port.binds[2].onListening();
  expect(port.told).toEqual(['failed a:2888: gone']);
  port.binds[3].onListening();
  expect(port.told).toEqual(['failed a:2888: gone', 'open']);
  port.acceptor.close();
  port.binds[3].onError(new Error('closed'));
  expect(port.told.length).toBe(2);
  expect(port.binds.every(({ isClosed }) => isClosed)).toBe(true);
});
