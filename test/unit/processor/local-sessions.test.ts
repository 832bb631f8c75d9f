// Local sessions (ensemble-protocol 7.4) in the line of a leader and of a learner: production stages, and a quorum peer that says what
// the test says. The answers are those that Apache's 3.8.0 gives in the same places (test/interop/ensemble/local-sessions.test.ts asks
// it); within a multi a learner says -120 where it says -112.

import { describe, expect, test, vi } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { LearnerRequestProcessor } from '../../../src/processor/learner-request-processor.js';
import { ServerRole } from '../../../src/processor/pipeline-records.js';
import { OPEN_ACL_UNSAFE } from '../../../src/protocol/acl.js';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import type { MultiOp } from '../../../src/protocol/multi.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import type { PlacementName } from '../../../src/server/placement-choice.js';
import { ClosedSessions } from '../../../src/session/closed-sessions.js';
import { SessionIndex } from '../../../src/session/session-index.js';
import type { SessionTable } from '../../../src/session/session-table.js';
import { PacketBuffer } from '../../../src/zab/packet-buffer.js';
import { SessionTouches } from '../../../src/zab/session-touches.js';
import { MemberPair } from '../../testing/inline/member-pair.js';
import { ScriptedMember } from '../../testing/inline/scripted-member.js';
import { Ending } from '../../testing/inline/sim-client-network.js';
import type { Handshake, Reply, WireClient } from '../../testing/inline/wire-client.js';

const EPHEMERAL = 1;

interface Setting {
  readonly mayUpgrade?: boolean;
  readonly placement?: PlacementName;
  readonly connectionShards?: number;
  readonly sessionsMax?: number;
}

function pairOf({ mayUpgrade = true, ...options }: Setting = {}): MemberPair {
  const config = { localSessions: { isEnabled: true, mayUpgrade } };
  const member = (sid: number): ScriptedMember => new ScriptedMember({ sid, prng: new Prng(sid), config, ...options });
  const pair = new MemberPair(member(1), member(2));
  pair.begin(1);
  pair.run();
  return pair;
}

/** Null: refused. */
function tryConnect(pair: MemberPair, at: ScriptedMember, options: Handshake = {}): WireClient | null {
  const client = at.dial();
  client.handshake({ timeOutMs: 6000, ...options });
  pair.run();
  const [frame] = client.take();
  if (frame?.kind !== 'connect') throw new Error('no answer to a handshake');
  return frame.response.timeOut === 0 ? null : client;
}

function connect(pair: MemberPair, at: ScriptedMember, options: Handshake = {}): WireClient {
  const client = tryConnect(pair, at, options);
  if (client === null) throw new Error('the session was refused');
  return client;
}

function replies(client: WireClient): Reply[] {
  return client.take().filter((frame) => frame.kind === 'reply');
}

function errorsOf(client: WireClient): number[] {
  return replies(client).map(({ err }) => err);
}

function createOp(path: string, flags: number): MultiOp {
  return { type: OpCode.create, request: { path, data: new Uint8Array(0), acl: OPEN_ACL_UNSAFE, flags } };
}

const again = ({ sessionId, password }: WireClient): Handshake => ({ sessionId, password, timeOutMs: 6000 });
const counts = ({ openCount, localCount }: SessionTable): number[] => [openCount, localCount];

const ROLES: readonly ('leader' | 'learner')[] = ['leader', 'learner'];
const PLACEMENTS: readonly Setting[] = [{}, { placement: 'staged', connectionShards: 2 }];

describe.each(ROLES)('a local session of the %s', (role) => {
  test.each(PLACEMENTS)('lives without a transaction: it writes, reads, is told, and is closed', (setting) => {
    const pair = pairOf(setting);
    const at = pair[role];
    const other = role === 'leader' ? pair.learner : pair.leader;
    const before = pair.leader.zxid;
    const client = connect(pair, at);
    expect([pair.leader.zxid, counts(at.sessions), counts(other.sessions)]).toEqual([before, [1, 1], [0, 0]]);
    client.create('/a', { data: 'x' });
    client.getData('/a', true);
    client.sync('/a');
    client.setData('/a', 'y');
    pair.run();
    const frames = client.take();
    expect(frames.map((frame) => (frame.kind === 'reply' ? frame.err : frame.kind))).toEqual([0, 0, 0, 'event', 0]);
    expect(pair.leader.zxid).toBe(before + 2n);
    client.request(OpCode.closeSession);
    client.create('/late');
    client.create('/late', { flags: EPHEMERAL });
    pair.run();
    expect([errorsOf(client), client.connection.ending]).toEqual([[0], Ending.fin]);
    expect([pair.leader.zxid, counts(at.sessions), at.outstanding()]).toEqual([before + 2n, [0, 0], [0, 0]]);
    expect(tryConnect(pair, at, again(client))).toBeNull();
  });

  test('is refused an ephemeral node, at the cost of a zxid, in the place of the session in the order of checks', () => {
    const pair = pairOf({ mayUpgrade: false });
    const client = connect(pair, pair[role]);
    const before = pair.leader.zxid;
    client.create('/e', { flags: EPHEMERAL });
    client.create('/no/e', { flags: 3 });
    client.multi([createOp('/p', 0), createOp('/e', EPHEMERAL)]);
    client.create('/p');
    pair.run();
    const [first, second, multi, fourth] = replies(client);
    const refused = ErrorCode.EphemeralOnLocalSession;
    expect([first?.err, second?.err, multi?.err, fourth?.err]).toEqual([refused, refused, 0, 0]);
    expect(Buffer.from(multi?.body ?? []).readInt32BE(13 + 5)).toBe(refused);
    expect(pair.leader.zxid).toBe(before + 4n);
    expect([pair.leader.has('/e'), pair.learner.has('/e'), pair.learner.has('/p')]).toEqual([false, false, true]);
    expect(counts(pair[role].sessions)).toEqual([1, 1]);
  });

  test.each(PLACEMENTS)('becomes global before its first ephemeral node, everything in order', (setting) => {
    const pair = pairOf(setting);
    const at = pair[role];
    const client = connect(pair, at);
    const before = pair.leader.zxid;
    client.create('/a', { data: 'x' });
    client.create('/a/e', { flags: EPHEMERAL });
    client.getData('/a/e');
    client.create('/a/f', { flags: 3 });
    client.setData('/a', 'y');
    client.getData('/a');
    pair.run();
    expect(errorsOf(client)).toEqual([0, 0, 0, 0, 0, 0]);
    // The transaction that opens the session is the only other one.
    expect(pair.history.slice(-5).map(({ entry }) => Buffer.from(entry).readInt32BE(28))).toEqual([1, -10, 1, 1, 5]);
    expect(pair.leader.zxid).toBe(before + 5n);
    expect([counts(pair.leader.sessions), at.sessions.localCount]).toEqual([[1, 0], 0]);
    // It can move now, and takes its nodes along when it ends.
    const elsewhere = role === 'leader' ? pair.learner : pair.leader;
    const moved = connect(pair, elsewhere, again(client));
    moved.request(OpCode.closeSession);
    pair.run();
    expect([pair.leader.has('/a/e'), pair.learner.has('/a/e'), pair.learner.has('/a')]).toEqual([false, false, true]);
    expect([counts(pair.leader.sessions), counts(pair.learner.sessions)]).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  test('becomes global before a multi that makes an ephemeral node, and not before one that makes none', () => {
    const pair = pairOf();
    const at = pair[role];
    const client = connect(pair, at);
    client.multi([createOp('/p', 0)]);
    pair.run();
    expect([errorsOf(client), at.sessions.localCount]).toEqual([[0], 1]);
    client.multi([createOp('/q', 0), createOp('/e', EPHEMERAL)]);
    pair.run();
    expect([errorsOf(client), at.sessions.localCount, pair.learner.has('/e')]).toEqual([[0], 0, true]);
  });

  test('is opened again where it is, and nowhere else; its old connection goes', () => {
    const pair = pairOf();
    const at = pair[role];
    const other = role === 'leader' ? pair.learner : pair.leader;
    const client = connect(pair, at);
    const renewed = connect(pair, at, again(client));
    expect([renewed.sessionId, client.connection.ending]).toEqual([client.sessionId, Ending.fin]);
    renewed.create('/a');
    pair.run();
    expect(errorsOf(renewed)).toEqual([0]);
    expect(tryConnect(pair, other, again(client))).toBeNull();
    expect(renewed.connection.ending).toBe(Ending.open);
    expect(counts(other.sessions)).toEqual([0, 0]);
  });

  test('expires by its own server, which tells its connection; whoever touches it keeps it', () => {
    const pair = pairOf();
    const at = pair[role];
    const [silent, alive] = [connect(pair, at), connect(pair, at)];
    const before = pair.leader.zxid;
    for (let second = 0; second < 12; second++) {
      alive.request(OpCode.ping);
      pair.leader.advance(1000);
      pair.learner.advance(1000);
      pair.run();
    }
    expect([silent.connection.ending, alive.connection.ending]).toEqual([Ending.fin, Ending.open]);
    expect([counts(at.sessions), pair.leader.zxid]).toEqual([[1, 1], before]);
    expect(tryConnect(pair, at, again(silent))).toBeNull();
  });

  test('ends with the role of its server, with nothing on the disk of it; one that became global goes on', () => {
    const pair = pairOf();
    const at = pair[role];
    const [local, global] = [connect(pair, at), connect(pair, at)];
    global.create('/e', { flags: EPHEMERAL });
    pair.run();
    pair.end();
    for (const member of [pair.leader, pair.learner]) member.endRole();
    expect([counts(pair.leader.sessions), counts(pair.learner.sessions)]).toEqual([
      [1, 0],
      [1, 0],
    ]);
    const next = new MemberPair(pair.leader, pair.learner, pair);
    next.begin(2);
    next.run();
    expect(tryConnect(next, at, again(local))).toBeNull();
    expect(connect(next, at, again(global)).sessionId).toBe(global.sessionId);
    expect(next.learner.has('/e')).toBe(true);
  });

  test('that was about to become global when the role ended is over, and its node never was', () => {
    const pair = pairOf();
    const at = pair[role];
    const client = connect(pair, at);
    pair.end();
    client.create('/e', { flags: EPHEMERAL });
    at.run();
    for (const member of [pair.leader, pair.learner]) member.endRole();
    // What a leader had logged counts in the next vote: there the session is the ensemble's, and owns its node.
    const isLogged = role === 'leader';
    expect([counts(at.sessions), at.has('/e')]).toEqual([isLogged ? [1, 0] : [0, 0], isLogged]);
    expect(at.outstanding()).toEqual([0, 0]);
  });
});

test('a leader lets a learner write for sessions that it does not know, but not for ids of its own, and no ephemeral nodes', () => {
  const pair = pairOf();
  const ask = (sessionHi: number, flags: number, path: string): void => {
    const body = Buffer.concat([counted(path), counted('x'), OPEN_ACL, int32(flags)]);
    const ids = new Uint8Array(4);
    pair.leader.say((port) => port.forwarded(1, 1, 1, sessionHi, 7, ids, 0, 4, body, 0, body.length));
    pair.run();
  };
  ask(0x02000000, 0, '/a');
  ask(0x01000000, 0, '/b');
  ask(0x02000000, EPHEMERAL, '/c');
  const types = pair.history.slice(-3).map(({ entry }) => Buffer.from(entry));
  expect(types.map((entry) => entry.readInt32BE(28))).toEqual([1, -1, -1]);
  expect(types.slice(1).map((entry) => entry.readInt32BE(32))).toEqual([-112, -112]);
});

test("a leader's local session is its own also in the slot of one that was a learner's", () => {
  const pair = pairOf();
  const before = connect(pair, pair.learner);
  before.create('/e', { flags: EPHEMERAL });
  before.request(OpCode.closeSession);
  pair.run();
  const client = connect(pair, pair.leader);
  client.create('/a');
  pair.run();
  expect([pair.leader.sessions.slotCountUsed, errorsOf(client)]).toEqual([1, [0]]);
});

test('1208: what comes late for a session that the leader has closed is not done', () => {
  const pair = pairOf();
  const body = Buffer.concat([counted('/late'), counted('x'), OPEN_ACL, int32(0)]);
  const none = new Uint8Array(4);
  const ask = (op: number, cxid: number, part: Uint8Array): void =>
    pair.leader.say((port) => port.forwarded(1, op, cxid, 0x02000000, 7, none, 0, 4, part, 0, part.length));
  ask(OpCode.createSession, 0, int32(6000));
  ask(OpCode.closeSession, 1, new Uint8Array(0));
  ask(OpCode.create, 2, body);
  pair.run();
  expect([pair.leader.has('/late'), Buffer.from(pair.history.at(-1)?.entry ?? []).readInt32BE(32)]).toEqual([
    false,
    -112,
  ]);
});

test('only so many closed sessions are remembered', () => {
  const closed = new ClosedSessions(2);
  for (let id = 1; id <= 3; id++) closed.add(0, id);
  expect([1, 2, 3].map((id) => closed.has(0, id))).toEqual([false, true, true]);
  closed.clear();
  for (let id = 4; id <= 5; id++) closed.add(0, id);
  expect([3, 4, 5].map((id) => closed.has(0, id))).toEqual([false, true, true]);
});

test('a rogue learner that closes or opens a local session of the leader does not bring it down', () => {
  const pair = pairOf();
  const client = connect(pair, pair.leader);
  const [hi, lo] = [Number(client.sessionId >> 32n), Number(BigInt.asIntN(32, client.sessionId))];
  const none = new Uint8Array(4);
  pair.leader.say((port) => port.forwarded(1, -11, 1, hi, lo, none, 0, 4, none, 0, 0));
  pair.run();
  client.create('/a');
  pair.run();
  expect([errorsOf(client), counts(pair.leader.sessions)]).toEqual([[0], [1, 1]]);
  pair.leader.say((port) => port.forwarded(1, -10, 0, hi, lo, none, 0, 4, int32(6000), 0, 4));
  pair.run();
  expect(counts(pair.leader.sessions)).toEqual([1, 0]);
});

test('a read-only server tells the connection of a session that expires, and closes one that is asked to', () => {
  const pair = pairOf();
  const at = pair.learner;
  pair.end();
  at.endRole();
  at.serve(ServerRole.readOnly, {
    onLine: (type, bytes, _words, offset, length) => at.port.passOn(type, bytes, offset, length),
    onDurable: () => expect.unreachable(),
  });
  at.run();
  const [silent, closing] = [0, 1].map(() => connect(pair, at, { readOnly: true }));
  closing?.request(OpCode.closeSession);
  at.run();
  expect([closing && errorsOf(closing), closing?.connection.ending, counts(at.sessions)]).toEqual([
    [0],
    Ending.fin,
    [1, 1],
  ]);
  at.advance(20_000);
  expect([silent?.connection.ending, counts(at.sessions), at.outstanding()]).toEqual([Ending.fin, [0, 0], [0, 0]]);
});

test('without local sessions in the configuration nobody writes for a session that the leader does not know', () => {
  const member = (sid: number): ScriptedMember => new ScriptedMember({ sid, prng: new Prng(sid) });
  const pair = new MemberPair(member(1), member(2));
  pair.begin(1);
  pair.run();
  const body = Buffer.concat([counted('/a'), counted('x'), OPEN_ACL, int32(0)]);
  pair.leader.say((port) => port.forwarded(1, 1, 1, 0x02000000, 7, new Uint8Array(4), 0, 4, body, 0, body.length));
  const client = connect(pair, pair.learner);
  expect(Buffer.from(pair.history[0]?.entry ?? []).readInt32BE(32)).toBe(-112);
  expect([counts(pair.leader.sessions), counts(pair.learner.sessions), client.sessionId >> 56n]).toEqual([
    [1, 0],
    [1, 0],
    2n,
  ]);
});

test("a learner's PING says nothing of local sessions, and of one that became global from then on", () => {
  const pair = pairOf();
  const local = connect(pair, pair.learner);
  const global = connect(pair, pair.learner);
  const touches = new SessionTouches(pair.learner.sessions);
  const listed = (): bigint[] => {
    const out = new PacketBuffer();
    out.begin(5, 0, 0);
    touches.appendTo(out);
    out.end();
    const bytes = Buffer.from(out.bytes.subarray(16, out.length - 4));
    return Array.from({ length: Math.floor(bytes.length / 12) }, (_, at) => bytes.readBigInt64BE(at * 12));
  };
  expect(listed()).toEqual([]);
  global.create('/e', { flags: EPHEMERAL });
  local.create('/p');
  pair.run();
  expect(listed()).toEqual([global.sessionId]);
});

test('the tracker of a learner looks after local sessions only', () => {
  const pair = pairOf();
  const global = connect(pair, pair.learner);
  global.create('/e', { flags: EPHEMERAL });
  pair.run();
  pair.learner.advance(60_000);
  expect([counts(pair.learner.sessions), global.connection.ending]).toEqual([[1, 0], Ending.open]);
});

const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const counted = (text: string): Buffer => Buffer.concat([int32(text.length), Buffer.from(text)]);
const OPEN_ACL = Buffer.concat([int32(1), int32(31), counted('world'), counted('anyone')]);

test.each(PLACEMENTS)('a learner keeps no id of a local session that has found no room', (setting) => {
  const begun = vi.spyOn(LearnerRequestProcessor.prototype, 'begin');
  const kept = vi.spyOn(SessionIndex.prototype, 'set');
  try {
    const pair = pairOf({ ...setting, sessionsMax: 1 });
    const { local } = begun.mock.contexts.at(-1) as unknown as { local: SessionIndex };
    const client = connect(pair, pair.learner);
    for (let i = 0; i < 3; i++) expect(tryConnect(pair, pair.learner)).toBeNull();
    const ids = kept.mock.calls.filter((_, call) => kept.mock.contexts[call] === local);
    expect(ids.map(([hi, lo]) => local.slotOf(hi, lo) >= 0)).toEqual([true, false, false, false]);
    client.request(OpCode.closeSession);
    pair.run();
    expect(tryConnect(pair, pair.learner)).not.toBeNull();
  } finally {
    begun.mockRestore();
    kept.mockRestore();
  }
});
