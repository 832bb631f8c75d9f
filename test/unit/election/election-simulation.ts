/**
 * Many FastLeaderElections and nothing else, in virtual time, from one seed: links that come up late, lose what was under way when
 * they break, keep one unsent message and tell the last one again, as QuorumCnxManager's do. Each server has a stand-in for the
 * rest of itself: it follows as long as there is a leader, leads as long as a quorum follows, and looks again when not.
 */
import { assert } from '../../../src/base/assert.js';
import { Prng } from '../../../src/base/prng.js';
import type { ElectionPort, LinkState } from '../../../src/election/election-port.js';
import { FastLeaderElection } from '../../../src/election/fast-leader-election.js';
import type { QuorumVerifier } from '../../../src/election/quorum-verifier.js';
import { beats, type DecidedState, PeerState, type Vote } from '../../../src/election/vote.js';
import { config } from './election-script.js';

const TICK_MS = 10;
/** A follower whose leader is not there, and a leader whom no quorum follows. */
const FOLLOW_LIMIT_MS = 500;
const LEAD_LIMIT_MS = 2000;

interface Message {
  readonly state: PeerState;
  readonly vote: Vote;
}

interface UnderWay extends Message {
  dueMs: number;
}

class Direction {
  readonly from: number;
  readonly to: number;
  unsent: Message | null = null;
  lastSent: Message | null = null;
  readonly underWay: UnderWay[] = [];

  constructor(from: number, to: number) {
    this.from = from;
    this.to = to;
  }

  isDue(nowMs: number): boolean {
    return this.unsent !== null || (this.underWay.length > 0 && this.underWay[0].dueMs <= nowMs);
  }
}

export interface SimulationOptions {
  readonly latencyMsMax: number;
  readonly connectMsMax: number;
  /** These behave as a reference server does: no announcement, nothing known of broken links. */
  readonly references?: readonly number[];
}

export class SimulatedServer implements ElectionPort {
  readonly sid: number;
  readonly simulation: ElectionSimulation;
  /** Survive a restart. */
  zxidHi = 0;
  zxidLo = 0;
  currentEpoch = 0;

  election: FastLeaderElection | null = null;
  state: PeerState = PeerState.looking;
  leader = -1;
  epoch = -1;
  decidedMs = 0;
  lookedMs = 0;
  supporters: readonly number[] = [];
  announceAtMs = Number.POSITIVE_INFINITY;
  tickAtMs = 0;
  readonly isReference: boolean;

  constructor(simulation: ElectionSimulation, sid: number, isReference: boolean) {
    this.simulation = simulation;
    this.sid = sid;
    this.isReference = isReference;
  }

  get isUp(): boolean {
    return this.election !== null;
  }

  get isEstablished(): boolean {
    return this.isUp && this.epoch >= 0;
  }

  start(): void {
    const { simulation } = this;
    this.election = new FastLeaderElection(
      this.sid,
      this,
      { notificationMsMin: 200, notificationMsMax: 60_000, reconfigEnabled: false },
      simulation.members,
      simulation.members,
    );
    this.tickAtMs = simulation.nowMs + simulation.prng.below(TICK_MS);
    this.look();
  }

  look(): void {
    this.state = PeerState.looking;
    this.leader = -1;
    this.epoch = -1;
    this.announceAtMs = Number.POSITIVE_INFINITY;
    this.lookedMs = this.simulation.nowMs;
    this.election?.leave();
    this.election?.look(this.zxidHi, this.zxidLo, this.currentEpoch, true, this.simulation.nowMs);
  }

  /** What its pipeline would do, and its learners. */
  live(): void {
    const { nowMs } = this.simulation;
    if (nowMs >= this.announceAtMs) {
      this.announceAtMs = Number.POSITIVE_INFINITY;
      this.election?.announce();
    }
    if (nowMs >= this.tickAtMs) {
      this.tickAtMs = nowMs + TICK_MS;
      this.election?.tick(nowMs);
    }
    const waitedMs = nowMs - this.decidedMs;
    if (this.state === PeerState.leading) this.lead(waitedMs);
    else if (this.state !== PeerState.looking) this.follow(waitedMs);
  }

  private lead(waitedMs: number): void {
    const followers = this.simulation.followersOf(this);
    const hasQuorum = this.simulation.members.containsQuorum(followers);
    if (this.epoch < 0 && hasQuorum) this.simulation.establish(this, followers);
    else if (!hasQuorum && (this.epoch >= 0 || waitedMs > LEAD_LIMIT_MS)) this.look();
  }

  private follow(waitedMs: number): void {
    const leader = this.simulation.reachable(this.sid, this.leader);
    if (leader?.state !== PeerState.leading) {
      if (waitedMs > FOLLOW_LIMIT_MS || this.epoch >= 0) this.look();
    } else if (this.epoch >= 0 && leader.epoch !== this.epoch) {
      this.look();
    } else if (this.epoch < 0 && leader.epoch >= 0) {
      this.simulation.join(this, leader);
    }
  }

  // ---- ElectionPort

  send(sid: number, state: PeerState, vote: Vote): void {
    this.simulation.send(this.sid, sid, { state, vote });
  }

  haveDelivered(): boolean {
    return this.simulation.haveDelivered(this.sid);
  }

  connectAll(): void {
    this.simulation.connectAll(this.sid);
  }

  linkOf(sid: number): LinkState {
    return this.isReference ? 'never' : this.simulation.linkOf(this.sid, sid);
  }

  renewLink(sid: number): void {
    this.simulation.breakLink(this.sid, sid, 'never');
  }

  decided(state: DecidedState, vote: Vote, supporters: readonly number[]): void {
    assert(
      state === PeerState.leading ? vote.leader === this.sid : vote.leader !== this.sid,
      'who leads is the leader',
    );
    this.state = state;
    this.leader = vote.leader;
    this.supporters = supporters;
    this.decidedMs = this.simulation.nowMs;
    this.simulation.decisions++;
    if (state === PeerState.leading && !this.isReference) {
      this.announceAtMs = this.simulation.nowMs + this.simulation.prng.below(5);
    }
    this.simulation.onDecided?.(this, vote);
  }

  gossip(): void {
    throw new Error('the members are the same everywhere');
  }

  configUnreadable(): void {
    throw new Error('nobody sends nonsense');
  }

  voterLooking(): void {}
}

interface Pair {
  state: PairState;
  upAtMs: number;
  isCut: boolean;
  isBlackHole: boolean;
}

type PairState = 'never' | 'up' | 'lost' | 'connecting';

export class ElectionSimulation {
  readonly members: QuorumVerifier;
  readonly prng: Prng;
  readonly servers: readonly SimulatedServer[];
  nowMs = 0;
  decisions = 0;
  onDecided: ((server: SimulatedServer, vote: Vote) => void) | null = null;
  private readonly options: SimulationOptions;
  private readonly directions = new Map<string, Direction>();
  private readonly pairs = new Map<string, Pair>();
  private epochMax = 0;

  constructor(members: string, seed: number, options: SimulationOptions) {
    this.members = config(members);
    this.prng = new Prng(seed);
    this.options = options;
    this.servers = this.members.members.map(
      ({ sid }) => new SimulatedServer(this, sid, options.references?.includes(sid) ?? false),
    );
  }

  server(sid: number): SimulatedServer {
    const server = this.servers.find((candidate) => candidate.sid === sid);
    assert(server !== undefined, 'a server is a member');
    return server;
  }

  get voters(): readonly SimulatedServer[] {
    return this.servers.filter(({ sid }) => this.members.isVoter(sid));
  }

  // ---- what happens

  run(ms: number): void {
    const untilMs = this.nowMs + ms;
    while (this.nowMs < untilMs) this.step();
  }

  runUntil(condition: () => boolean, limitMs: number): number {
    const begunMs = this.nowMs;
    while (!condition()) {
      if (this.nowMs - begunMs > limitMs) throw new Error(`not so after ${limitMs} ms: ${this.shown}`);
      this.step();
    }
    return this.nowMs - begunMs;
  }

  private step(): void {
    this.nowMs += 1;
    for (const [key, pair] of this.pairs) {
      if (pair.state === 'connecting' && this.nowMs >= pair.upAtMs) this.comeUp(key, pair);
    }
    const due: Direction[] = [];
    for (const direction of this.directions.values()) if (direction.isDue(this.nowMs)) due.push(direction);
    for (const direction of this.shuffled(due)) this.deliver(direction);
    for (const server of this.shuffled(this.servers)) if (server.isUp) server.live();
  }

  kill(sid: number): void {
    const server = this.server(sid);
    server.election = null;
    server.state = PeerState.looking;
    server.epoch = -1;
    for (const peer of this.servers) {
      if (peer.sid === sid) continue;
      this.breakLink(sid, peer.sid);
      this.directions.delete(`${sid}>${peer.sid}`);
      const pair = this.pair(sid, peer.sid);
      // For the one that begins anew nobody was ever there; the survivors know that somebody was.
      if (pair.state === 'connecting') pair.state = 'never';
    }
    this.restarted.add(sid);
  }

  /** Who has begun anew has no memory of links that broke. */
  private readonly restarted = new Set<number>();

  breakLink(a: number, b: number, after: 'lost' | 'never' = 'lost'): void {
    const pair = this.pair(a, b);
    if (pair.state !== 'up') return;
    pair.state = after;
    pair.isBlackHole = false;
    for (const [from, to] of [
      [a, b],
      [b, a],
    ]) {
      this.direction(from, to).underWay.length = 0;
      this.server(from).election?.onLost(this.nowMs);
    }
  }

  /** Nothing passes any more on the link that there is, and nobody is told. */
  swallow(a: number, b: number): void {
    this.pair(a, b).isBlackHole = true;
  }

  cut(a: number, b: number): void {
    this.pair(a, b).isCut = true;
    this.breakLink(a, b);
  }

  healAll(): void {
    for (const pair of this.pairs.values()) pair.isCut = false;
  }

  // ---- the rest of a server

  reachable(from: number, to: number): SimulatedServer | null {
    const server = this.servers.find((candidate) => candidate.sid === to);
    if (server === undefined || !server.isUp || this.pair(from, to).isCut) return null;
    return server;
  }

  /** Sids that follow it, itself included. */
  followersOf(leader: SimulatedServer): ReadonlySet<number> {
    const sids = new Set([leader.sid]);
    for (const server of this.servers) {
      const follows = server.isUp && server.state !== PeerState.looking && server.leader === leader.sid;
      if (follows && this.reachable(server.sid, leader.sid) !== null) sids.add(server.sid);
    }
    return sids;
  }

  establish(leader: SimulatedServer, followers: ReadonlySet<number>): void {
    this.epochMax += 1;
    this.enter(leader, this.epochMax, leader);
    for (const sid of followers) if (sid !== leader.sid) this.join(this.server(sid), leader);
  }

  join(server: SimulatedServer, leader: SimulatedServer): void {
    this.enter(server, leader.epoch, leader);
  }

  private enter(server: SimulatedServer, epoch: number, leader: SimulatedServer): void {
    server.epoch = epoch;
    server.currentEpoch = epoch;
    server.zxidHi = epoch;
    server.zxidLo = leader === server ? 1 + this.prng.below(5) : leader.zxidLo - this.prng.below(2);
    server.election?.established(epoch);
  }

  /** Whether all that are up are where they belong: one leader, and everybody else with it. */
  get isSettled(): boolean {
    const up = this.servers.filter((server) => server.isUp);
    const leaders = up.filter((server) => server.state === PeerState.leading && server.isEstablished);
    const [leader] = leaders;
    if (leaders.length !== 1) return false;
    return up.every((server) => server === leader || (server.leader === leader.sid && server.epoch === leader.epoch));
  }

  get shown(): string {
    return this.servers
      .map(({ sid, isUp, state, leader, epoch }) =>
        isUp
          ? `${sid}: ${['LOOKING', 'FOLLOWING', 'LEADING', 'OBSERVING'][state]} ${leader} e${epoch}`
          : `${sid}: down`,
      )
      .join(', ');
  }

  /** Who should lead, by what is on the disks of the voters. */
  get best(): SimulatedServer {
    const voteOf = ({ sid, zxidHi, zxidLo, currentEpoch }: SimulatedServer): Vote => ({
      leader: sid,
      zxidHi,
      zxidLo,
      round: 0,
      peerEpoch: currentEpoch,
    });
    const candidates = this.voters.filter((server) => server.isUp || this.nowMs === 0);
    return candidates.reduce((a, b) => (beats(voteOf(b), voteOf(a), this.members) ? b : a));
  }

  // ---- links

  send(from: number, to: number, message: Message): void {
    this.direction(from, to).unsent = message;
    this.connect(from, to);
    this.flush(from, to);
  }

  haveDelivered(from: number): boolean {
    return this.servers.some(({ sid }) => this.directions.get(`${from}>${sid}`)?.unsent === null);
  }

  connectAll(from: number): void {
    for (const { sid } of this.servers) if (this.directions.has(`${from}>${sid}`)) this.connect(from, sid);
  }

  linkOf(from: number, to: number): LinkState {
    const { state } = this.pair(from, to);
    if (state === 'up' || state === 'lost') return state === 'lost' && this.restarted.has(from) ? 'never' : state;
    return 'never';
  }

  private connect(from: number, to: number): void {
    const pair = this.pair(from, to);
    const canBe = !pair.isCut && this.servers.some((server) => server.sid === to && server.isUp);
    if (pair.state === 'up' || pair.state === 'connecting' || !canBe) return;
    pair.state = 'connecting';
    pair.upAtMs = this.nowMs + 1 + this.prng.below(this.options.connectMsMax);
  }

  private comeUp(key: string, pair: Pair): void {
    const [a, b] = key.split('-').map(Number);
    if (pair.isCut || !this.server(a).isUp || !this.server(b).isUp) {
      pair.state = 'never';
      return;
    }
    pair.state = 'up';
    pair.isBlackHole = false;
    for (const [from, to] of [
      [a, b],
      [b, a],
    ]) {
      this.server(from).election?.onConnected(to, this.nowMs);
      const direction = this.direction(from, to);
      direction.unsent ??= direction.lastSent;
      this.flush(from, to);
    }
  }

  private flush(from: number, to: number): void {
    const direction = this.direction(from, to);
    // A socket that is slow keeps the newest message only.
    if (this.pair(from, to).state !== 'up' || direction.unsent === null || this.prng.below(8) === 0) return;
    direction.lastSent = direction.unsent;
    const dueMs = this.nowMs + this.prng.below(this.options.latencyMsMax + 1);
    direction.underWay.push({ ...direction.unsent, dueMs: Math.max(dueMs, direction.underWay.at(-1)?.dueMs ?? 0) });
    direction.unsent = null;
  }

  private deliver(direction: Direction): void {
    const { from, to, underWay } = direction;
    if (direction.unsent !== null) this.flush(from, to);
    for (let head = underWay[0]; head !== undefined && head.dueMs <= this.nowMs; head = underWay[0]) {
      underWay.shift();
      if (this.pair(from, to).isBlackHole) continue;
      const { state, vote } = head;
      this.server(to).election?.onNotification(from, { ...vote, state, version: 2, configText: null }, this.nowMs);
    }
  }

  private direction(from: number, to: number): Direction {
    const key = `${from}>${to}`;
    let direction = this.directions.get(key);
    if (direction === undefined) {
      direction = new Direction(from, to);
      this.directions.set(key, direction);
    }
    return direction;
  }

  private pair(a: number, b: number): Pair {
    const key = a < b ? `${a}-${b}` : `${b}-${a}`;
    let pair = this.pairs.get(key);
    if (pair === undefined) {
      pair = { state: 'never', upAtMs: 0, isCut: false, isBlackHole: false };
      this.pairs.set(key, pair);
    }
    return pair;
  }

  private shuffled<T>(items: readonly T[]): readonly T[] {
    if (items.length < 2) return items;
    const order = [...items];
    for (let i = order.length - 1; i > 0; i--) {
      const j = this.prng.below(i + 1);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }
}
