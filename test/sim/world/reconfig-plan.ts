/**
 * What a seed has to do with reconfigurations: who is there besides the first members, how often the administrator asks, and the
 * requests that he draws from the members of the moment. Most make sense; some are refused for what they say, more for who is
 * connected at that time.
 */
import type { Prng } from '../../../src/base/prng.js';
import type { Operation, ReconfigOp } from '../history/history.js';
import { drawGroups, groupLines } from './groups.js';
import { ELECTION_PORT, hostOf, type MemberPlan, QUORUM_PORT } from './sim-plan.js';

export interface ReconfigPlan {
  /** In no configuration at first; they are in the plan's members as well. */
  readonly outsiders: readonly MemberPlan[];
  /** Between two requests of the administrator, on average. */
  readonly pauseMs: number;
  /** It changes its ports again and again; null: nobody does. One alone, so that who missed it is still found, or finds the others. */
  readonly mover: number | null;
}

/** Where the ports of a member may be, from those that it has at first. */
const PORT_SHIFTS = [0, 10, 20];
const CLIENT_ADDRESS = '0.0.0.0:2181';

/** As a member stands in a configuration, and what an incremental request joins. */
export function memberLine(sid: number, isObserver: boolean, shift = 0): string {
  const role = isObserver ? 'observer' : 'participant';
  return `server.${sid}=${hostOf(sid)}:${QUORUM_PORT + shift}:${ELECTION_PORT + shift}:${role};${CLIENT_ADDRESS}`;
}

export function drawReconfig(prng: Prng, memberCount: number, hasMover: boolean): ReconfigPlan {
  const outsiders = Array.from(
    { length: prng.below(3) },
    (_, index): MemberPlan => ({
      sid: memberCount + 1 + index,
      isObserver: true,
      rate: prng.below(3) === 0 ? 0.9 + 0.2 * prng.float() : 1,
      losesSectors: prng.below(6) === 0,
    }),
  );
  const pauseMs = 150 + prng.below(1500);
  return { outsiders, pauseMs, mover: hasMover ? 1 + prng.below(memberCount) : null };
}

/** What the administrator knows. */
export interface PresentMembers {
  readonly text: string;
  readonly version: number;
}

export class Administrator {
  private readonly prng: Prng;
  private readonly sids: readonly number[];
  private readonly present: PresentMembers;
  private readonly mover: number | null;

  constructor(prng: Prng, sids: readonly number[], present: PresentMembers, mover: number | null) {
    this.prng = prng;
    this.sids = sids;
    this.present = present;
    this.mover = mover;
  }

  draw(): Operation {
    const { prng, present } = this;
    if (prng.below(8) === 0) return { kind: 'sync', path: '/' };
    const roles = rolesIn(present.text);
    const isWeighted = present.text.includes('group.');
    const isWhole = (prng.below(isWeighted ? 8 : 3) !== 0) === isWeighted;
    const fromVersion = this.fromVersion();
    const { mover } = this;
    const isObserver = mover === null ? undefined : roles.get(mover);
    if (mover !== null && isObserver !== undefined && prng.below(3) === 0) {
      const shifts = PORT_SHIFTS.filter((each) => each !== shiftIn(present.text, mover));
      const joining = memberLine(mover, isObserver !== (prng.below(5) === 0), this.one(shifts));
      return { kind: 'reconfig', joining, leaving: null, newMembers: null, fromVersion };
    }
    return isWhole ? this.whole(roles, isWeighted, fromVersion) : this.step(roles, fromVersion);
  }

  private fromVersion(): bigint {
    const { prng, present } = this;
    if (prng.below(3) !== 0) return -1n;
    return BigInt(present.version) - (prng.below(6) === 0 ? 1n : 0n);
  }

  /** Somebody goes, somebody comes, or somebody has another role; sometimes at once. */
  private step(roles: ReadonlyMap<number, boolean>, fromVersion: bigint): ReconfigOp {
    const { prng } = this;
    const leaving = prng.below(2) === 0 ? [this.one([...roles.keys()])] : [];
    if (leaving.length > 0 && prng.below(5) === 0) leaving.push(this.one([...roles.keys()]));
    const joining: string[] = [];
    if (leaving.length === 0 || prng.below(3) === 0) {
      const outside = this.sids.filter((sid) => !roles.has(sid));
      const isNew = outside.length > 0 && prng.below(4) !== 0;
      const sid = this.one(isNew ? outside : this.sids);
      const isObserver = isNew ? prng.below(3) === 0 : roles.get(sid) !== true;
      joining.push(memberLine(sid, isObserver, shiftIn(this.present.text, sid)));
    }
    return {
      kind: 'reconfig',
      joining: joining.length === 0 ? null : joining.join(','),
      leaving: leaving.length === 0 ? null : leaving.join(','),
      newMembers: null,
      fromVersion,
    };
  }

  private whole(roles: ReadonlyMap<number, boolean>, isWeighted: boolean, fromVersion: bigint): ReconfigOp {
    const { prng } = this;
    const chosen = this.sids.filter((sid) => (roles.has(sid) ? prng.below(4) !== 0 : prng.below(2) === 0));
    const observers = chosen.filter(() => prng.below(5) === 0);
    const lines = chosen.map((sid) => memberLine(sid, observers.includes(sid), shiftIn(this.present.text, sid)));
    const voters = chosen.filter((sid) => !observers.includes(sid));
    if (isWeighted && prng.below(4) !== 0 && voters.length > 0) {
      const isGrouped = this.present.text.includes('group.2') && voters.length > 2;
      lines.push(...groupLines(isGrouped ? drawGroups(prng, voters) : [voters]));
      for (const sid of voters) lines.push(`weight.${sid}=${prng.below(5) === 0 ? 2 : 1}`);
    }
    return { kind: 'reconfig', joining: null, leaving: null, newMembers: lines.join(','), fromVersion };
  }

  private one(numbers: readonly number[]): number {
    return numbers[this.prng.below(numbers.length)] as number;
  }
}

/** Whether each member observes. */
function rolesIn(text: string): Map<number, boolean> {
  const roles = new Map<number, boolean>();
  for (const line of text.split('\n')) {
    if (line.startsWith('server.')) roles.set(Number.parseInt(line.slice(7), 10), line.includes(':observer'));
  }
  return roles;
}

/** Of nobody that is a member: where it is at first. */
function shiftIn(text: string, sid: number): number {
  const line = text.split('\n').find((each) => each.startsWith(`server.${sid}=`));
  return line === undefined ? 0 : Number(line.split(':')[1]) - QUORUM_PORT;
}
