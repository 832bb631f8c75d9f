// Trees of odd shapes: so deep that whatever goes down by calling itself runs out of stack, and so wide that a list of children is
// longer than a frame may be.

import { expect, test } from 'vitest';
import { OpCode } from '../../../src/protocol/op-code.js';
import { encodePathRequest } from '../../../src/protocol/requests.js';
import { childrenOf } from '../../testing/inline/reply-bodies.js';
import type { WireClient } from '../../testing/inline/wire-client.js';
import { InlineServer } from '../../testing/inline-server.js';
import { addWatch, RECURSIVE } from '../watch/watch-calls.js';

const LEVELS = 1000;
/** So many calls of `descend` fit into the stack that is left: enough for any work, not for a call per level. */
const CALLS_LEFT = 500;
const FRAME_BYTES_MAX = 1_048_575;

function descend(calls: number, work: () => void): number {
  if (calls === 0) {
    work();
    return 0;
  }
  return descend(calls - 1, work) + 1;
}

function withLittleStack(work: () => void): void {
  let fits = 1000;
  try {
    for (; ; fits += 250) descend(fits, () => {});
  } catch (error) {
    expect(error).toBeInstanceOf(RangeError);
  }
  descend(fits - 250 - CALLS_LEFT, work);
}

function allDone(server: InlineServer, client: WireClient): string[] {
  server.run();
  return client.takeText().filter((text) => !/ Ok @|^event /.test(text));
}

test('a node 1000 levels down is made, watched, counted, kept over a restart and removed, by no call per level', () => {
  const server = InlineServer.start();
  withLittleStack(() => {
    let client = server.connect();
    addWatch(client, '/', RECURSIVE);
    let path = '';
    for (let level = 0; level < LEVELS; level++) {
      path += '/d';
      client.create(path);
    }
    client.setData(path, 'x');
    client.request(OpCode.getAllChildrenNumber, (w) => encodePathRequest(w, { path: '/d' }));
    expect(allDone(server, client)).toEqual([]);
    server.stop();
    server.restart();
    client = server.connect();
    for (; path !== ''; path = path.slice(0, -2)) client.delete(path);
    expect(allDone(server, client)).toEqual([]);
  });
});

test('a list of children that is longer than any request may be is told whole, and its node can go', () => {
  const server = InlineServer.start();
  const client = server.connect();
  const longName = 'n'.repeat(30_000);
  client.create('/wide');
  for (let i = 0; i < 40; i++) client.create(`/wide/${longName}${i}`);
  expect(allDone(server, client)).toEqual([]);
  client.getChildren('/wide');
  const reply = server.reply(client);
  expect(reply.body.length).toBeGreaterThan(FRAME_BYTES_MAX);
  for (const name of childrenOf(reply)) client.delete(`/wide/${name}`);
  client.delete('/wide');
  expect(allDone(server, client)).toEqual([]);
});

test('a multi of sixteen times as many parts takes no square of that as long', () => {
  const server = InlineServer.start();
  const client = server.connect();
  const timeOf = (count: number): number => {
    const parts = Array.from({ length: count }, () => ({
      type: OpCode.setData,
      request: { path: '/', data: new Uint8Array(1), version: -1 },
    }));
    const begunMs = performance.now();
    client.multi(parts as Parameters<WireClient['multi']>[0]);
    expect(server.reply(client).err).toBe(0);
    return performance.now() - begunMs;
  };
  const leastOf = (count: number): number => Math.min(timeOf(count), timeOf(count), timeOf(count));
  // The square is 256.
  expect(leastOf(8000) / leastOf(500)).toBeLessThan(64);
});
