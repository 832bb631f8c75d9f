// The line of a member of an ensemble, without an ensemble: production stages in every placement, and a quorum peer that says what
// the test says. Roles begin and end, a learner forwards to a leader, a database is cut back or sent; what clients are told and
// what is left of it all on tree, sessions, disk and counts.

import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { JuteWriter } from '../../../src/jute/jute-writer.js';
import { SnapStreamEncoder } from '../../../src/persistence/snap-stream-encoder.js';
import { ServerRole } from '../../../src/processor/pipeline-records.js';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import type { PlacementName } from '../../../src/server/placement-choice.js';
import { leaderAlone, MemberPair } from '../../testing/inline/member-pair.js';
import { ScriptedMember, type ScriptedMemberOptions } from '../../testing/inline/scripted-member.js';
import { Ending } from '../../testing/inline/sim-client-network.js';
import type { Reply, WireClient } from '../../testing/inline/wire-client.js';

type Options = Partial<ScriptedMemberOptions>;

function member(sid: number, options: Options = {}): ScriptedMember {
  return new ScriptedMember({ sid, prng: new Prng(sid), ...options });
}

function pairOf(options: Options = {}): MemberPair {
  const pair = new MemberPair(member(1, options), member(2, options));
  pair.begin(1);
  pair.run();
  return pair;
}

/** A session at this member of the pair. */
function connect(
  pair: MemberPair,
  at: ScriptedMember,
  options: Parameters<WireClient['handshake']>[0] = {},
): WireClient {
  const client = at.dial();
  client.handshake(options);
  pair.run();
  const [frame] = client.take();
  expect(frame).toMatchObject({ kind: 'connect', response: { timeOut: expect.any(Number) } });
  return client;
}

/** A log entry without a digest. */
function createEntry(path: string, epoch: number, counter: number, sessionId: bigint): Uint8Array {
  const w = new JuteWriter();
  w.writeLong(sessionId);
  w.writeInt(1);
  w.writeLong((BigInt(epoch) << 32n) | BigInt(counter));
  w.writeLong(1n);
  w.writeInt(OpCode.create);
  w.writeUstring(path);
  w.writeBuffer(new Uint8Array(0));
  w.writeInt(1);
  w.writeInt(31);
  w.writeUstring('world');
  w.writeUstring('anyone');
  w.writeBool(false);
  w.writeInt(1);
  return w.toBytes();
}

function replies(client: WireClient): Reply[] {
  return client.take().filter((frame) => frame.kind === 'reply');
}

const PLACEMENTS: readonly [PlacementName, number][] = [
  ['inline', 1],
  ['inline', 2],
  ['compact', 1],
  ['pipeline', 2],
  ['staged', 2],
];

describe.each(PLACEMENTS)('%s, %d shards', (placement, connectionShards) => {
  const options: Options = { placement, connectionShards };

  test('between roles clients are turned away, and words are asked all the same', () => {
    const own = member(1, options);
    expect(own.takeDone('loaded')).toMatchObject({ zxid: 0n, error: 0 });
    const client = own.dial();
    client.handshake();
    const words = own.dial();
    words.connection.send(new TextEncoder().encode('srvr'));
    own.run();
    expect(client.take()).toEqual([]);
    expect(client.connection.ending).not.toBe(Ending.open);
    expect(own.words).toHaveLength(1);
  });

  test('a leader and a learner answer their clients, each in order', () => {
    const pair = pairOf(options);
    const own = connect(pair, pair.leader);
    const other = connect(pair, pair.learner);
    expect([own.sessionId >> 56n, other.sessionId >> 56n]).toEqual([1n, 2n]);
    for (const [client, name] of [
      [own, 'a'],
      [other, 'b'],
    ] as const) {
      client.create(`/${name}`, { data: 'x' });
      client.getData(`/${name}`);
      client.setData(`/${name}`, 'y');
      client.getData(`/${name}`);
      client.sync(`/${name}`);
      client.getData('/nobody');
      client.delete(`/${name}`, 7);
    }
    pair.run();
    for (const client of [own, other]) {
      const answers = replies(client);
      expect(answers.map(({ err }) => err)).toEqual([0, 0, 0, 0, 0, ErrorCode.NoNode, ErrorCode.BadVersion]);
      expect(new TextDecoder().decode(answers[1]?.body.subarray(4, 5))).toBe('x');
      expect(new TextDecoder().decode(answers[3]?.body.subarray(4, 5))).toBe('y');
    }
    expect(pair.leader.zxid).toBe(pair.learner.zxid);
    expect(pair.leader.outstanding()).toEqual([0, 0]);
    expect(pair.learner.outstanding()).toEqual([0, 0]);
  });

  test('the end of a role gives back everything that was on its way, and tells nobody of it', () => {
    const pair = pairOf(options);
    const clients = [pair.leader, pair.learner].map((at) => connect(pair, at));
    // Nothing is committed from here on.
    pair.end();
    for (const client of clients) {
      client.create('/lost', { data: 'x'.repeat(2000) });
      client.getData('/lost');
      client.sync('/lost');
      client.request(OpCode.setWatches, new Uint8Array(20));
    }
    pair.leader.run();
    pair.learner.run();
    expect(pair.leader.endRole()).toBe((1n << 32n) | 3n);
    expect(pair.learner.endRole()).toBe((1n << 32n) | 2n);
    for (const [index, at] of [pair.leader, pair.learner].entries()) {
      expect(at.outstanding()).toEqual([0, 0]);
      expect(clients[index]?.take()).toEqual([]);
      expect(clients[index]?.connection.ending).toBe(Ending.fin);
    }
    // What the leader had logged counts in the next vote, so its tree has it.
    expect([pair.leader.has('/lost'), pair.learner.has('/lost')]).toEqual([true, false]);
  });

  test('a role that is over before it has begun leaves nothing behind', () => {
    const own = member(1, options);
    own.serve(ServerRole.leader, leaderAlone(own), 1);
    own.halt();
    own.run();
    own.takeDone('serve');
    own.takeDone('halt');
    own.settle();
    const client = own.dial();
    client.handshake();
    own.run();
    expect([client.take(), client.connection.ending]).toEqual([[], Ending.fin]);
    own.serve(ServerRole.leader, leaderAlone(own), 2);
    own.run();
    const again = own.dial();
    again.handshake();
    own.run();
    again.create('/a');
    own.run();
    expect(again.take()).toMatchObject([{ kind: 'connect' }, { kind: 'reply', err: 0, zxid: (2n << 32n) | 2n }]);
    // Too late for this one, too early for the end: lost, and so not answered.
    own.peer.script = null;
    again.create('/b');
    own.run();
    expect([again.take(), again.connection.ending]).toEqual([[], Ending.fin]);
  });

  test('a role that is over gives no answers, though its end cannot come through the line', () => {
    const pair = pairOf(options);
    const [reader, silent] = [connect(pair, pair.learner), connect(pair, pair.learner)];
    reader.getData('/');
    pair.run();
    expect(replies(reader)).toHaveLength(1);
    // What the quorum peer does first; its records wait for the disk.
    pair.learner.status.endRole();
    reader.getData('/');
    const late = pair.learner.dial();
    late.handshake();
    const words = pair.learner.dial();
    words.connection.send(new TextEncoder().encode('ruok'));
    pair.run();
    expect([reader, late].map((client) => [client.take(), client.connection.ending])).toEqual([
      [[], Ending.fin],
      [[], Ending.fin],
    ]);
    expect(pair.learner.words).toHaveLength(1);
    pair.learner.advance(1000);
    expect(silent.connection.ending).toBe(Ending.fin);
  });

  test('without a leader, readers who ask for it are served from what there is, and leave no trace', () => {
    const pair = pairOf(options);
    const known = connect(pair, pair.learner);
    known.create('/a', { data: 'x' });
    pair.run();
    pair.end();
    const own = pair.learner;
    const before = own.endRole();
    own.serve(ServerRole.readOnly, {
      onLine: (type, bytes, _words, offset, length) => own.port.passOn(type, bytes, offset, length),
      onDurable: () => expect.unreachable(),
    });
    own.run();
    const writer = own.dial();
    writer.handshake();
    const reader = connect(pair, own, { readOnly: true });
    expect(reader.sessionId >> 56n).toBe(2n);
    const global = own.dial();
    global.handshake({ readOnly: true, sessionId: known.sessionId, password: known.password });
    reader.getData('/a');
    reader.setData('/a', 'y');
    reader.sync('/a');
    reader.getData('/a');
    reader.request(OpCode.setWatches, new Uint8Array(20));
    own.run();
    expect([writer, global].map((client) => [client.take(), client.connection.ending])).toEqual([
      [[], Ending.fin],
      [[], Ending.fin],
    ]);
    const { NotReadOnly } = ErrorCode;
    const answers = replies(reader);
    expect(answers.map(({ err }) => err)).toEqual([0, NotReadOnly, NotReadOnly, 0, 0]);
    expect(answers[1]?.zxid).toBe(before);
    const again = connect(pair, own, { readOnly: true, sessionId: reader.sessionId, password: reader.password });
    expect(again.sessionId).toBe(reader.sessionId);
    own.run();
    expect(reader.connection.ending).toBe(Ending.fin);
    again.closeSession();
    connect(pair, own, { readOnly: true });
    own.run();
    expect([replies(again).map(({ err }) => err), again.connection.ending]).toEqual([[0], Ending.fin]);
    expect(own.sessions.openCount).toBe(2);
    expect(own.endRole()).toBe(before);
    expect([own.sessions.openCount, own.outstanding()]).toEqual([1, [0, 0]]);
  });

  test('a shard that dies within a role, or at its end, is not waited for', () => {
    const own = member(1, options);
    const serve = (epoch: number): WireClient => {
      own.serve(ServerRole.leader, leaderAlone(own), epoch);
      own.run();
      const client = own.dial({ shard: 0 });
      client.handshake();
      own.run();
      expect(client.take()).toMatchObject([{ kind: 'connect' }]);
      return client;
    };
    const within = serve(1);
    within.connection.failsNextWrite = true;
    within.create('/failure');
    own.run();
    expect(within.connection.ending).not.toBe(Ending.open);
    own.endRole();
    const atItsEnd = serve(2);
    atItsEnd.connection.failsNextWrite = true;
    own.endRole();
    const after = serve(3);
    after.create('/a');
    own.run();
    expect(replies(after).map(({ err }) => err)).toEqual([0]);
    own.endRole();
  });

  test('sessions outlive roles; what never was logged is no session', () => {
    const pair = pairOf(options);
    const kept = connect(pair, pair.leader);
    const other = connect(pair, pair.learner);
    pair.end();
    const closing = pair.leader.dial();
    closing.handshake();
    other.closeSession();
    pair.leader.run();
    pair.learner.run();
    // Decided by prep, and then the quorum peer takes nothing more.
    pair.leader.peer.script = null;
    kept.closeSession();
    pair.leader.run();
    pair.leader.endRole();
    pair.learner.endRole();
    // The leader has logged the opening of a third one; no close was.
    expect([pair.leader.sessions.openCount, pair.learner.sessions.openCount]).toEqual([3, 2]);
    // The other one leads now, and has never heard of that third session.
    const next = new MemberPair(pair.learner, pair.leader);
    next.leader.serve(ServerRole.leader, null, 2);
    next.leader.run();
    next.leader.endRole();
    const third = new MemberPair(pair.leader, pair.learner);
    third.begin(3);
    third.run();
    const again = connect(third, pair.leader, { sessionId: kept.sessionId, password: kept.password });
    expect(again.sessionId).toBe(kept.sessionId);
    const moved = connect(third, pair.leader, { sessionId: other.sessionId, password: other.password });
    expect(moved.sessionId).toBe(other.sessionId);
  });

  test('ZOOKEEPER-710: a session moves from server to server, and the old connection is closed by its next write', () => {
    const pair = pairOf(options);
    const first = connect(pair, pair.leader);
    first.create('/e', { flags: 1 });
    pair.run();
    first.take();
    const second = connect(pair, pair.learner, { sessionId: first.sessionId, password: first.password });
    expect(second.sessionId).toBe(first.sessionId);
    second.create('/f', { flags: 1 });
    pair.run();
    expect(replies(second).map(({ err }) => err)).toEqual([0]);
    first.setData('/e', 'late');
    pair.run();
    expect(first.take()).toEqual([]);
    expect(first.connection.ending).toBe(Ending.fin);
    // And back, to where it is still known.
    const third = connect(pair, pair.leader, { sessionId: first.sessionId, password: first.password });
    third.setData('/e', 'home');
    third.closeSession();
    pair.run();
    expect(replies(third).map(({ err }) => err)).toEqual([0, 0]);
    expect(second.connection.ending).toBe(Ending.fin);
    for (const at of [pair.leader, pair.learner]) {
      expect([at.has('/e'), at.has('/f'), at.sessions.openCount]).toEqual([false, false, 0]);
    }
    const nobody = connect(pair, pair.learner, { sessionId: first.sessionId, password: first.password });
    expect(nobody.sessionId).toBe(0n);
  });

  test('a multi of a session that has moved closes the old connection, and changes nothing', () => {
    const pair = pairOf(options);
    const first = connect(pair, pair.learner);
    const second = connect(pair, pair.leader, { sessionId: first.sessionId, password: first.password });
    expect(second.sessionId).toBe(first.sessionId);
    first.multi([{ type: OpCode.setData, request: { path: '/', data: new Uint8Array(1), version: -1 } }]);
    pair.run();
    expect(first.take()).toEqual([]);
    expect(first.connection.ending).toBe(Ending.fin);
    expect([pair.leader.dataOf('/'), pair.learner.dataOf('/')]).toEqual(['', '']);
    expect(second.connection.ending).toBe(Ending.open);
  });

  test('the leader alone expires sessions, by what learners have heard of them', () => {
    const pair = pairOf(options);
    const touched = connect(pair, pair.learner, { timeOutMs: 4000 });
    connect(pair, pair.learner, { timeOutMs: 4000 }).connection.reading = false;
    touched.create('/touched', { flags: 1 });
    pair.run();
    for (let ms = 0; ms < 12_000; ms += 1000) {
      touched.ping();
      pair.run();
      // Only the first session: what the second one's slot says has not changed.
      pair.ping((sessionId) => sessionId === touched.sessionId);
      pair.leader.advance(1000);
      pair.learner.advance(1000);
      pair.run();
    }
    expect(pair.learner.sessions.openCount).toBe(1);
    expect(pair.learner.has('/touched')).toBe(true);
  });

  test('empty containers go by the leader alone, and a leader that was one no more leaves them', () => {
    const pair = pairOf(options);
    const client = connect(pair, pair.learner);
    for (const path of ['/c', '/d']) {
      client.create(path, { op: OpCode.createContainer, flags: 4 });
      client.create(`${path}/x`);
    }
    client.delete('/c/x');
    pair.run();
    const check = pair.leader.config.containers.checkIntervalMs;
    for (let ms = 0; ms < check + 2000; ms += 1000) {
      pair.leader.advance(1000);
      pair.learner.advance(1000);
      pair.run();
    }
    expect([pair.learner.has('/c'), pair.learner.has('/d')]).toEqual([false, true]);
    pair.end();
    const before = pair.leader.endRole();
    pair.leader.advance(2 * check);
    expect(pair.leader.zxid).toBe(before);
  });

  test('a learner refuses what does not decode itself, and a leader makes a transaction of what a learner sends all the same', () => {
    const pair = pairOf(options);
    const client = connect(pair, pair.learner);
    client.request(OpCode.create, new Uint8Array(3));
    client.create(null);
    client.request(OpCode.multi, new Uint8Array([0, 0]));
    client.create('/a');
    pair.run();
    const { MarshallingError } = ErrorCode;
    expect(replies(client).map(({ err }) => err)).toEqual([MarshallingError, MarshallingError, MarshallingError, 0]);
    const before = pair.leader.zxid;
    const body = new Uint8Array(3);
    for (const op of [OpCode.create, OpCode.check, OpCode.closeSession]) {
      pair.leader.say((port) => port.forwarded(1, op, 9, 1, 2, new Uint8Array(4), 0, 4, body, 0, 3));
      pair.run();
    }
    expect(pair.leader.zxid).toBe(before + 3n);
    expect(pair.learner.zxid).toBe(before + 3n);
  });

  test('a learner goes back to an earlier transaction, and on from there', () => {
    const pair = pairOf(options);
    const client = connect(pair, pair.learner);
    for (const path of ['/a', '/b', '/c']) client.create(path);
    pair.run();
    const { learner } = pair;
    pair.end();
    pair.leader.endRole();
    learner.endRole();
    learner.say((port) => port.truncate(1, 3));
    learner.run();
    expect(learner.takeDone('truncate')).toEqual({ what: 'truncate', zxid: (1n << 32n) | 3n, error: 0 });
    expect([learner.has('/b'), learner.has('/c'), learner.zxid]).toEqual([true, false, (1n << 32n) | 3n]);
    expect(learner.sessions.openCount).toBe(1);
    // Alone, it leads.
    learner.serve(ServerRole.leader, null, 2);
    learner.run();
    expect(learner.zxid).toBe(2n << 32n);
    learner.endRole();
  });

  test('writes the members it knows into its tree, unless a transaction has told it of newer ones', () => {
    const own = member(1, options);
    const say = (text: string, hi: number, isForced: boolean): string => {
      own.say((port) => port.config(text, hi, 0, isForced));
      own.run();
      return own.dataOf('/zookeeper/config');
    };
    expect(say('of version 1', 1, false)).toBe('of version 1');
    expect(say('of version 0', 0, false)).toBe('of version 1');
    expect(say('as configured', 0, true)).toBe('as configured');
    expect(say('of version 2', 2, false)).toBe('of version 2');
    expect(own.zxid).toBe(0n);
    // Another tree with nothing in it: whoever is told of it writes the node anew.
    own.restart();
    expect(own.dataOf('/zookeeper/config')).toBe('');
  });

  describe('a database that the leader sends', () => {
    /** As a leader would: its tree while it goes on, and all that follows. */
    function send(pair: MemberPair, upTo: number): void {
      const { leader, learner } = pair;
      const encoder = new SnapStreamEncoder(
        leader.tree,
        () => undefined,
        (add) => leader.sessions.visitUnclosed(leader.tree.zxidHi(), leader.tree.zxidLo(), add),
      );
      learner.say((port) => port.snapBegin(encoder.zxidHi, encoder.zxidLo));
      for (let chunk = encoder.next(), sent = 0; chunk !== null && sent < upTo; chunk = encoder.next()) {
        const piece = chunk.subarray(0, Math.min(chunk.length, upTo - sent));
        sent += piece.length;
        if (piece.length > 0) learner.say((port) => port.snapChunk(piece, 0, piece.length));
        learner.run();
      }
      learner.say((port) => port.snapEnd());
      learner.run();
    }

    function scene(): { pair: MemberPair; client: WireClient } {
      const pair = pairOf(options);
      const own = connect(pair, pair.learner);
      own.create('/before');
      pair.run();
      // From here on the learner is not told anything.
      pair.end();
      pair.learner.endRole();
      const { leader } = pair;
      leader.endRole();
      leader.serve(ServerRole.leader, leaderAlone(leader), 2);
      leader.run();
      const client = connect(pair, leader);
      for (const path of ['/a', '/b', '/b/c']) client.create(path);
      client.create('/e', { flags: 1 });
      client.delete('/before');
      leader.run();
      return { pair, client };
    }

    test('is in the tree, then on the disk, and survives a start', () => {
      const { pair, client } = scene();
      const { leader, learner } = pair;
      send(pair, Number.POSITIVE_INFINITY);
      expect(learner.takeDone('snapEnd')).toMatchObject({ error: 0, zxid: leader.zxid });
      // What was in flight while it was sent, and may be in it already.
      const entry = createEntry('/a', 2, 2, client.sessionId);
      const later = createEntry('/later', 2, 99, client.sessionId);
      learner.say((port) => {
        port.logTxn(entry, 0, entry.length, false);
        port.logTxn(later, 0, later.length, false);
        port.committed(2, 99);
        port.snapSave();
      });
      learner.run();
      expect(learner.takeDone('snapSave')).toMatchObject({ error: 0, zxid: (2n << 32n) | 99n });
      const check = (): void => {
        expect(['/a', '/b/c', '/e', '/later', '/before'].map((path) => learner.has(path))).toEqual([
          true,
          true,
          true,
          true,
          false,
        ]);
        expect(learner.sessions.openCount).toBe(leader.sessions.openCount);
      };
      check();
      learner.serve(ServerRole.leader, null, 3);
      learner.run();
      learner.endRole();
      learner.restart();
      expect(learner.takeDone('loaded').zxid).toBe((2n << 32n) | 99n);
      check();
    });

    test.each([0, 40, 300])('is thrown away when the role ends after %d bytes of it', (upTo) => {
      const { pair } = scene();
      const { learner } = pair;
      const before = learner.zxid;
      send(pair, upTo);
      expect(learner.takeDone('snapEnd').error).not.toBe(0);
      expect(learner.endRole()).toBe(before);
      expect([learner.has('/before'), learner.has('/a'), learner.sessions.openCount]).toEqual([true, false, 1]);
    });

    test('is thrown away when the role ends before it is on the disk', () => {
      const { pair } = scene();
      const { learner } = pair;
      const before = learner.zxid;
      send(pair, Number.POSITIVE_INFINITY);
      const later = createEntry('/later', 2, 99, 1n);
      learner.say((port) => port.logTxn(later, 0, later.length, false));
      learner.run();
      expect(learner.endRole()).toBe(before);
      expect([learner.has('/before'), learner.has('/a'), learner.has('/later')]).toEqual([true, false, false]);
    });
  });

  test('a cut that the files do not allow changes nothing, and says so', () => {
    const own = member(1, options);
    own.takeDone('loaded');
    own.say((port) => port.truncate(-1, -1));
    own.run();
    const { error } = own.takeDone('truncate');
    expect(error).not.toBe(0);
    expect(own.zxid).toBe(0n);
  });
});
