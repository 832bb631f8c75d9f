// Which sessions a PING reply lists: those whose touch is another than the one that was told last.

import { describe, expect, test } from 'vitest';
import { SessionTable } from '../../../src/session/session-table.js';
import { PacketBuffer } from '../../../src/zab/packet-buffer.js';
import { PacketType } from '../../../src/zab/quorum-packet.js';
import { SessionTouches } from '../../../src/zab/session-touches.js';
import { toHex } from './hex.js';

function tableOf(count: number): SessionTable {
  const table = new SessionTable(new SharedArrayBuffer(SessionTable.byteLengthFor(200)));
  for (let slot = 0; slot < count; slot++) table.open(slot, 1, slot, 4000, 0);
  return table;
}

/** Low words of the sessions that the next reply has. */
function reply(touches: SessionTouches): number[] {
  const out = new PacketBuffer();
  out.begin(PacketType.ping, 0, 0);
  touches.appendTo(out);
  out.end();
  const view = new DataView(out.bytes.buffer, 16, out.length - 20);
  return Array.from({ length: view.byteLength / 12 }, (_, i) => view.getInt32(i * 12 + 4));
}

describe('touched sessions', () => {
  test('an entry is the session and its timeout', () => {
    const table = tableOf(1);
    table.touch(0, 5);
    const touches = new SessionTouches(table);
    const out = new PacketBuffer();
    out.begin(PacketType.ping, 1, 2);
    touches.appendTo(out);
    out.end();
    expect(toHex(out.bytes.subarray(0, out.length))).toBe(
      '0000000500000001000000020000000c000000010000000000000fa0ffffffff',
    );
  });

  test('each is told once per touch, in whatever moment of a PING it comes', () => {
    const table = tableOf(3);
    const touches = new SessionTouches(table);
    touches.reset();
    expect(reply(touches)).toEqual([]);
    table.touch(1, 10);
    expect(reply(touches)).toEqual([1]);
    expect(reply(touches)).toEqual([]);
    // A shard's clock may stand behind: older than what other sessions had when they were told.
    table.touch(2, 7);
    table.touch(1, 20);
    expect(reply(touches)).toEqual([1, 2]);
  });

  test('sessions that are opened later are told; closing and free ones are not', () => {
    const table = tableOf(100);
    const touches = new SessionTouches(table);
    touches.reset();
    table.open(100, 1, 100, 4000, 30);
    table.touch(5, 31);
    table.startClosing(5, 1, 9);
    table.touch(6, 31);
    table.startClosing(6, 1, 10);
    table.release(6);
    expect(reply(touches)).toEqual([100]);
  });

  test('what does not fit comes first the next time, and nobody is left out', () => {
    const table = tableOf(10);
    const touches = new SessionTouches(table, 4);
    touches.reset();
    for (let slot = 0; slot < 10; slot++) table.touch(slot, 50);
    expect(reply(touches)).toEqual([0, 1, 2, 3]);
    table.touch(0, 60);
    expect(reply(touches)).toEqual([4, 5, 6, 7]);
    expect(reply(touches)).toEqual([8, 9, 0]);
    expect(reply(touches)).toEqual([]);
  });
});
