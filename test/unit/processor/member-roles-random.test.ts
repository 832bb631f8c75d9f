// Two members under load, in schedules drawn from a seed: pipelined writes, reads and syncs on both, and roles that end in the middle
// of it all, again and again. Whatever the interleaving: replies come in order, a connection sees its own writes, nothing that was
// answered is lost, nobody hears from a role that is over, every count goes back to zero, and both trees are the same in the end.
//
// A failure names its seed: `SEED=17 npx vitest run member-roles-random` repeats it alone, `SEEDS=200` tries so many.

import { expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { JuteReader } from '../../../src/jute/jute-reader.js';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import type { PlacementName } from '../../../src/server/placement-choice.js';
import { MemberPair } from '../../testing/inline/member-pair.js';
import { ScriptedMember } from '../../testing/inline/scripted-member.js';
import { Ending } from '../../testing/inline/sim-client-network.js';
import type { Reply, WireClient } from '../../testing/inline/wire-client.js';

interface Scene {
  readonly placement: PlacementName;
  readonly connectionShards: number;
  readonly ringBytes?: number;
}

const SCENES: readonly Scene[] = [
  { placement: 'inline', connectionShards: 1 },
  { placement: 'inline', connectionShards: 2, ringBytes: 1024 },
  { placement: 'pipeline', connectionShards: 2 },
  { placement: 'staged', connectionShards: 2, ringBytes: 2048 },
];
const CLIENTS = 4;
const ROLES = 4;
const STEPS_MAX = 200_000;

/** One client with a node of its own, whose version counts its writes. */
class Writer {
  readonly path: string;
  client: WireClient | null = null;
  /** Writes that were answered. */
  answered = 0;
  /** Of the connection: writes that were sent behind those whose number is known. */
  sent = 0;
  private expected: { readonly op: number; readonly atLeast: number }[] = [];
  private sessionId = 0n;
  private password: Uint8Array = new Uint8Array(16);

  constructor(index: number) {
    this.path = `/node${index}`;
  }

  dial(at: ScriptedMember): void {
    this.client = at.dial();
    this.client.handshake({ sessionId: this.sessionId, password: this.password, timeOutMs: 30_000 });
    this.expected = [];
    this.sent = 0;
  }

  ask(prng: Prng): void {
    const { client } = this;
    if (client === null || client.sessionId === 0n || client.outstandingCount > 20) return;
    if (client.connection.ending !== Ending.open) return;
    switch (prng.below(5)) {
      case 0:
        client.sync(this.path);
        this.expected.push({ op: OpCode.sync, atLeast: 0 });
        break;
      case 1:
      case 2:
        client.getData(this.path);
        // The writes of this connection that are on their way in front of it, and all that were answered.
        this.expected.push({ op: OpCode.getData, atLeast: this.answered + this.sent });
        break;
      default:
        client.setData(this.path, 'x'.repeat(prng.below(3) === 0 ? 3000 : 20));
        this.sent++;
        this.expected.push({ op: OpCode.setData, atLeast: this.answered + this.sent });
    }
  }

  /** What has come since. */
  look(): void {
    const { client } = this;
    if (client === null) return;
    for (const frame of client.take()) {
      if (frame.kind === 'connect') {
        expect(frame.response.timeOut).toBeGreaterThan(0);
        this.sessionId = client.sessionId;
        this.password = client.password;
      } else if (frame.kind === 'reply') this.onReply(frame);
    }
  }

  private onReply({ op, err, body }: Reply): void {
    expect(err).toBe(ErrorCode.Ok);
    const next = this.expected.shift();
    expect(next?.op).toBe(op);
    if (next === undefined || op === OpCode.sync) return;
    const version = versionIn(op, body);
    expect(version).toBeGreaterThanOrEqual(next.atLeast);
    if (op !== OpCode.setData) return;
    this.sent--;
    this.answered = version;
  }
}

function versionIn(op: number, body: Uint8Array): number {
  const r = new JuteReader(body);
  if (op === OpCode.getData) r.readBuffer();
  // czxid, mzxid, ctime, mtime.
  for (let i = 0; i < 4; i++) r.readLong();
  return r.readInt();
}

function run(seed: number, scene: Scene): void {
  const prng = new Prng(seed);
  const members = [1, 2].map((sid) => new ScriptedMember({ sid, prng: prng.fork(`${sid}`), ...scene })) as [
    ScriptedMember,
    ScriptedMember,
  ];
  const [one, two] = members;
  const writers = Array.from({ length: CLIENTS }, (_, index) => new Writer(index));
  let pair: MemberPair | null = null;
  for (let epoch = 1; epoch <= ROLES; epoch++) {
    const leader: ScriptedMember = pair === null || prng.below(2) === 0 ? one : two;
    const ahead: ScriptedMember = one.zxid >= two.zxid ? one : two;
    // Who has more leads, as in an election.
    const next: MemberPair = new MemberPair(
      one.zxid === two.zxid ? leader : ahead,
      one.zxid === two.zxid ? (leader === one ? two : one) : ahead === one ? two : one,
      pair,
    );
    pair = next;
    next.begin(epoch);
    next.run();
    expect(digestOf(next.learner)).toBe(digestOf(next.leader));
    if (epoch === 1) createNodes(next, writers);
    for (const writer of writers) writer.dial(prng.below(2) === 0 ? one : two);
    load(next, writers, prng);
    end(next, writers, prng);
  }
}

function createNodes(pair: MemberPair, writers: readonly Writer[]): void {
  const client = pair.leader.dial();
  client.handshake();
  for (const { path } of writers) client.create(path);
  pair.run();
  expect(client.take().map((frame) => (frame.kind === 'reply' ? frame.err : 0))).toEqual(Array(CLIENTS + 1).fill(0));
  client.connection.destroy();
}

function load(pair: MemberPair, writers: readonly Writer[], prng: Prng): void {
  const steps = 1000 + prng.below(2000);
  for (let i = 0; i < steps; i++) {
    if (prng.below(3) === 0) (writers[prng.below(CLIENTS)] as Writer).ask(prng);
    pair.stepAtRandom(prng);
    for (const writer of writers) writer.look();
  }
}

/** Both roles end where they are, each in its own time, while clients go on. */
function end(pair: MemberPair, writers: readonly Writer[], prng: Prng): void {
  pair.end();
  const members = [pair.leader, pair.learner];
  const begun = members.map(() => false);
  for (let steps = 0; members.some((member, i) => !begun[i] || !member.isHalted); steps++) {
    if (steps > STEPS_MAX) throw new Error('the roles do not end');
    members.forEach((member, i) => {
      if (begun[i] || prng.below(20) > 0) return;
      begun[i] = true;
      member.halt();
    });
    if (prng.below(4) === 0) (writers[prng.below(CLIENTS)] as Writer).ask(prng);
    pair.stepAtRandom(prng);
    for (const writer of writers) writer.look();
  }
  for (const member of members) {
    member.takeDone('halt');
    member.takeDone('serve');
    const zxid = member.settle();
    expect(member.zxid).toBe(zxid);
    for (const writer of writers) writer.look();
    expect(member.outstanding()).toEqual([0, 0]);
  }
  for (const { client } of writers) expect(client?.connection.ending).not.toBe(Ending.open);
}

function digestOf({ tree }: ScriptedMember): string {
  return `${tree.treeDigestHi()} ${tree.treeDigestLo()}`;
}

const only = process.env.SEED;
const seeds = Number(process.env.SEEDS ?? 3);

test.each(SCENES)('$placement, $connectionShards shards, rings of $ringBytes', (scene) => {
  const first = only === undefined ? 1 : Number(only);
  const last = only === undefined ? seeds : first;
  for (let seed = first; seed <= last; seed++) {
    try {
      run(seed, scene);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
});
