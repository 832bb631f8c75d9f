import { describe, expect, it } from 'vitest';
import { sendConfigs } from '../../../src/election/election-records.js';
import { ELECTION_PORT, ElectionWorld, membersText } from './election-world.js';

describe('an ensemble', () => {
  it('elects the largest id among equals, as soon as all have voted', () => {
    const world = new ElectionWorld('1 2 3');
    for (const sid of [1, 2, 3]) world.start(sid);
    for (const sid of [1, 2, 3]) world.server(sid).look();
    const ms = world.runUntil(() => world.decisions.every((decision) => decision !== 'LOOKING'));
    expect(world.decisions).toEqual(['FOLLOWING 3', 'FOLLOWING 3', 'LEADING']);
    expect(ms).toBeLessThan(60);
  });

  it('waits 200 ms for a server that has not been seen yet', () => {
    const world = new ElectionWorld('1 2 3');
    for (const sid of [1, 2]) world.start(sid).look();
    const ms = world.runUntil(() => world.decisions.every((decision) => decision !== 'LOOKING'));
    expect(world.decisions).toEqual(['FOLLOWING 2', 'LEADING']);
    expect(ms).toBeGreaterThanOrEqual(200);
    expect(ms).toBeLessThan(260);
  });

  it('has a leader at once when the old one was killed', () => {
    const world = new ElectionWorld('1 2 3');
    for (const sid of [1, 2, 3]) world.start(sid).look();
    world.run(400);
    expect(world.decisions).toEqual(['FOLLOWING 3', 'FOLLOWING 3', 'LEADING']);
    world.kill(3);
    for (const sid of [1, 2]) world.server(sid).look(1, 7, 1);
    const ms = world.runUntil(() => world.decisions.every((decision) => decision !== 'LOOKING'));
    expect(world.decisions).toEqual(['FOLLOWING 2', 'LEADING']);
    expect(ms).toBeLessThan(20);
  });

  it('takes one back that was killed, at once', () => {
    const world = new ElectionWorld('1 2 3 4 5');
    for (const sid of [1, 2, 3, 4, 5]) world.start(sid).look();
    world.run(500);
    expect(world.decisions).toEqual(['FOLLOWING 5', 'FOLLOWING 5', 'FOLLOWING 5', 'FOLLOWING 5', 'LEADING']);
    for (const sid of [1, 4]) {
      world.kill(sid);
      world.run(50);
      world.start(sid).look(9, 9, 9);
      const ms = world.runUntil(() => world.server(sid).decision === 'FOLLOWING 5');
      expect(ms).toBeLessThan(50);
    }
    world.run(20);
    expect(world.server(5).votersLooking).toContain(4);
  });

  it('observers observe, and know it as soon as the voters do', () => {
    const world = new ElectionWorld('1 2 3 4:observer 5:observer');
    for (const sid of [1, 2, 3, 4, 5]) world.start(sid).look();
    const ms = world.runUntil(() => world.decisions.every((decision) => decision !== 'LOOKING'));
    expect(world.decisions).toEqual(['FOLLOWING 3', 'FOLLOWING 3', 'LEADING', 'OBSERVING 3', 'OBSERVING 3']);
    expect(ms).toBeLessThan(100);
    world.kill(3);
    for (const sid of [1, 2, 4, 5]) world.server(sid).look(1, 0, 1);
    expect(world.runUntil(() => world.decisions.every((decision) => decision !== 'LOOKING'))).toBeLessThan(50);
    expect(world.decisions).toEqual(['FOLLOWING 2', 'LEADING', 'OBSERVING 2', 'OBSERVING 2']);
  });

  it('ZOOKEEPER-1789: ids of observers that are larger or smaller than all others disturb nobody', () => {
    const world = new ElectionWorld('0:observer 1 2 3 1000000000000:observer');
    for (const sid of [0, 1_000_000_000_000, 1, 2, 3]) world.start(sid).look();
    world.runUntil(() => world.decisions.every((decision) => decision !== 'LOOKING'), 2000);
    expect(world.decisions).toEqual(['OBSERVING 3', 'FOLLOWING 3', 'FOLLOWING 3', 'LEADING', 'OBSERVING 3']);
  });

  it('ZOOKEEPER-2164, -3756: a server that does not answer delays nobody', () => {
    const world = new ElectionWorld('1 2 3 4 5');
    for (const sid of [1, 2, 4, 5]) world.network.host(`h${sid}`).powerOff();
    world.network.host('h3').dropsConnections = true;
    for (const sid of [1, 2, 4, 5]) {
      world.network.host(`h${sid}`).powerOn();
      world.start(sid).look();
    }
    const ms = world.runUntil(() => world.decisions.every((decision) => decision !== 'LOOKING'));
    expect(world.decisions).toEqual(['FOLLOWING 5', 'FOLLOWING 5', 'FOLLOWING 5', 'LEADING']);
    expect(ms).toBeLessThan(260);
  });

  it('whoever was cut off is back within seconds, however long it had waited', () => {
    const world = new ElectionWorld('1 2 3');
    world.network.partition([['h1'], ['h2', 'h3']]);
    for (const sid of [1, 2, 3]) world.start(sid).look();
    world.run(90_000);
    expect(world.decisions).toEqual(['LOOKING', 'FOLLOWING 3', 'LEADING']);
    world.network.healAll();
    expect(world.runUntil(() => world.server(1).decision === 'FOLLOWING 3')).toBeLessThan(3000);
  });

  it('does not need to be told that a connection leads nowhere', () => {
    const world = new ElectionWorld('1 2 3');
    for (const sid of [1, 2, 3]) world.start(sid).look();
    world.run(400);
    for (const connection of world.network.connections()) connection.isBlackHole = true;
    for (const sid of [1, 2, 3]) world.server(sid).look(1, 0, 1);
    const ms = world.runUntil(() => world.decisions.every((decision) => decision !== 'LOOKING'));
    expect(world.decisions).toEqual(['FOLLOWING 3', 'FOLLOWING 3', 'LEADING']);
    expect(ms).toBeLessThan(3000);
  });

  it('elects nobody without a quorum', () => {
    const world = new ElectionWorld('1 2 3 4 5:observer');
    for (const sid of [1, 2, 5]) world.start(sid).look();
    world.run(5000);
    expect(world.decisions).toEqual(['LOOKING', 'LOOKING', 'LOOKING']);
    world.start(3).look();
    world.runUntil(() => world.decisions.every((decision) => decision !== 'LOOKING'), 1000);
    expect(world.decisions).toEqual(['FOLLOWING 3', 'FOLLOWING 3', 'LEADING', 'OBSERVING 3']);
  });

  it('the answer to a question that came before the leader could be reached goes out when it can', () => {
    const world = new ElectionWorld('1 2 3 4:observer');
    for (const sid of [1, 2, 3, 4]) world.start(sid).announces = false;
    for (const sid of [1, 2, 3, 4]) world.server(sid).look();
    world.runUntil(() => world.server(3).decision === 'LEADING');
    world.run(100);
    // Nobody is hurried to a port that is not open yet.
    expect(world.server(1).decision).toBe('LOOKING');
    world.run(200);
    expect(world.server(1).decision).toBe('FOLLOWING 3');
  });
});

describe('on the wire', () => {
  it('two servers start as it is drawn: HELLO, votes, and nothing else before they agree', () => {
    const world = new ElectionWorld('1 2 3');
    const said: string[] = [];
    const hello = /^ffffffffffff0000000000000000000([0-9])0000000768([0-9a-f]{2})3a33303030$/;
    world.network.onWrite = (end, bytes, offset, length) => {
      const hex = Buffer.from(bytes.slice(offset, offset + length)).toString('hex');
      const greeting = hello.exec(hex);
      if (greeting !== null) said.push(`${end.host.name} HELLO ${greeting[1]}`);
      else
        said.push(`${end.host.name} state ${hex.slice(8, 16)} leader ${hex.slice(16, 32)} round ${hex.slice(48, 64)}`);
    };
    world.start(1).look();
    world.run(5);
    world.start(2).look();
    world.run(150);
    const vote = (from: number, leader: number) =>
      `h${from} state 00000000 leader 000000000000000${leader} round 0000000000000001`;
    expect(said).toEqual(['h2 HELLO 2', vote(2, 2), vote(1, 1), vote(1, 2), vote(2, 2)]);
  });

  it('rests when there is nothing to wait for', () => {
    const world = new ElectionWorld('1 2 3');
    for (const sid of [1, 2, 3]) world.start(sid).look();
    world.run(1);
    expect(world.server(1).tickMs).toBe(10);
    world.run(300);
    expect(world.server(1).tickMs).toBe(100);
    world.run(7);
    world.kill(3);
    for (const sid of [1, 2]) world.server(sid).look();
    world.runUntil(() => world.decisions.every((decision) => decision !== 'LOOKING'), 400);
  });
});

describe('the election port', () => {
  it('ZOOKEEPER-2836, -3320: is tried three times, a second apart, and then the server ends with 14', () => {
    const world = new ElectionWorld('1 2 3');
    world.network.host('h1').listen(
      'h1',
      3000,
      () => null,
      () => {},
      () => {},
    );
    const server = world.start(1);
    world.run(1950);
    expect(server.fatal).toEqual([]);
    world.run(200);
    expect(server.fatal).toEqual([
      'ElectionPortError: cannot listen for elections on h1:3000 after 3 attempts: listen EADDRINUSE: h1:3000',
    ]);
  });

  it('is bound when it is free again', () => {
    const world = new ElectionWorld('1 2 3');
    const listener = world.network.host('h1').listen(
      'h1',
      3000,
      () => null,
      () => {},
      () => {},
    );
    for (const sid of [1, 2]) world.start(sid).look();
    world.run(500);
    listener.close();
    world.runUntil(() => world.server(1).decision === 'FOLLOWING 2', 3000);
    expect(world.server(1).fatal).toEqual([]);
  });

  it('is announced where it is open, also by a removed server that is proposed to come back with another', () => {
    const members = membersText('2 3', '100000000');
    const world = new ElectionWorld('1 2 3', { reconfigEnabled: true });
    for (const sid of [2, 3]) world.start(sid, { configText: members }).look();
    world.runUntil(() => world.decisions.every((decision) => decision !== 'LOOKING'));
    const removed = world.start(1);
    const proposed = `server.1=h1:2000:${ELECTION_PORT + 1}:observer\n${membersText('2 3', '100000001')}`;
    removed.send((out) => sendConfigs(out, members, proposed, false));
    removed.look();
    expect(world.runUntil(() => removed.decision === 'FOLLOWING 3')).toBeLessThan(1000);
  });

  it('is tried for ever if so configured', () => {
    const world = new ElectionWorld('1 2 3', { bindRetries: 0 });
    world.network.host('h1').listen(
      'h1',
      3000,
      () => null,
      () => {},
      () => {},
    );
    const server = world.start(1);
    world.run(30_000);
    expect(server.fatal).toEqual([]);
    expect(server.logged.filter((line) => line.startsWith('Exception while listening to address'))).toHaveLength(30);
  });

  it('is one for all interfaces if so configured', () => {
    const world = new ElectionWorld('1 2', { listenOnAllIps: true });
    world.network.host('h1', ['elsewhere']);
    for (const sid of [1, 2]) world.start(sid).look();
    world.runUntil(() => world.server(1).decision === 'FOLLOWING 2');
    expect(world.server(1).logged).toContain('1 is accepting connections now, my election bind port: 0.0.0.0:3000');
  });
});
