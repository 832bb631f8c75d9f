// ReplyWriter alone, on a socket that takes nothing: what gathers for a client that does not read stays within bounds, also
// when all of it comes within one turn.

import { describe, expect, test } from 'vitest';
import { CounterSet } from '../../../src/actor/counters/counters.js';
import { createCountersBuffer } from '../../../src/actor/counters/counters-layout.js';
import type { ClientSocket } from '../../../src/net/client-socket.js';
import { ReplyWriter } from '../../../src/net/reply-writer.js';
import { ServerCnxn } from '../../../src/net/server-cnxn.js';
import { ShardConnections } from '../../../src/net/shard-connections.js';
import { ShardCounters } from '../../../src/net/shard-counters.js';
import { EventType } from '../../../src/protocol/watch-event.js';

const MB = 1 << 20;

class DeafSocket implements ClientSocket {
  readonly remoteAddress = '127.0.0.1';
  readonly remotePort = 40000;
  readonly isEncrypted = false;
  readonly peerIdentities = [];
  queuedBytes = 0;
  destroyed = false;

  write(_bytes: Uint8Array, length: number): boolean {
    this.queuedBytes += length;
    return false;
  }

  pause(): void {}
  resume(): void {}
  end(): void {}

  destroy(): void {
    this.destroyed = true;
  }
}

function writer(): { replies: ReplyWriter; socket: DeafSocket; cnxn: ServerCnxn } {
  const counters = new ShardCounters(new CounterSet(createCountersBuffer()));
  const replies = new ReplyWriter(new ShardConnections(), counters, {
    nowMs: () => 0,
    requestTurn: () => {},
    onResponse: () => {},
    onClosing: () => {},
  });
  const socket = new DeafSocket();
  return { replies, socket, cnxn: new ServerCnxn(1, socket, 0) };
}

describe('events of one turn for a client that does not read', () => {
  const path = new Uint8Array(100_000);

  test('go to the socket bit by bit', () => {
    const { replies, socket, cnxn } = writer();
    for (let i = 0; i < 100; i++) replies.event(cnxn, EventType.NodeCreated, 0, i, path, 0, path.length);
    expect(socket.queuedBytes).toBeGreaterThan(8 * MB);
    expect(cnxn.out?.length).toBeLessThan(2 * MB);
    replies.flushAll();
    expect(socket.queuedBytes).toBe(100 * (path.length + 32));
    expect(socket.destroyed).toBe(false);
  });

  test('end its connection before they are too many', () => {
    const { replies, socket, cnxn } = writer();
    for (let i = 0; i < 1000; i++) replies.event(cnxn, EventType.NodeCreated, 0, i, path, 0, path.length);
    replies.flushAll();
    expect(socket.destroyed).toBe(true);
    expect(socket.queuedBytes).toBeLessThan(35 * MB);
  });
});
