// A client's own strings sent back to it are what the server has read, not the bytes that came: what is not UTF-8 in them
// is U+FFFD (client-protocol 1.1). Only sync and setWatches give back a path that no node has.

import { describe, expect, test } from 'vitest';
import { JuteWriter } from '../../../src/jute/jute-writer.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { InlineServer } from '../../testing/inline-server.js';

/** Frame length, ReplyHeader, type and state. */
const EVENT_HEAD_BYTES = 4 + 16 + 8;

const CASES: readonly (readonly [string, number[], string])[] = [
  ['ASCII', [0x2f, 0x61], '/a'],
  ['two bytes', [0x2f, 0xc3, 0xbc], '/ü'],
  ['a byte that begins nothing', [0x2f, 0xff, 0x61], '/\ufffda'],
  ['a sequence cut short', [0x2f, 0xe4, 0xb8], '/\ufffd'],
  ['nothing', [], ''],
];

describe.each(CASES)('%s', (_what, bytes, text) => {
  test('in sync', () => {
    const server = InlineServer.start();
    const client = server.connect();
    client.request(OpCode.sync, (w) => w.writeBuffer(Uint8Array.from(bytes)));
    server.run();
    const w = new JuteWriter();
    w.writeUstring(text);
    expect(client.takeReply().body).toEqual(w.toBytes());
  });

  test('in the events of setWatches', () => {
    const server = InlineServer.start();
    const client = server.connect();
    client.request(OpCode.setWatches, (w) => {
      w.writeLong(0n);
      w.writeInt(1);
      w.writeBuffer(Uint8Array.from([...bytes, 0x78]));
      w.writeInt(0);
      w.writeInt(0);
    });
    server.run();
    // The bytes themselves: whoever decodes them sees U+FFFD either way.
    const received = client.connection.takeReceived();
    const path = new JuteWriter();
    path.writeUstring(`${text}x`);
    const end = EVENT_HEAD_BYTES + path.length;
    expect(received.slice(EVENT_HEAD_BYTES, end)).toEqual(path.toBytes());
  });
});

test('a watch on what is no UTF-8 is found again, whether or not its request came behind a write', () => {
  const server = InlineServer.start();
  const client = server.connect();
  const watchRequest = (op: number, last: number): void => {
    client.request(op, (w) => {
      w.writeBuffer(Uint8Array.of(0x2f, 0xc3));
      w.writeInt(last);
    });
  };
  client.delete('/nope');
  watchRequest(OpCode.addWatch, 1);
  server.run();
  client.take();
  watchRequest(OpCode.removeWatches, 3);
  expect(server.reply(client).err).toBe(0);
});
