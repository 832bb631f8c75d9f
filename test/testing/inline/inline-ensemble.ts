/**
 * A few members in the calling thread, on one clock and in one simulated network, for scenarios that are told step by step: who is
 * cut off, killed or started when, and what clients are answered meanwhile. Between the steps everything happens that can, in an
 * order that the seed decides.
 */
import { assert } from '../../../src/base/assert.js';
import { ManualClock } from '../../../src/base/clock.js';
import { Prng } from '../../../src/base/prng.js';
import { decodeUtf8, encodeUtf8 } from '../../../src/base/utf8.js';
import { SimFileStore } from '../../../src/persistence/sim-file-store.js';
import { ServerRole } from '../../../src/processor/pipeline-records.js';
import type { TreeReader } from '../../../src/store/tree-reader.js';
import { InlineMember, type InlineMemberOptions } from './inline-member.js';
import { SimPeerNetwork } from './sim-peer-network.js';
import { type Frame, type Handshake, type Reply, WireClient } from './wire-client.js';

type MemberOptions = Pick<InlineMemberOptions, 'config' | 'quorum' | 'onActor' | 'onSaying'>;

/** Of nothing that is waited for. */
const PATIENCE_MS = 30_000;

export class InlineEnsemble {
  readonly clock = new ManualClock(1_000_000);
  readonly network: SimPeerNetwork;
  readonly members: readonly InlineMember[];
  private readonly chance: Prng;

  /** Members 1 to `count`, on machines m1, m2, ..., none of which has been started. */
  constructor(count: number, options: MemberOptions = {}, seed = 1) {
    const prng = new Prng(seed);
    this.chance = prng.fork('chance');
    this.network = new SimPeerNetwork(prng.fork('network'), this.clock, { latencyMsMin: 1, latencyMsMax: 1 });
    const sids = Array.from({ length: count }, (_, i) => i + 1);
    const lines = sids.map((sid) => `server.${sid}=m${sid}:2888:3888:participant\n`);
    this.members = sids.map((sid) => {
      const disk = new SimFileStore(prng.fork(`disk ${sid}`));
      disk.makeDirectories('/data');
      return new InlineMember({
        sid,
        prng: prng.fork(`member ${sid}`),
        host: this.network.host(`m${sid}`),
        disk,
        membersText: `${lines.join('')}version=0`,
        clock: this.clock,
        ...options,
      });
    });
  }

  member(sid: number): InlineMember {
    const member = this.members[sid - 1];
    assert(member !== undefined, `there is a member ${sid}`);
    return member;
  }

  /** The one that leads, in its own opinion; null if there is none or more than one. */
  get leader(): InlineMember | null {
    const leaders = this.members.filter((each) => each.servingAs === ServerRole.leader);
    return leaders.length === 1 ? (leaders[0] as InlineMember) : null;
  }

  // ---- lives

  start(...sids: number[]): void {
    for (const sid of sids) {
      const member = this.member(sid);
      if (!member.host.isUp) member.host.powerOn();
      member.start();
    }
  }

  /** Nobody hears of it, and it hears of nobody. */
  isolate(sid: number): void {
    for (const { sid: other } of this.members) if (other !== sid) this.network.cutBoth(`m${sid}`, `m${other}`);
  }

  // ---- steps

  /** All that can happen at this moment. */
  run(): void {
    for (let busy = true; busy; ) {
      busy = this.network.arriveDue();
      for (const member of this.members) {
        while (member.stepAtRandom(this.chance, 64)) busy = true;
        const { failure } = member;
        if (failure !== null) throw new Error(`member ${member.sid}, ${failure.actorName}`, { cause: failure.error });
      }
    }
  }

  /** Some of it. */
  steps(count: number): void {
    for (let i = 0; i < count; i++) {
      const member = this.members[this.chance.below(this.members.length)] as InlineMember;
      if (!member.stepAtRandom(this.chance, 1)) this.clock.advance(0.1);
      this.network.arriveDue();
    }
  }

  /** So long, or until it is so, which is asked again after every step and no more then. Whether it is. */
  pass(ms: number, isDone: () => boolean = () => false): boolean {
    const untilMs = this.clock.monotonicMs() + ms;
    for (;;) {
      this.run();
      if (isDone()) return true;
      const nowMs = this.clock.monotonicMs();
      if (nowMs >= untilMs) return false;
      const nextMs = Math.min(untilMs, this.network.nextMs(), ...this.members.map((each) => each.tickNextMs()));
      // Rounding must not keep a tick from being due; one of an actor that is held stays so.
      this.clock.advance(Math.max(nextMs - nowMs, 0) + (this.members.some(({ held }) => held.size > 0) ? 5 : 0.001));
    }
  }

  /** Fails when it does not come to that. */
  until(what: string, isDone: () => boolean): void {
    assert(this.pass(PATIENCE_MS, isDone), `it never came to that: ${what}`);
  }

  /** These serve, and one of them leads. */
  untilServing(...sids: number[]): InlineMember {
    const isServing = (sid: number): boolean => {
      const { servingAs } = this.member(sid);
      return servingAs === ServerRole.leader || servingAs === ServerRole.follower;
    };
    this.until(`${sids.join(', ')} serve`, () => {
      const { leader } = this;
      return leader !== null && sids.includes(leader.sid) && sids.every(isServing);
    });
    return this.leader as InlineMember;
  }

  /** They serve, and have all that there is: the opening of a session, too, behind which nobody stands where its epoch began. */
  untilLevel(...sids: number[]): void {
    this.connect(this.untilServing(...sids).sid);
    this.until(`${sids.join(', ')} have the same`, () => new Set(sids.map((sid) => this.zxidOf(sid))).size === 1);
  }

  // ---- clients

  connect(sid: number, handshake: Handshake = {}): WireClient {
    const client = new WireClient(this.member(sid).network.connect(0));
    client.handshake({ timeOutMs: 8000, ...handshake });
    this.until(`a client of ${sid} is connected`, () => client.take().length > 0);
    return client;
  }

  /** The last answer to what it asked, when all of that is answered. */
  answer(client: WireClient): Reply {
    const frames: Frame[] = [];
    this.until('a request is answered', () => {
      frames.push(...client.take());
      return client.outstandingCount === 0;
    });
    const last = frames.at(-1);
    assert(last?.kind === 'reply', 'something is answered');
    return last;
  }

  // ---- looks at the trees

  treeOf(sid: number): TreeReader {
    const tree = this.member(sid).parts.finalTree;
    assert(tree !== null, 'the member has been started');
    return tree.reader;
  }

  zxidOf(sid: number): bigint {
    const tree = this.treeOf(sid);
    return (BigInt(tree.zxidHi()) << 32n) | BigInt(tree.zxidLo() >>> 0);
  }

  /** Of every node there is. */
  pathsOf(sid: number): string[] {
    const tree = this.treeOf(sid);
    const paths: string[] = [];
    const visit = (ref: number): void => {
      const bytes = new Uint8Array(tree.pathLength(ref));
      tree.copyPath(ref, bytes, 0);
      paths.push(decodeUtf8(bytes, 0, bytes.length));
      for (let i = 0; i < tree.childCount(ref); i++) visit(tree.childAt(ref, i));
    };
    visit(tree.find(new Uint8Array(0), 0, 0));
    return paths.sort();
  }

  has(sid: number, path: string): boolean {
    const bytes = encodeUtf8(path);
    return this.treeOf(sid).find(bytes, 0, bytes.length) !== 0;
  }
}
