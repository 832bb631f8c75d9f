/**
 * What one seed is about: how many members with which votes, which clients, how fast clocks go, how disks and networks behave,
 * and which faults come when. Everything is drawn before anything moves; who is hit is chosen when a fault comes.
 */
import { Prng } from '../../../src/base/prng.js';
import type { LocalSessions } from '../history/local-sessions.js';
import { hierarchyOf, majorityOf, type QuorumRule } from '../invariants/quorum-rule.js';
import { drawGroups, groupLines } from './groups.js';
import { drawReconfig, memberLine, type ReconfigPlan } from './reconfig-plan.js';

export const FAULT_KINDS = [
  'power',
  'powerAll',
  'kill',
  'pause',
  'isolate',
  'halves',
  'oneWay',
  'ring',
  'electionPort',
  'quorumPort',
  'slowLink',
  'reset',
  'halfOpen',
  'blackHole',
  'refuse',
  'drop',
  'slowDisk',
  'slowStage',
  'powerInCall',
  'EIO',
  'ENOSPC',
  'clockJump',
  'clientCut',
] as const;
/** In seeds that are about it: the leader is deserted, and nobody tells it. */
export const DESERTION = 'desertion';
export type FaultKind = (typeof FAULT_KINDS)[number] | typeof DESERTION;

export interface Fault {
  readonly kind: FaultKind;
  readonly atMs: number;
  /** Until it is over, or the member comes back. */
  readonly lengthMs: number;
  /** Hits the leader of the moment, if there is one. */
  readonly wantsLeader: boolean;
}

export interface MemberPlan {
  readonly sid: number;
  readonly isObserver: boolean;
  /** Of its clock, against the world's. */
  readonly rate: number;
  readonly losesSectors: boolean;
}

export interface SimPlan {
  readonly seed: number;
  readonly members: readonly MemberPlan[];
  /** Null: the members stay who they are. */
  readonly reconfig: ReconfigPlan | null;
  /** At first. */
  readonly membersText: string;
  readonly rule: QuorumRule;
  readonly clientCount: number;
  /** The first of the clients do nothing but sync and read, until all is well; where leaders are deserted, at them. */
  readonly readerCount: number;
  readonly clientTimeoutMs: number;
  /** Null: every session is the ensemble's. */
  readonly localSessions: LocalSessions | null;
  /** Members without a leader serve those who only read, of whom there is none. */
  readonly isReadOnlyEnabled: boolean;
  /** Counter at which a leader gives up its epoch; null: none comes so far. */
  readonly counterLast: number | null;
  /** Followers serve the observers; 0: the leader does. */
  readonly observerMasterPort: number;
  /** Who observes keeps a log. */
  readonly observerLogs: boolean;
  readonly setsWatchesAgain: boolean;
  /** Between two requests of one client, on average. */
  readonly pauseMs: number;
  readonly outstandingMax: number;
  /** Requests that a client sends at once. */
  readonly burstMax: number;
  readonly latencyMsMax: number;
  readonly systemBytesMax: number;
  readonly snapCount: number;
  readonly isSnapForced: boolean;
  readonly batchMax: number;
  readonly safetyMs: number;
  readonly faults: readonly Fault[];
}

export const QUORUM_PORT = 2888;
export const ELECTION_PORT = 3888;
export const OBSERVER_MASTER_PORT = 2889;
const SHIFTS_END = 100;

/** Of a member that has moved, too. */
export function isElectionPort(port: number): boolean {
  return port >= ELECTION_PORT && port < ELECTION_PORT + SHIFTS_END;
}

const HURRIED_PAUSE_MS = 60;
/** From one seed to another, whose faults come on top. */
const FOREIGN_SEED = 50_000_000;

export function hostOf(sid: number): string {
  return `m${sid}`;
}

/** In how many seeds something is. */
export type Share = 'some' | 'all' | 'none';

export interface PlanShares {
  /** Members change. */
  readonly reconfig?: Share;
  /** Leaders are deserted, again and again, while a reader stays with them. */
  readonly desertion?: Share;
  /** Clients ask much at once, of members that stand close together: many proposals are under way. */
  readonly crowd?: Share;
  /** Where there are more than three voters, they stand in three groups: fewer than half of them can be a quorum. */
  readonly groups?: Share;
  /** Where members change, the administrator never rests, and there are twice as many faults. */
  readonly hurry?: Share;
  /** One voter or two. Only where it is asked for: a seed is the same with and without. */
  readonly few?: Exclude<Share, 'some'>;
  /** Where members change, one changes its addresses as well. As the one before. */
  readonly moves?: Exclude<Share, 'some'>;
}

/** As they were before there was more. */
export const PLAIN: PlanShares = { reconfig: 'none', desertion: 'none', crowd: 'none', groups: 'none', hurry: 'none' };

export function drawPlan(seed: number, safetyMs = 12_000, shares: PlanShares = {}): SimPlan {
  const prng = new Prng(seed).fork('plan');
  const usualCount = prng.below(4) === 0 ? 5 : prng.below(6) === 0 ? 4 : 3;
  const voterCount = shares.few === 'all' ? 1 + new Prng(seed).fork('few').below(2) : usualCount;
  const observerCount = prng.below(4) === 0 ? 1 : 0;
  const members = Array.from(
    { length: voterCount + observerCount },
    (_, index): MemberPlan => ({
      sid: index + 1,
      isObserver: index >= voterCount,
      rate: prng.below(3) === 0 ? 0.9 + 0.2 * prng.float() : 1,
      losesSectors: prng.below(6) === 0,
    }),
  );
  const voters = members.filter(({ isObserver }) => !isObserver).map(({ sid }) => sid);
  const weights = drawWeights(prng, voters);
  const grouping = new Prng(seed).fork('groups');
  const isGrouped = isDrawn(grouping, 4, shares.groups) && voters.length > 3 && weights === null;
  const groups = isGrouped ? drawGroups(grouping, voters) : [voters];
  const reconfiguring = new Prng(seed).fork('reconfig');
  const reconfig = isDrawn(reconfiguring, 6, shares.reconfig)
    ? drawReconfig(reconfiguring, members.length, shares.moves === 'all')
    : null;
  const deserting = new Prng(seed).fork('desertion');
  const desertions = isDrawn(deserting, 8, shares.desertion) ? drawDesertions(deserting, safetyMs) : [];
  const crowding = new Prng(seed).fork('crowd');
  const plan: SimPlan = {
    seed,
    members: reconfig === null ? members : [...members, ...reconfig.outsiders],
    reconfig,
    membersText: textOf(members, groups, weights, reconfig !== null),
    rule: isGrouped || weights !== null ? hierarchyOf(groups, weights ?? new Map()) : majorityOf(voters),
    clientCount: 2 + prng.below(4),
    readerCount: desertions.length > 0 || new Prng(seed).fork('readers').below(4) === 0 ? 1 : 0,
    clientTimeoutMs: 1500 + prng.below(4000),
    localSessions: drawLocalSessions(new Prng(seed).fork('local sessions')),
    isReadOnlyEnabled: new Prng(seed).fork('read-only').below(5) === 0,
    counterLast: drawCounterLast(new Prng(seed).fork('counters')),
    observerMasterPort: drawObserverMasterPort(new Prng(seed).fork('observer masters'), observerCount),
    observerLogs: new Prng(seed).fork('observers without a log').below(3) !== 0,
    setsWatchesAgain: prng.below(3) !== 0,
    pauseMs: 10 + prng.below(150),
    outstandingMax: 1 + prng.below(6),
    burstMax: 1,
    latencyMsMax: 1 + prng.below(prng.below(4) === 0 ? 60 : 8),
    // So narrow that writers wait, and wide enough for a snapshot within the limits of time.
    systemBytesMax: prng.below(6) === 0 ? 8 * 1024 : 64 * 1024,
    snapCount: prng.below(3) === 0 ? 12 + prng.below(60) : 100_000,
    isSnapForced: prng.below(8) === 0,
    batchMax: prng.below(2) === 0 ? 8 : 200,
    safetyMs,
    faults: [...drawFaults(prng, safetyMs), ...desertions],
  };
  const crowded = isDrawn(crowding, 8, shares.crowd) ? { ...plan, ...drawCrowd(crowding) } : plan;
  return isDrawn(new Prng(seed).fork('hurry'), 4, shares.hurry) ? hurried(crowded) : crowded;
}

function hurried(plan: SimPlan): SimPlan {
  const { seed, safetyMs, reconfig } = plan;
  if (reconfig === null) return plan;
  const faults = [...plan.faults, ...drawPlan(seed + FOREIGN_SEED, safetyMs, PLAIN).faults];
  faults.sort((a, b) => a.atMs - b.atMs);
  return { ...plan, reconfig: { ...reconfig, pauseMs: HURRIED_PAUSE_MS }, faults };
}

/** Batches of many in every stage, which are rare where each client waits. */
function drawCrowd(prng: Prng): Partial<SimPlan> {
  const burstMax = 4 + prng.below(12);
  return { clientCount: 4 + prng.below(4), burstMax, outstandingMax: 2 * burstMax, latencyMsMax: 0.3 + prng.float() };
}

function isDrawn(prng: Prng, oneIn: number, share: Share = 'some'): boolean {
  const isOne = prng.below(oneIn) === 0;
  return share === 'all' || (share === 'some' && isOne);
}

function drawDesertions(prng: Prng, safetyMs: number): Fault[] {
  const faults: Fault[] = [];
  for (let atMs = 1500 + prng.below(1500); atMs < safetyMs; atMs += 3000 + prng.below(2500)) {
    faults.push({ kind: DESERTION, atMs, lengthMs: 1500 + prng.below(1500), wantsLeader: true });
  }
  return faults;
}

function drawLocalSessions(prng: Prng): LocalSessions | null {
  return prng.below(4) === 0 ? { mayUpgrade: prng.below(3) !== 0 } : null;
}

function drawCounterLast(prng: Prng): number | null {
  return prng.below(6) === 0 ? 50 + prng.below(300) : null;
}

function drawObserverMasterPort(prng: Prng, observerCount: number): number {
  return observerCount > 0 && prng.below(2) === 0 ? OBSERVER_MASTER_PORT : 0;
}

/** Null: all voters count the same. One of no weight, sometimes, and one of more. */
function drawWeights(prng: Prng, voters: readonly number[]): ReadonlyMap<number, number> | null {
  if (prng.below(6) !== 0) return null;
  const weights = new Map(voters.map((sid) => [sid, 1]));
  if (voters.length > 3) weights.set(voters[prng.below(voters.length)] as number, 0);
  if (prng.below(2) === 0) weights.set(voters[prng.below(voters.length)] as number, 2);
  return weights;
}

function textOf(
  members: readonly MemberPlan[],
  groups: readonly (readonly number[])[],
  weights: ReadonlyMap<number, number> | null,
  hasClientAddresses: boolean,
): string {
  const lines = members.map(({ sid, isObserver }) => {
    const line = memberLine(sid, isObserver);
    return `${hasClientAddresses ? line : line.slice(0, line.indexOf(';'))}\n`;
  });
  if (weights !== null || groups.length > 1) lines.push(...groupLines(groups).map((line) => `${line}\n`));
  if (weights !== null) {
    for (const [sid, weight] of weights) lines.push(`weight.${sid}=${weight}\n`);
  }
  return `${lines.join('')}version=0`;
}

function drawFaults(prng: Prng, safetyMs: number): Fault[] {
  // Each seed has its own few kinds: what is rare among all comes together in one.
  const kinds = FAULT_KINDS.filter(() => prng.below(3) === 0);
  if (kinds.length === 0) return [];
  const faults: Fault[] = [];
  const gapMs = 300 + prng.below(3000);
  for (let atMs = 1500 + prng.below(gapMs); atMs < safetyMs; atMs += 1 + prng.below(2 * gapMs)) {
    faults.push({
      kind: kinds[prng.below(kinds.length)] as FaultKind,
      atMs,
      lengthMs: prng.below(3) === 0 ? prng.below(300) : 300 + prng.below(4000),
      wantsLeader: prng.below(2) === 0,
    });
  }
  return faults;
}
