// Which sockets of a member ask for TCP_NODELAY, on real connections.

import { Socket } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { silentLogger } from '../../../src/actor/logger.js';
import { DelayingNetwork } from '../../../src/peer/delaying-network.js';
import { NodePeerNetwork } from '../../../src/peer/node-peer-network.js';
import { connecting, firstOf, listening } from './loopback.js';

afterEach(() => {
  vi.restoreAllMocks();
});

test.each([
  { leader: true, follower: true, asked: ['accepted', 'made'] },
  { leader: true, follower: false, asked: ['accepted'] },
  { leader: false, follower: true, asked: ['made'] },
  { leader: false, follower: false, asked: [] },
])('leader.nodelay $leader, follower.nodelay $follower: $asked', async ({ leader, follower, asked }) => {
  const inner = new NodePeerNetwork({ keepAlive: false, tls: null, refusesForeign: false }, silentLogger);
  const network = new DelayingNetwork(inner, leader, follower);
  const listener = await listening(network);
  const seen: string[] = [];
  vi.spyOn(Socket.prototype, 'setNoDelay').mockImplementation(function (this: Socket, noDelay = false) {
    expect(noDelay).toBe(true);
    seen.push(this.localPort === listener.port ? 'accepted' : 'made');
    return this;
  });
  const caller = await connecting(network, listener.port).opened();
  const called = await firstOf(listener.accepted);
  expect(seen.sort()).toEqual(asked);
  caller.send('all the same');
  await called.has('all the same');
  await listener.close();
  called.socket?.destroy();
  network.close();
});
