import { describe, expect, it } from 'vitest';
import { PeerState } from '../../../src/election/vote.js';
import { ElectionSimulation, type SimulationOptions } from './election-simulation.js';

const FAST: SimulationOptions = { latencyMsMax: 5, connectMsMax: 5 };
const SLOW: SimulationOptions = { latencyMsMax: 40, connectMsMax: 40 };

const ENSEMBLES = ['1 2 3', '1 2 3 4 5', '1 2 3 4 5 6:observer 7:observer', '3:observer 5 7 9 11'] as const;

function seeds(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}

/** Every second seed has servers that behave as the reference does among them. */
function simulationOf(members: string, seed: number, options: SimulationOptions): ElectionSimulation {
  const references =
    seed % 2 === 0
      ? []
      : members
          .split(' ')
          .map((word) => Number.parseInt(word, 10))
          .slice(seed % 3);
  const simulation = new ElectionSimulation(members, seed, { ...options, references });
  for (const server of simulation.servers) {
    server.currentEpoch = simulation.prng.below(3);
    server.zxidHi = server.currentEpoch;
    server.zxidLo = simulation.prng.below(4);
  }
  return simulation;
}

describe.each(ENSEMBLES)('servers %s', (members) => {
  it('that start together elect the best of them', () => {
    for (const seed of seeds(30)) {
      const simulation = simulationOf(members, seed, seed % 3 === 0 ? SLOW : FAST);
      const { best } = simulation;
      for (const server of simulation.servers) {
        server.start();
        simulation.run(simulation.prng.below(15));
      }
      simulation.runUntil(() => simulation.isSettled, 3000);
      expect(simulation.servers.find((server) => server.state === PeerState.leading)?.sid, `seed ${seed}`).toBe(
        best.sid,
      );
    }
  });

  it('have another leader when theirs is killed, the best of the others, at once if all are ours', () => {
    for (const seed of seeds(30)) {
      const simulation = simulationOf(members, seed, FAST);
      for (const server of simulation.servers) server.start();
      simulation.runUntil(() => simulation.isSettled, 3000);
      simulation.run(300);
      const leader = simulation.servers.find((server) => server.state === PeerState.leading);
      expect(leader, `seed ${seed}`).toBeDefined();
      simulation.kill(leader?.sid ?? 0);
      const { best } = simulation;
      const ms = simulation.runUntil(() => simulation.isSettled, 3000);
      expect(best.state, `seed ${seed}`).toBe(PeerState.leading);
      if (seed % 2 === 0) expect(ms, `seed ${seed}`).toBeLessThan(100);
    }
  });

  it('take one back that was killed, and nobody else notices', () => {
    for (const seed of seeds(20)) {
      const simulation = simulationOf(members, seed, seed % 3 === 0 ? SLOW : FAST);
      for (const server of simulation.servers) server.start();
      simulation.runUntil(() => simulation.isSettled, 3000);
      const leader = simulation.servers.find((server) => server.state === PeerState.leading);
      const others = simulation.servers.filter((server) => server !== leader);
      const { sid } = others[simulation.prng.below(others.length)];
      simulation.kill(sid);
      simulation.run(simulation.prng.below(400));
      expect(leader?.state, `seed ${seed}`).toBe(PeerState.leading);
      // It may have the longest history of all: it follows all the same (ZOOKEEPER-975, -1154).
      if (seed % 2 === 0) simulation.server(sid).zxidLo = 1000;
      const decisions = simulation.decisions;
      simulation.server(sid).start();
      simulation.runUntil(() => simulation.isSettled, 3000);
      expect(simulation.decisions, `seed ${seed}`).toBe(decisions + 1);
    }
  });

  it('agree again after whatever has happened to them', () => {
    for (const seed of seeds(10)) {
      const simulation = simulationOf(members, seed, seed % 3 === 0 ? SLOW : FAST);
      const { prng, servers } = simulation;
      for (const server of servers) if (prng.below(4) > 0) server.start();
      for (let fault = 0; fault < 40; fault++) {
        const a = servers[prng.below(servers.length)];
        const b = servers[prng.below(servers.length)];
        const kind = prng.below(7);
        if (kind === 0 && a.isUp) simulation.kill(a.sid);
        else if (kind <= 2 && !a.isUp) a.start();
        else if (kind === 3 && a !== b) simulation.cut(a.sid, b.sid);
        else if (kind === 4 && a !== b) simulation.breakLink(a.sid, b.sid);
        // Behind a connection that is dead and says nothing a reference stays for good.
        else if (kind === 5 && a !== b && !a.isReference && !b.isReference) simulation.swallow(a.sid, b.sid);
        else if (kind === 6) simulation.healAll();
        simulation.run(prng.below(prng.below(10) === 0 ? 4000 : 150));
      }
      simulation.healAll();
      for (const server of servers) if (!server.isUp) server.start();
      const ms = simulation.runUntil(() => simulation.isSettled, 20_000);
      expect(ms, `seed ${seed}`).toBeLessThan(8000);
    }
  });
});

describe('who leads', () => {
  it('was voted for by a quorum, and by nobody who knew more', () => {
    for (const seed of seeds(30)) {
      const simulation = simulationOf('1 2 3 4 5', seed, SLOW);
      const { prng, servers, members } = simulation;
      let leaders = 0;
      simulation.onDecided = (server, vote) => {
        expect(members.containsQuorum(new Set(server.supporters)), `seed ${seed}`).toBe(true);
        if (server.state !== PeerState.leading) return;
        leaders++;
        for (const sid of server.supporters) {
          const supporter = simulation.server(sid);
          // Who has taken part in another leadership since knows more of that, and will say so.
          if (supporter.isEstablished || supporter.currentEpoch > vote.peerEpoch) continue;
          const order = (supporter.zxidHi - vote.zxidHi) * 1000 + supporter.zxidLo - vote.zxidLo;
          if (supporter.currentEpoch === vote.peerEpoch) expect(order, `seed ${seed}`).toBeLessThanOrEqual(0);
        }
      };
      for (const server of servers) server.start();
      for (let fault = 0; fault < 20; fault++) {
        const server = servers[prng.below(servers.length)];
        if (server.isUp) simulation.kill(server.sid);
        else server.start();
        simulation.run(prng.below(600));
      }
      expect(leaders).toBeGreaterThan(0);
    }
  });
});
