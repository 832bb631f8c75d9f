// Node's sockets as the connections of a shard see them, on the port that tells TLS and plain bytes apart by the first.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { silentLogger } from '../../../src/actor/logger.js';
import { type ClientSocket, PortKind } from '../../../src/net/client-socket.js';
import { NodeClientNetwork } from '../../../src/net/node-client-network.js';
import { TLS_COUNTERS, type TlsPart } from '../../../src/net/tls-options.js';
import { until } from '../../testing/until.js';

const NO_STORE = { path: '', password: '', passwordPath: '', type: '' };
/** Nobody speaks TLS here: no store is opened. */
const TLS: TlsPart = {
  options: {
    keyStore: NO_STORE,
    trustStore: null,
    clientAuth: 'none',
    protocols: ['TLSv1.2'],
    cipherSuites: [],
    verifiesClientHost: false,
    looksUpClientHost: false,
    reloadsStores: false,
    handshakesMax: 0,
  },
  loaded: { context: {}, stamp: '' },
  log: silentLogger,
  cells: new Float64Array(TLS_COUNTERS.length),
  tellsReloads: false,
};

test('who is paused by its first bytes is not read until it is resumed', async () => {
  const network = new NodeClientNetwork(TLS);
  const sockets: ClientSocket[] = [];
  const heard: string[] = [];
  let portOpen = 0;
  const where = { host: '127.0.0.1', port: 0, backlog: undefined, keepAlive: false, fd: undefined, reusePort: false };
  const listener = network.listen(
    { kind: PortKind.either, ...where },
    (socket) => {
      const place = sockets.push(socket) - 1;
      heard.push('');
      return {
        onSecured: () => {},
        onData: (bytes, length) => {
          if (heard[place] === '' && place === 0) socket.pause();
          heard[place] += Buffer.from(bytes.subarray(0, length)).toString('latin1');
        },
        onEnd: () => {},
        onDrain: () => {},
        onClose: () => {},
      };
    },
    (_fd, port) => {
      portOpen = port;
    },
    (error) => {
      throw error;
    },
  );
  const clients: Socket[] = [];
  try {
    await until('the port', 5000, () => portOpen > 0);
    const speak = async (text: string): Promise<Socket> => {
      const client = connect({ host: '127.0.0.1', port: portOpen, noDelay: true });
      clients.push(client);
      await once(client, 'connect');
      client.write(text);
      await until(`"${text}"`, 5000, () => heard.includes(text));
      return client;
    };
    const paused = await speak('first');
    paused.write('second');
    // What the first one has sent was there before any of theirs.
    for (const text of ['a', 'b', 'c', 'd']) await speak(text);
    expect(heard[0]).toBe('first');
    sockets[0]?.resume();
    await until('the rest', 5000, () => heard[0] === 'firstsecond');
  } finally {
    for (const client of clients) client.destroy();
    for (const socket of sockets) socket.destroy();
    listener.close();
    network.close();
  }
});
