// What a learner forwards for its own clients, and what comes back: everything it does, in order, for a script of what prep and the
// leader say.

import { describe, expect, test } from 'vitest';
import { InternalOp, RecordType, WORD_SESSION_LO, WORD_XID } from '../../../src/processor/pipeline-records.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { PacketType } from '../../../src/zab/quorum-packet.js';
import { fromHex, toHex } from './hex.js';
import { commit, LearnerWorld, proposal } from './learner-fixture.js';

describe('requests of its own clients', () => {
  const IDS = fromHex('00000001 00000002 6970 00000009 3132372e302e302e31');

  function following(): LearnerWorld {
    const world = new LearnerWorld();
    world.follow();
    world.take();
    world.writes.length = 0;
    return world;
  }

  test('go to the leader as they are; their place is taken before', () => {
    const world = following();
    const session: [number, number] = [0x01000012, 0x17950000];
    const body = fromHex(
      '00000002 2f61 00000005 68656c6c6f 00000001 0000001f 00000005 776f726c64 00000006 616e796f6e65 00000000',
    );
    world.fromPrep(RecordType.request, { op: OpCode.createSession, session, ids: IDS, body: fromHex('00001f40') });
    world.fromPrep(RecordType.request, { op: OpCode.create, xid: 1, session, ids: IDS, body });
    world.fromPrep(RecordType.request, { op: OpCode.closeSession, xid: 2, session, ids: IDS });
    expect(world.take()).toEqual([
      'awaiting op -10 xid 0',
      'awaiting op 1 xid 1',
      'awaiting op -11 xid 2',
      '> REQUEST -1:-1 [010000121795000000000000fffffff600001f40]',
      `> REQUEST -1:-1 [01000012179500000000000100000001${toHex(body)}] ids ${toHex(IDS)}`,
      `> REQUEST -1:-1 [010000121795000000000002fffffff5] ids ${toHex(IDS)}`,
    ]);
    expect(world.writes).toEqual([3]);
  });

  test('a sync is answered behind what was committed before', () => {
    const world = following();
    world.fromPrep(RecordType.request, { op: OpCode.sync, xid: 3, body: fromHex('00000002 2f61') });
    expect(world.take()).toEqual([
      'awaiting op 9 xid 3',
      '> REQUEST -1:-1 [00000000000000000000000300000009000000022f61]',
    ]);
    world.packets(proposal([1, 1]), commit([1, 1]), [PacketType.sync, [0, 0]], proposal([1, 2]), commit([1, 2]));
    expect(world.take()).toEqual(['log 1:1', 'committed 1:1', 'synced', 'log 1:2', 'committed 1:2']);
  });

  test('what only keeps its place goes to the commit stage', () => {
    const world = following();
    world.fromPrep(RecordType.pass, { op: OpCode.getData, xid: 4 });
    world.fromPrep(RecordType.echo, { op: 0, xid: 5 });
    expect(world.take()).toEqual(['local pass op 4 error 0', 'local echo op 0 error 0']);
  });

  test('re-opened sessions wait for the word of the leader, by their ids', () => {
    const world = following();
    for (const lo of [1, 2, 3]) {
      world.fromPrep(RecordType.request, {
        op: InternalOp.reopenSession,
        session: [0x01000012, lo],
        ids: IDS,
        body: fromHex('00001f40'),
      });
    }
    expect(world.take()).toEqual([1, 2, 3].map((lo) => `> REVALIDATE -1:-1 [010000120000000${lo}00001f40]`));
    const reply = (lo: number, isValid: number): [number, [number, number], Uint8Array] => [
      PacketType.revalidate,
      [-1, -1],
      Uint8Array.of(1, 0, 0, 0x12, 0, 0, 0, lo, isValid),
    ];
    world.packets(reply(2, 1), reply(1, 0), reply(9, 1), reply(3, 1));
    expect(world.take()).toEqual(
      [0, -112, 0].map((error) => `local pass op ${InternalOp.reopenSession} error ${error}`),
    );
    expect(world.locals.map(({ words }) => words[WORD_SESSION_LO])).toEqual([2, 1, 3]);
    expect(toHex(world.locals[0].bytes.subarray(64, 64 + IDS.length + 4))).toBe(`${toHex(IDS)}00001f40`);
  });

  test("the same session twice: the first word is the first one's", () => {
    const world = following();
    for (const xid of [1, 2]) {
      world.fromPrep(RecordType.request, {
        op: InternalOp.reopenSession,
        xid,
        session: [0, 5],
        body: fromHex('00001f40'),
      });
    }
    const reply = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 5, 1);
    world.packets([PacketType.revalidate, [-1, -1], reply], [PacketType.revalidate, [-1, -1], reply]);
    expect(world.locals.map(({ words }) => words[WORD_XID])).toEqual([1, 2]);
  });

  test('a REVALIDATE that is cut ends the role', () => {
    const world = following();
    world.packets([PacketType.revalidate, [-1, -1], new Uint8Array(8)]);
    expect(world.take()).toEqual(['over: The leader sent a REVALIDATE of 8 bytes']);
  });
});
