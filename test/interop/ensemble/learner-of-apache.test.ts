/**
 * Our learner at the leader of two of Apache's servers (Debian's 3.8), in the third's place: alone, with a log and a tree that do
 * at once, or when the test says so, what they are asked to, so that every packet and every effect can be seen, and their order.
 */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { silentLogger } from '../../../src/actor/logger.js';
import { SystemClock } from '../../../src/actor/system-clock.js';
import { NodePeerNetwork } from '../../../src/peer/node-peer-network.js';
import { InternalOp, RecordType } from '../../../src/processor/pipeline-records.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { EnsembleProcess } from '../../testing/ensemble-process.js';
import { until } from '../../testing/until.js';
import { fromHex } from '../../unit/zab/hex.js';
import { LearnerWorld, type WorldOptions, type Zxid } from '../../unit/zab/learner-fixture.js';

const DEADLINE_MS = 20_000;
const TICK_MS = 1000;
const SESSION: [number, number] = [0x01000012, 0x17950000];
const IDS = fromHex('00000001 00000002 6970 00000009 3132372e302e302e31');
const CREATE_TAIL = '00000005 68656c6c6f 00000001 0000001f 00000005 776f726c64 00000006 616e796f6e65 00000000';

let ensemble: EnsembleProcess;
let leader: number;
let config: string;
const clock = new SystemClock();
const network = new NodePeerNetwork({ keepAlive: false, tls: null, refusesForeign: false }, silentLogger);
const members: Member[] = [];

/** A member of ours without a disk: what is to be logged is durable at once, unless `isDiskSlow`. */
class Member {
  isDiskSlow = false;
  readonly world: LearnerWorld;
  readonly happened: string[] = [];

  constructor(options: WorldOptions = {}) {
    this.world = new LearnerWorld({ ...options, real: { network, clock, tickMs: TICK_MS, config, sid: leader } });
    members.push(this);
  }

  /** Until something happens that begins so; what happened since the last call, that included. */
  async until(words: string): Promise<string[]> {
    const from = this.happened.length;
    await until(words, DEADLINE_MS, () => {
      this.turn();
      return this.happened.slice(from).some((happened) => happened.startsWith(words));
    }).catch((error: Error) => {
      throw new Error(`${error.message}\n${this.happened.slice(from).join('\n')}`);
    });
    return this.happened.slice(from);
  }

  get lastLogged(): Zxid {
    const { lastProposedHi, lastProposedLo } = this.world.history;
    return [lastProposedHi, lastProposedLo];
  }

  turn(): void {
    const { world } = this;
    world.learner.onTick(clock.monotonicMs());
    for (let news = world.take(); news.length > 0; news = world.take()) {
      this.happened.push(...news);
      for (const words of news) this.react(words);
    }
  }

  private react(words: string): void {
    const { world } = this;
    const [what, zxid = ''] = words.split(' ');
    const [hi, lo] = zxid.split(':').map(Number);
    if (what === 'log' && !this.isDiskSlow) world.durable(hi, lo);
    else if (what === 'truncate') world.done(RecordType.truncate, [hi, lo]);
    else if (what === 'snapEnd') world.done(RecordType.snapEnd);
    else if (what === 'snapSave') world.done(RecordType.snapSave);
    else if (what === 'serve') world.done(RecordType.serve);
  }
}

function create(member: Member, path: string, xid: number): void {
  const hex = Buffer.from(path).toString('hex');
  const body = fromHex(`${path.length.toString(16).padStart(8, '0')}${hex}${CREATE_TAIL}`);
  member.world.fromPrep(RecordType.request, { op: OpCode.create, xid, session: SESSION, ids: IDS, body });
}

function openSession(member: Member): void {
  member.world.fromPrep(RecordType.request, {
    op: OpCode.createSession,
    session: SESSION,
    body: fromHex('00007530'),
  });
}

/** A member that follows, whose client has a session. */
async function following(options: WorldOptions = {}): Promise<Member> {
  const member = new Member(options);
  await member.until('broadcast');
  openSession(member);
  await member.until('committed');
  return member;
}

// The two servers of Apache that run are the quorum; the third place is free for whoever claims it.
beforeAll(async () => {
  ensemble = await EnsembleProcess.start({
    kinds: ['apache', 'apache', 'apache'],
    absent: [1],
    cfg: { tickTime: TICK_MS },
  });
  leader = await ensemble.leader();
  const lines = Object.entries(ensemble.serverLines()).map(([key, value]) => `${key}=${value}\n`);
  config = `${lines.join('')}version=0`;
}, 60_000);

afterEach(() => {
  for (const { world } of members.splice(0)) world.learner.close();
});

afterAll(async () => {
  network.close();
  await ensemble[Symbol.asyncDispose]();
});

test('an empty member is sent a snapshot, follows, and its ACKs are answered by COMMITs', async () => {
  const member = new Member();
  const happened = (await member.until('broadcast')).map((words) => words.replace(/^snapChunk .*/, 'snapChunk'));
  expect(happened).toEqual([
    '> FOLLOWERINFO 0:0 [0000000000000001000100000000000000000000]',
    'accepted 1',
    '> ACKEPOCH 0:0 [00000000]',
    'snapBegin 1:0',
    'snapChunk',
    'snapEnd',
    'adopt version 0:0',
    'snapSave',
    'current 1',
    'synchronized 1 at 1:0',
    '> ACK 1:0',
    'activate version 0:0 leader null at 1:0',
    'serve follower',
    '> ACK 1:0',
    'touched.reset',
    'broadcast 1',
  ]);
  openSession(member);
  create(member, '/a', 1);
  create(member, '/a', 2);
  member.world.fromPrep(RecordType.request, {
    op: OpCode.sync,
    xid: 3,
    session: SESSION,
    ids: IDS,
    body: fromHex('00000001 2f'),
  });
  const written = await member.until('synced');
  const inOrder = written.filter((words) => /^(log|synced|committed)/.test(words));
  expect(inOrder.filter((words) => words.startsWith('log'))).toEqual(['log 1:1', 'log 1:2', 'log 1:3']);
  expect(inOrder.slice(-2)).toEqual(['committed 1:3', 'synced']);
});

test('a member that is behind is sent what it misses; one that has too much goes back', async () => {
  const member = await following();
  const [epoch, counter] = member.lastLogged;
  member.world.learner.close();
  const behind = new Member({ last: [epoch, counter - 1], current: epoch, accepted: epoch });
  const diff = await behind.until('broadcast');
  const missed = `${epoch}:${counter}`;
  expect(diff.slice(1, 3)).toEqual([`> ACKEPOCH ${epoch}:${counter - 1} [ffffffff]`, `log ${missed}`]);
  expect(diff).toContain(`committed ${missed}`);
  expect(diff).not.toContain(`> ACK ${missed}`);
  behind.world.learner.close();
  const ahead = new Member({ last: [epoch, counter + 3], current: epoch, accepted: epoch });
  const trunc = await ahead.until('broadcast');
  expect(trunc).toContain(`truncate ${epoch}:${counter}`);
  expect(ahead.lastLogged).toEqual([epoch, counter]);
});

test('a member that needs a snapshot is sent one', async () => {
  const member = await following();
  const last = member.lastLogged;
  member.world.learner.close();
  const needy = new Member({ last, current: last[0], accepted: last[0], needsSnapshot: true });
  expect(await needy.until('broadcast')).toContain(`snapBegin ${last[0]}:${last[1]}`);
});

test('sessions: PING lists them, REVALIDATE tells which there are', async () => {
  const member = await following();
  member.world.touches = [[...SESSION, 30_000]];
  const [ping] = (await member.until('> PING')).filter((words) => words.startsWith('> PING'));
  expect(ping).toContain('[010000121795000000007530]');
  for (const session of [SESSION, [7, 7] as [number, number]]) {
    member.world.fromPrep(RecordType.request, {
      op: InternalOp.reopenSession,
      session,
      ids: IDS,
      body: fromHex('00007530'),
    });
  }
  const answers = await member.until(`local pass op ${InternalOp.reopenSession} error -112`);
  expect(answers).toContain(`local pass op ${InternalOp.reopenSession} error 0`);
});

test('an observer is informed, and nothing waits for it', async () => {
  const member = await following();
  const observer = new Member({ kind: 'observer' });
  await observer.until('broadcast');
  observer.isDiskSlow = true;
  create(member, '/o', 1);
  await member.until('committed');
  const happened = await observer.until('committed');
  const [epoch, counter] = member.lastLogged;
  expect(happened.filter((words) => !words.startsWith('> PING'))).toEqual([
    `log ${epoch}:${counter}`,
    `committed ${epoch}:${counter}`,
  ]);
});

test('4685: its ACKs count: without the other follower nothing is committed until the own disk is ready', async () => {
  const member = await following();
  member.isDiskSlow = true;
  await ensemble.kill(leader === 3 ? 2 : 3);
  create(member, '/counted', 1);
  const logged = (await member.until('log')).at(-1)?.slice('log '.length) ?? '';
  await member.until('> PING');
  expect(member.happened).not.toContain(`committed ${logged}`);
  member.world.durable(...(logged.split(':').map(Number) as [number, number]));
  expect(await member.until('committed')).toContain(`> ACK ${logged}`);
});
