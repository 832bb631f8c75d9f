// Histories that went wrong elsewhere, told by three whole members: who logged what without a quorum, who was alone and for how
// long, and that in the end all have the same, with everything that was acknowledged and nothing that was given up.

import { describe, expect, test } from 'vitest';
import { ServerRole } from '../../../src/processor/pipeline-records.js';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { InlineEnsemble } from '../../testing/inline/inline-ensemble.js';
import { Ending } from '../../testing/inline/sim-client-network.js';
import type { WireClient } from '../../testing/inline/wire-client.js';

/** How learners were brought up to date since the last call: `3 DIFF`. */
function syncsOf(said: string[]): string[] {
  return said
    .splice(0)
    .map((line) => /brings follower (\d) .* by (DIFF|TRUNC|SNAP)/.exec(line))
    .flatMap((found) => (found === null ? [] : [`${found[1]} ${found[2]}`]));
}

interface CutOff {
  readonly ensemble: InlineEnsemble;
  readonly said: string[];
  /** It has logged /alone behind what all have, and the others have a leader of a new epoch. */
  readonly old: number;
  readonly others: readonly [number, number];
  readonly next: number;
}

function cutOff(): CutOff {
  const said: string[] = [];
  const ensemble = new InlineEnsemble(3, { onSaying: (_, message) => said.push(message) });
  ensemble.start(1, 2, 3);
  const old = ensemble.untilServing(1, 2, 3).sid;
  const others = [1, 2, 3].filter((sid) => sid !== old) as [number, number];
  const client = ensemble.connect(old);
  client.create('/before');
  expect(ensemble.answer(client).err).toBe(ErrorCode.Ok);
  ensemble.untilLevel(1, 2, 3);
  const epoch = ensemble.zxidOf(old) >> 32n;

  ensemble.isolate(old);
  client.create('/alone');
  ensemble.pass(200);
  expect(client.take()).toEqual([]);
  const next = ensemble.untilServing(...others).sid;
  expect([ensemble.has(next, '/alone'), ensemble.zxidOf(next) >> 32n]).toEqual([false, epoch + 1n]);
  syncsOf(said);
  return { ensemble, said, old, others, next };
}

describe('a leader that is cut off', () => {
  test.each([
    ['committed another one', true, 'SNAP'],
    ['have a new epoch and nothing in it', false, 'TRUNC'],
  ])('ZOOKEEPER-335, 1081, 1082: what it logs alone is gone for good, when the others %s', (_what, hasMore, op) => {
    const { ensemble, said, old, others, next } = cutOff();
    if (hasMore) {
      const another = ensemble.connect(next);
      another.create('/instead');
      expect(ensemble.answer(another).err).toBe(ErrorCode.Ok);
    }
    ensemble.network.healAll();
    ensemble.untilLevel(1, 2, 3);
    expect(syncsOf(said)).toEqual([`${old} ${op}`]);
    const look = () => [1, 2, 3].map((sid) => ['/before', '/alone', '/instead'].map((path) => ensemble.has(sid, path)));
    expect(look()).toEqual([1, 2, 3].map(() => [true, false, hasMore]));

    // Nor is it in what is on the disk, when it has to do with one of the others only.
    for (const { sid } of ensemble.members) ensemble.member(sid).kill();
    ensemble.start(old, others[0]);
    ensemble.untilServing(old, others[0]);
    ensemble.start(others[1]);
    ensemble.untilLevel(1, 2, 3);
    expect(look()).toEqual([1, 2, 3].map(() => [true, false, hasMore]));
  });

  test.each([0, 5, 20, 60])('ZOOKEEPER-5094: a TRUNC that is broken off after %i steps is made good', (steps) => {
    const { ensemble, said, old, others, next } = cutOff();
    ensemble.network.healAll();
    ensemble.until('it is to be cut back', () => said.some((line) => line.includes('The leader sends TRUNC')));
    ensemble.steps(steps);
    ensemble.member(next).losePower();
    ensemble.untilLevel(old, others[0] === next ? others[1] : others[0]);
    ensemble.start(next);
    ensemble.untilLevel(1, 2, 3);
    const paths = ensemble.pathsOf(next);
    expect([paths.includes('/before'), paths.includes('/alone')]).toEqual([true, false]);
    ensemble.member(old).kill();
    ensemble.start(old);
    ensemble.untilLevel(1, 2, 3);
    for (const sid of [1, 2, 3]) expect(ensemble.pathsOf(sid)).toEqual(paths);
  });
});

test('ZOOKEEPER-3526: who leads after a time of reading only takes nothing from those who have all that it has', () => {
  const said: string[] = [];
  const ensemble = new InlineEnsemble(3, {
    config: { readOnlyModeEnabled: true },
    onSaying: (_, message) => said.push(message),
  });
  ensemble.start(1, 2, 3);
  const writer = ensemble.connect(ensemble.untilServing(1, 2, 3).sid);
  const paths = ['/a', '/b', '/c', '/d'];
  for (const path of paths) writer.create(path);
  expect(ensemble.answer(writer).err).toBe(ErrorCode.Ok);
  writer.closeSession();
  ensemble.answer(writer);
  ensemble.untilLevel(1, 2, 3);
  const last = ensemble.zxidOf(3);

  for (const sid of [1, 2]) ensemble.member(sid).kill();
  const alone = ensemble.member(3);
  ensemble.until('3 serves readers', () => alone.servingAs === ServerRole.readOnly);
  // Sessions of its own: one that is closed, one that expires, and a write that is refused.
  const [reader, silent] = [0, 1].map(() => ensemble.connect(3, { readOnly: true, timeOutMs: 1000 })) as [
    WireClient,
    WireClient,
  ];
  reader.getData('/a');
  expect(ensemble.answer(reader).err).toBe(ErrorCode.Ok);
  reader.create('/refused');
  expect(ensemble.answer(reader).err).toBe(ErrorCode.NotReadOnly);
  reader.closeSession();
  ensemble.answer(reader);
  ensemble.until('the other one expires', () => silent.connection.gone);
  expect(ensemble.zxidOf(3)).toBe(last);
  said.length = 0;

  ensemble.start(2);
  expect(ensemble.untilServing(2, 3).sid).toBe(3);
  ensemble.start(1);
  ensemble.untilLevel(1, 2, 3);
  expect(syncsOf(said)).toEqual(['2 DIFF', '1 DIFF']);
  for (const sid of [1, 2, 3]) {
    expect(paths.filter((path) => ensemble.has(sid, path))).toEqual(paths);
    expect(ensemble.has(sid, '/refused')).toBe(false);
  }
});

describe('ZOOKEEPER-4541, 4712: the leader goes while sessions close, and one log is slow', () => {
  test.each([100, 200, 500])('after %i steps: no ephemeral node is left on one server alone', (steps) => {
    const ensemble = new InlineEnsemble(3, {}, steps);
    ensemble.start(1, 2, 3);
    const { sid: old } = ensemble.untilServing(1, 2, 3);
    const others = [1, 2, 3].filter((sid) => sid !== old);
    const [slow, quick] = others as [number, number];
    const clients = [1, 2, 3].flatMap((sid) => [ensemble.connect(sid), ensemble.connect(sid)]);
    for (const [i, client] of clients.entries()) {
      client.create(`/e${i}`, { flags: 1 });
      expect(ensemble.answer(client).err).toBe(ErrorCode.Ok);
    }
    ensemble.untilLevel(1, 2, 3);

    ensemble.member(slow).held.add('sync');
    for (const [i, client] of clients.entries()) if (i % 2 === 0) client.closeSession();
    for (let i = 0; i < 4; i++) (clients[1] as WireClient).create(`/p${i}`);
    ensemble.steps(steps);
    ensemble.member(old).losePower();
    // What the slow log was given in the role that ended, it has before the next vote: until then there is none.
    ensemble.pass(4000);
    expect(ensemble.leader).toBeNull();
    ensemble.member(slow).held.delete('sync');
    ensemble.untilServing(slow, quick);
    ensemble.start(old);
    ensemble.untilLevel(1, 2, 3);

    const paths = ensemble.pathsOf(quick);
    for (const sid of [slow, old]) expect(ensemble.pathsOf(sid)).toEqual(paths);
    const closed = clients.flatMap((client, i) =>
      client.take().some((frame) => frame.kind === 'reply' && frame.op === OpCode.closeSession) ? [`/e${i}`] : [],
    );
    if (steps === 500) expect(closed.length).toBeGreaterThan(0);
    expect(closed.filter((path) => paths.includes(path))).toEqual([]);
    // Sessions that nobody comes back to expire everywhere, and so does what they have made.
    ensemble.pass(10_000);
    for (const sid of [1, 2, 3]) expect(ensemble.pathsOf(sid).filter((path) => path.startsWith('/e'))).toEqual([]);
  });
});

describe('ZOOKEEPER-2380: a leader that shuts down while acknowledgements arrive, those of its own log too', () => {
  test.each([100, 200, 500])('serves again, with all that it has answered: after %i steps', (steps) => {
    const ensemble = new InlineEnsemble(3, {}, steps);
    ensemble.start(1, 2, 3);
    const { sid } = ensemble.untilServing(1, 2, 3);
    const others = [1, 2, 3].filter((other) => other !== sid);
    const client = ensemble.connect(sid);
    const paths = ['/a', '/b', '/c', '/d', '/e', '/f'];
    ensemble.member(sid).held.add('sync');
    for (const path of paths) client.create(path);
    ensemble.steps(steps);
    // Their systems send what was acknowledged, and the end behind it.
    for (const other of others) ensemble.member(other).kill();
    ensemble.until('the role is over', () => ensemble.member(sid).servingAs === null);
    ensemble.member(sid).held.delete('sync');
    ensemble.start(...others);
    ensemble.untilLevel(1, 2, 3);
    const answered = client.take().flatMap((frame, i) => (frame.kind === 'reply' && frame.err === 0 ? [paths[i]] : []));
    if (steps === 500) expect(answered.length).toBeGreaterThan(0);
    for (const look of [1, 2, 3]) {
      expect(paths.filter((path) => ensemble.has(look, path)).slice(0, answered.length)).toEqual(answered);
    }
  });
});

test('ZOOKEEPER-2247: a leader whose disk stands still gives way: the others write on, and its clients go to them', () => {
  const ensemble = new InlineEnsemble(3);
  ensemble.start(1, 2, 3);
  const old = ensemble.untilServing(1, 2, 3).sid;
  const others = [1, 2, 3].filter((sid) => sid !== old) as [number, number];
  const client = ensemble.connect(old);
  ensemble.untilLevel(1, 2, 3);
  const began = ensemble.clock.monotonicMs();
  ensemble.member(old).held.add('sync');
  const writer = ensemble.connect(others[0]);
  writer.create('/by-two');
  expect(ensemble.answer(writer).err).toBe(ErrorCode.Ok);

  const next = () => others.find((sid) => ensemble.member(sid).servingAs === ServerRole.leader);
  ensemble.until('another one leads', () => next() !== undefined);
  expect(ensemble.clock.monotonicMs() - began).toBeLessThan(8 * 400);
  const second = ensemble.connect(next() as number);
  second.create('/without-it');
  expect(ensemble.answer(second).err).toBe(ErrorCode.Ok);
  client.ping();
  ensemble.until('its client is sent away', () => client.connection.ending !== Ending.open);

  ensemble.member(old).held.delete('sync');
  ensemble.untilLevel(1, 2, 3);
  for (const sid of [1, 2, 3])
    expect([ensemble.has(sid, '/by-two'), ensemble.has(sid, '/without-it')]).toEqual([true, true]);
});

test('ZOOKEEPER-3575, -4074: a learner whose words do not get through reads and takes what its leader says all the same', () => {
  const ensemble = new InlineEnsemble(3);
  ensemble.start(1, 2, 3);
  const leader = ensemble.untilServing(1, 2, 3).sid;
  const mute = leader === 1 ? 2 : 1;
  const writer = ensemble.connect(leader);
  const stuck = ensemble.connect(mute);
  ensemble.untilLevel(1, 2, 3);
  ensemble.network.cut(`m${mute}`, `m${leader}`);
  for (let i = 0; i < 40; i++) stuck.create(`/stuck${i}`, { data: 'x'.repeat(20_000) });
  for (let i = 0; i < 100; i++) writer.create(`/read${i}`);
  expect(ensemble.answer(writer).err).toBe(ErrorCode.Ok);
  ensemble.pass(400);
  expect([ensemble.has(mute, '/read99'), ensemble.has(mute, '/stuck0'), stuck.take()]).toEqual([true, false, []]);
  ensemble.network.healAll();
  expect(ensemble.answer(stuck).err).toBe(ErrorCode.Ok);
  ensemble.untilLevel(1, 2, 3);
});

test('ZOOKEEPER-1367: sessions that were open when all members ended are open, or expire, for all of them', () => {
  const ensemble = new InlineEnsemble(3);
  ensemble.start(1, 2, 3);
  ensemble.untilServing(1, 2, 3);
  const [staying, leaving] = [ensemble.connect(1), ensemble.connect(2)];
  for (const [client, path] of [
    [staying, '/stays'],
    [leaving, '/leaves'],
  ] as const) {
    client.create(path, { flags: 1 });
    expect(ensemble.answer(client).err).toBe(ErrorCode.Ok);
  }
  ensemble.untilLevel(1, 2, 3);
  for (const { sid } of ensemble.members) ensemble.member(sid).losePower();
  ensemble.start(1, 2, 3);
  ensemble.untilServing(1, 2, 3);
  const both = () => [1, 2, 3].map((sid) => [ensemble.has(sid, '/stays'), ensemble.has(sid, '/leaves')]);
  expect(both()).toEqual([1, 2, 3].map(() => [true, true]));

  const again = ensemble.connect(3, { sessionId: staying.sessionId, password: staying.password });
  expect(again.sessionId).toBe(staying.sessionId);
  const beganMs = ensemble.clock.monotonicMs();
  const isGone = () => both().every(([, leaves]) => !leaves);
  while (!isGone() && ensemble.clock.monotonicMs() - beganMs < 30_000) {
    again.ping();
    ensemble.pass(1000, isGone);
    again.take();
  }
  expect(both()).toEqual([1, 2, 3].map(() => [true, false]));
  expect(ensemble.clock.monotonicMs() - beganMs).toBeLessThan(8000 + 3 * 400 + 1000);
});
