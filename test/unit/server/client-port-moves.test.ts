// The port for clients of a running member moves with a reconfiguration: what the shards are asked, and what becomes of it. No
// socket: the answers of shard 0 are given by hand.

import { beforeEach, expect, test } from 'vitest';
import { silentLogger } from '../../../src/actor/logger.js';
import { ClientPortMoves, type MovingPort } from '../../../src/server/client-port-moves.js';

let config: MovingPort;
let asked: unknown[];
let said: string[];
let moves: ClientPortMoves;

beforeEach(() => {
  config = { clientPort: 2181, clientPortAddress: null };
  asked = [];
  said = [];
  const say = (message: string): void => void said.push(message);
  const ask = async (actor: string, request: unknown): Promise<null> => {
    asked.push([actor, request]);
    return null;
  };
  moves = new ClientPortMoves(config, ask, { ...silentLogger, info: say, warn: say, error: say });
});

const toPort = (port: number) => ['connections.0', { kind: 'move-port', index: 0, host: 'h', port }];

test('the first shard opens it; the configuration names it when it listens', async () => {
  await moves.move('h', 2182);
  expect([asked, config.clientPort]).toEqual([[toPort(2182)], 2181]);
  expect(moves.tookPlace(0, 2182)).toBe(true);
  expect(config).toEqual({ clientPort: 2182, clientPortAddress: 'h' });
  expect(said).toEqual(['binding to port h:2182']);
  await moves.move('h', 2182);
  expect(asked.length).toBe(1);
});

test('of those wanted while one is on its way the last one follows', async () => {
  await moves.move('h', 2182);
  await moves.move('h', 2183);
  await moves.move('h', 2184);
  expect(asked).toEqual([toPort(2182)]);
  moves.tookPlace(0, 2182);
  expect(asked).toEqual([toPort(2182), toPort(2184)]);
});

test('one that cannot be had is told once, and the old one stays', async () => {
  await moves.move('h', 2182);
  expect(moves.tryFail(0, new Error('EADDRINUSE'))).toBe(true);
  expect(config).toEqual({ clientPort: 2181, clientPortAddress: null });
  expect(said).toEqual([
    'Error reconfiguring client port to h:2182: clients are still heard on 2181. Free the port, or reconfigure once more',
  ]);
  expect(moves.tryFail(0, new Error('of a start'))).toBe(false);
});

test('what a start opens, and the secure port, are no moves', async () => {
  expect(moves.tookPlace(0, 2181)).toBe(false);
  await moves.move('h', 2182);
  expect([moves.tookPlace(1, 2281), moves.tryFail(1, new Error())]).toEqual([false, false]);
});

test('another host with the same number waits for the next start, and so does who has no such port', async () => {
  await moves.move('h', 2181);
  config.clientPort = null;
  await moves.move('h', 2182);
  expect([asked, said]).toEqual([
    [],
    ['Clients are heard on h:2181 from the next start on', 'Clients are heard on h:2182 from the next start on'],
  ]);
});

test('a first shard made anew on the way comes back to the old port, and that is no move', async () => {
  await moves.move('h', 2182);
  expect(moves.tookPlace(0, 2181)).toBe(false);
  expect(config).toEqual({ clientPort: 2181, clientPortAddress: null });
  await moves.move('h', 2183);
  expect(asked).toEqual([toPort(2182), toPort(2183)]);
});

test('a server that stops asks for no port any more, and what fails then is told to nobody', async () => {
  let fail = (_error: Error): void => {};
  const asking = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  const ask = (actor: string, request: unknown): Promise<never> => {
    asked.push([actor, request]);
    return asking;
  };
  const say = (message: string): void => void said.push(message);
  moves = new ClientPortMoves(config, ask, { ...silentLogger, info: say, warn: say, error: say });
  const moved = moves.move('h', 2182);
  await moves.move('h', 2183);
  moves.close();
  fail(new Error('the thread has ended'));
  await moved;
  await moves.move('h', 2184);
  expect([asked, said]).toEqual([[toPort(2182)], []]);
});

test('a shard that did it, and did not live to say so, has done it', async () => {
  let fail = (_error: Error): void => {};
  const asking = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  moves = new ClientPortMoves(config, () => asking, silentLogger);
  const moved = moves.move('h', 2182);
  expect(moves.tookPlace(0, 2182)).toBe(true);
  fail(new Error('the thread has ended'));
  await moved;
  expect(config.clientPort).toBe(2182);
});
