import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/actor/logger.js';
import { threadByActor } from '../../../src/actor/placement.js';
import { resolveLinks } from '../../../src/actor/topology.js';
import { ensemblePlacement, ensembleTopology } from '../../../src/server/ensemble-topology.js';
import { loadServerConfig, type ServerConfig } from '../../../src/server/server-config.js';

function config(placement: ServerConfig['placement'], connectionShards: number): ServerConfig {
  const defaults = loadServerConfig({ argv: ['2181', '/data'], env: {}, coreCount: 2, log: silentLogger });
  return { ...defaults, placement, connectionShards };
}

describe.each(['inline', 'compact', 'pipeline', 'staged'] as const)('a member, %s', (name) => {
  const shardCount = 2;
  const topology = ensembleTopology(config(name, shardCount), false);
  const placement = ensemblePlacement(name, shardCount);

  it('every actor has one thread; those with sockets one with an event loop', () => {
    const threads = threadByActor(topology, placement);
    const kindOf = new Map(placement.threads.map((thread) => [thread.name, thread.kind]));
    for (const actor of ['quorum-peer', 'election', 'connections.0', 'connections.1']) {
      expect(kindOf.get(threads.get(actor) ?? ''), actor).toBe('event-loop');
    }
    expect(threads.get('election')).toBe(threads.get('quorum-peer'));
    expect(threads.get('commit')).toBe(threads.get('final'));
    expect(threads.get('sync') === threads.get('final')).toBe(name === 'inline');
  });

  it('the line of all writes goes through the quorum peer and the commit stage', () => {
    const links = resolveLinks(topology);
    const behind = (actor: string, outbox: string) => {
      const link = links.find((candidate) => candidate.from === actor && candidate.outbox === outbox);
      return link === undefined ? 'nowhere' : `${link.to}.${link.inbox}`;
    };
    expect(behind('connections.0', 'prep')).toBe('prep.connections.0');
    expect(behind('prep', 'sync')).toBe('quorum-peer.prep');
    expect(behind('quorum-peer', 'sync')).toBe('sync.prep');
    expect(behind('sync', 'final')).toBe('commit.sync');
    expect(behind('commit', 'final')).toBe('final.sync');
    expect(behind('final', 'connections.1')).toBe('connections.1.final');
  });
});
