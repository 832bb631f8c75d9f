// Members of ensembles that live in one process: what is each server's own.

import { expect, test } from 'vitest';
import type { ActorContext } from '../../../src/actor/actor.js';
import { silentLogger } from '../../../src/actor/logger.js';
import { networkOf } from '../../../src/server/member-factory.js';
import type { QuorumPeerConfig } from '../../../src/server/quorum-peer-config.js';
import type { ServerConfig } from '../../../src/server/server-config.js';

function member(): [ServerConfig, QuorumPeerConfig] {
  const peer = {
    tcpKeepAlive: false,
    leaderNoDelay: true,
    followerNoDelay: true,
    membersText: 'server.1=127.0.0.1:2888:3888:participant\nversion=0\n',
    lastSeenText: null,
  } as unknown as QuorumPeerConfig;
  const peerSecurity = { tlsLoaded: null, refusesForeign: false };
  return [{ peerSecurity, quorumPeer: peer } as unknown as ServerConfig, peer];
}

test('actors of one server share its network, with its keys and its members; another server has its own', () => {
  const context = { log: silentLogger } as unknown as ActorContext;
  const [a, b] = [member(), member()];
  expect(networkOf(context, ...a)).toBe(networkOf(context, ...a));
  expect(networkOf(context, ...b)).not.toBe(networkOf(context, ...a));
});
